"""What a survey finds that should be fixed before training, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kcnn.data.class_weights import LEAST_WEIGHTED
from kcnn.data.labels import counts_of_classes, has_several
from kcnn.data.parts import PARTS
from kcnn.data.survey.copies import FLAT, Copies
from kcnn.data.survey.survey import Survey
from kcnn.text.listed import listed
from kcnn.text.numbers import count_text

FEW = 10  # training images of a class
_UNBALANCED = 5  # times as many images in the largest class as in the smallest
_DARK = 32  # of 255: no pixel of the thumbnail is brighter
_DIFFERENT_SHAPES = 1.5  # ratio of two aspect ratios

Group = tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found.

    Args:
        kind: Its short name for programs, such as `copies_across_parts`.
        is_problem: Whether it spoils the training or its test; the others are remarks.
        title: What was found, in one line.
        fix: What to do about it; None if that needs no words.
        groups: Indices of images, those that are copies of one another in one group.
        exact: Whether the images of each group are equal; None where groups are no copies.
    """

    kind: str
    is_problem: bool
    title: str
    fix: str | None
    groups: tuple[Group, ...] = ()
    exact: tuple[bool, ...] | None = None

    @property
    def images(self) -> int:
        """Number of images in all groups."""
        return sum(map(len, self.groups))


def find_all(survey: Survey, copies: Copies) -> tuple[Finding, ...]:
    """List what was found, problems before remarks.

    Args:
        survey: The images.
        copies: Those that are copies of one another.
    """
    found = [
        *_unreadable(survey),
        *_copies(survey, copies),
        *_class_sizes(survey),
        *_of_one_color(survey),
        *_shapes(survey),
    ]
    return tuple(sorted(found, key=lambda finding: not finding.is_problem))


def _unreadable(survey: Survey) -> Iterator[Finding]:
    if survey.problems:
        yield Finding(
            "unreadable",
            True,
            f"{count_text(len(survey.problems), 'file')} cannot be read",
            "remove them, or save them anew as PNG or JPEG",
            _singles(sorted(survey.problems)),
        )


def _copies(survey: Survey, copies: Copies) -> Iterator[Finding]:
    across_parts, across_classes, inside = [], [], []
    for group, exact in zip(copies.groups, copies.exact, strict=True):
        one = (tuple(group.tolist()), exact)
        if len(np.unique(survey.part[group])) > 1:
            across_parts.append(one)
        elif survey.count_labels(group) > 1:
            across_classes.append(one)
        else:
            inside.append(one)
    if across_parts:
        yield _finding(
            "copies_across_parts",
            True,
            _title_across_parts(survey, [group for group, _ in across_parts]),
            "remove them from one of the parts: a model that has seen a test image in training "
            "scores too high",
            across_parts,
        )
    if across_classes:
        where = "in two classes or more, so that one label is wrong"
        fix = "keep each image in the class that it shows"
        if has_several(survey.label):
            where = "with other labels, so that some are wrong"
            fix = "give all of them the right labels"
        yield _finding(
            "copies_across_classes",
            True,
            f"{_groups_text(across_classes)} {where}",
            fix,
            across_classes,
        )
    if inside:
        fix = "keep one of each"
        same = "with the same labels" if has_several(survey.label) else "in one class"
        if not survey.has_test:
            fix += ": a part of the images becomes the test set, and copies may land on both sides"
        yield _finding("copies", not survey.has_test, f"{_groups_text(inside)} {same}", fix, inside)
    if not copies.complete:
        yield Finding(
            "too_many_alike",
            False,
            "so many images look alike that not all pairs were compared",
            "remove the copies listed here, and inspect again",
        )


def _title_across_parts(survey: Survey, groups: Sequence[Group]) -> str:
    members = np.array([index for group in groups for index in group])
    present = [part for part in PARTS if part in survey.parts]
    counts = {
        part: int((survey.part[members] == survey.parts.index(part)).sum()) for part in present
    }
    last = next(part for part in reversed(present) if counts[part])
    others = " and ".join(part for part in present if part != last and counts[part])
    verb = "is a copy" if counts[last] == 1 else "are copies"
    title = f"{count_text(counts[last], 'image')} of {last} {verb} of images of {others}"
    other_class = sum(survey.count_labels(group) > 1 for group in groups)
    return title + (
        f", {count_text(other_class, 'time')} under another class" if other_class else ""
    )


def _groups_text(groups: Sequence[tuple[Group, bool]]) -> str:
    images = sum(len(group) for group, _ in groups)
    if len(groups) == 1:
        return f"{images} images that are copies of one another"
    return f"{images:,} images in {len(groups):,} groups of copies"


def _finding(
    kind: str, is_problem: bool, title: str, fix: str, groups: Sequence[tuple[Group, bool]]
) -> Finding:
    return Finding(
        kind,
        is_problem,
        title,
        fix,
        tuple(group for group, _ in groups),
        tuple(exact for _, exact in groups),
    )


def _class_sizes(survey: Survey) -> Iterator[Finding]:
    counts = class_counts(survey)
    train = counts["train"]
    few = [name for name, count in zip(survey.class_names, train, strict=True) if count < FEW]
    if few:
        yield Finding(
            "few_images",
            False,
            f"{_classes_text(few)} fewer than {FEW} training images",
            "add images, or leave the class out",
        )
    largest, smallest = int(train.argmax()), int(train.argmin())
    if train[largest] >= _UNBALANCED * max(train[smallest], 1):
        yield Finding(
            "unbalanced",
            False,
            f"unbalanced: {train[largest]:,} training images of {survey.class_names[largest]}, "
            f"{train[smallest]:,} of {survey.class_names[smallest]}",
            _balance(survey, int(train[smallest])),
        )
    for part, of_classes in counts.items():
        names = [
            name for name, count in zip(survey.class_names, of_classes, strict=True) if not count
        ]
        if names and part != "train":
            yield Finding(
                f"no_{part}_images",
                False,
                f"{_classes_text(names)} no images in {part}, so nothing is known of how well "
                "they are recognized",
                f"move some images into {part}",
            )


def _balance(survey: Survey, fewest: int) -> str:
    """Return what to do about classes of unequal size, the smallest of which has so few images."""
    if has_several(survey.label):
        return "train.sampling: balanced shows images with rare labels more often"
    if fewest < LEAST_WEIGHTED:
        return "add images of it; class weights may do harm with so few"
    return "train.class_weight: balanced lets all classes count alike"


def _classes_text(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"class {names[0]} has"
    return f"{len(names):,} classes ({listed(names, 5)}) have"


def class_counts(survey: Survey) -> dict[str, np.ndarray]:
    """Count the images of each class: for each part, int64 of shape (classes,)."""
    return {
        part: counts_of_classes(survey.label[survey.part == index], len(survey.class_names))
        for index, part in enumerate(survey.parts)
    }


def _of_one_color(survey: Survey) -> Iterator[Finding]:
    pixels = survey.thumbnail.reshape(len(survey), -1)
    lowest, highest = pixels.min(axis=1, initial=255), pixels.max(axis=1, initial=0)
    flat = survey.is_readable & (highest.astype(np.int16) - lowest < FLAT)
    dark = survey.is_readable & (highest < _DARK) & ~flat
    for kind, chosen, words in (
        ("constant", flat, "of one color, with nothing to see"),
        ("dark", dark, "almost black"),
    ):
        if chosen.any():
            verb = "is" if chosen.sum() == 1 else "are"
            yield Finding(
                kind,
                False,
                f"{count_text(int(chosen.sum()), 'image')} {verb} {words}",
                "look at them, and remove those that show nothing",
                _singles(np.flatnonzero(chosen).tolist()),
            )


def _shapes(survey: Survey) -> Iterator[Finding]:
    height, width = (side[survey.is_readable] for side in (survey.height, survey.width))
    if not len(height):
        return
    narrow, wide = np.quantile(width / height, (0.05, 0.95))
    if wide / narrow >= _DIFFERENT_SHAPES:
        yield Finding(
            "different_shapes",
            False,
            f"shapes differ: of ten images, nine are {narrow:.2f} to {wide:.2f} times as wide as "
            "high",
            "data.resize: crop keeps the middle of each image, fit adds borders; the default "
            "stretches",
        )


def _singles(indices: Sequence[int]) -> tuple[Group, ...]:
    return tuple((index,) for index in indices)
