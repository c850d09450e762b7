"""Images that are copies of one another: exactly, or resized, recompressed, cropped a little."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from kcnn.data.survey.perceptual_hash import ROWS, close_pairs, perceptual_hashes
from kcnn.data.survey.survey import Survey
from kcnn.machine.cores import core_count
from kcnn.progress import Progress

# An image whose luminance (0 to 255) spans less counts as one color: no copy can be recognized.
FLAT = 8
# Bits that differ between the hashes of two images, so that only one pair in twenty is closer:
# 24 for photos (CIFAR-10), 18 for digits (MNIST). Below this, images are alike by nature.
_ALIKE = 21
_RANDOM_PAIRS = 200_000
_VERIFIED_AT_ONCE = 2048  # pairs
# Limit of the pairs to verify; only images that are all alike have more.
_MAX_PAIRS_PER_IMAGE = 50
_MAX_COLOR_CHANGE = 64  # of 255


@dataclass(frozen=True)
class _Rule:
    """When two images are near-duplicates.

    Args:
        distance: Limit of the bits, of 64, that differ between their hashes.
        correlation: The least correlation of the gradients of their luminance. In luminance,
            any sky over any ground correlates.
        shift: By how many pixels of the thumbnail one may be shifted against the other.
    """

    distance: int
    correlation: float
    shift: int


# benchmarks/duplicates.py measures both. Photos: of the 29 near-duplicates that ciFAIR (Barz and
# Denzler 2020, "Do we train on test data?") lists in the first 1,017 test images of CIFAR-10, this
# finds 19.
_PHOTOS = _Rule(distance=10, correlation=0.6, shift=1)
# Digits and drawings on an empty ground: many that are no copies have a correlation of 0.95.
_DRAWINGS = _Rule(distance=4, correlation=0.98, shift=0)


@dataclass(frozen=True)
class Copies:
    """Groups of images that are copies of one another.

    Args:
        groups: Indices of images in order, at least two in a group; larger groups first.
        exact: Whether all images of each group have the same content.
        strict: Whether images of the dataset are so alike that only near-perfect copies count.
        complete: Whether every pair was compared; False if too many are alike.
    """

    groups: list[np.ndarray]
    exact: list[bool]
    strict: bool
    complete: bool


def find_copies(survey: Survey, progress: Progress) -> Copies:
    """Find exact copies by a hash of the content, and near-duplicates by the thumbnails.

    Near-duplicates have close perceptual hashes, correlated gradients and similar colors. Images of
    one color are left out: nothing in them can be compared.

    Args:
        survey: The images.
        progress: Shows how many were compared.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    readable = np.flatnonzero(survey.is_readable)
    _, first, content = np.unique(
        survey.key[readable], axis=0, return_index=True, return_inverse=True
    )
    content = content.reshape(-1)
    originals = readable[first]  # one image of each content
    thumbnails = survey.thumbnail[originals].reshape(len(originals), -1)
    comparable = originals[np.ptp(thumbnails, axis=1) >= FLAT] if len(originals) else originals
    hashes = perceptual_hashes(survey.thumbnail[comparable])
    strict = _are_alike(hashes)
    pairs, complete = _near_pairs(survey, comparable, hashes, strict, progress)
    links = np.concatenate([np.stack([readable, originals[content]], axis=1), pairs])
    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), [len(survey)] * 2)
    groups = _groups(connected_components(graph, directed=False)[1])
    exact = [bool((survey.key[group] == survey.key[group[0]]).all()) for group in groups]
    return Copies(groups, exact, strict, complete)


def _groups(component: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(component, kind="stable")
    ends = np.flatnonzero(np.diff(component[order])) + 1
    groups = [group for group in np.split(order, ends) if len(group) > 1]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _are_alike(hashes: np.ndarray) -> bool:
    """Return whether images without anything in common have close hashes, as digits have."""
    if len(hashes) < 2:
        return False
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, len(hashes), (2, _RANDOM_PAIRS))
    other = first != second
    distances = np.bitwise_count(hashes[first[other]] ^ hashes[second[other]])
    return bool(np.quantile(distances, 0.05) < _ALIKE)


def _near_pairs(
    survey: Survey, images: np.ndarray, hashes: np.ndarray, strict: bool, progress: Progress
) -> tuple[np.ndarray, bool]:
    """Return pairs of near-duplicates, (pairs, 2), and whether every pair was compared."""
    rule = _DRAWINGS if strict else _PHOTOS
    limit = _MAX_PAIRS_PER_IMAGE * len(images)
    starts = range(0, len(images), ROWS)

    def compare(start: int) -> tuple[int, list[np.ndarray]]:
        compared, found = 0, []
        for pairs in close_pairs(hashes, rule.distance, start):
            compared += len(pairs)
            found += [some[_are_near(survey, some, rule)] for some in _split(images[pairs])]
            if compared > limit:
                break
        return compared, found

    compared, near = 0, [np.empty((0, 2), np.int64)]
    complete = True
    with (
        progress.task("Comparing images", len(images), "images") as advance,
        ThreadPoolExecutor(core_count()) as pool,
    ):
        try:
            for start, (count, found) in zip(starts, pool.map(compare, starts), strict=True):
                compared += count
                near += found
                advance(min(ROWS, len(images) - start))
                if compared > limit:
                    complete = False
                    break
        finally:
            pool.shutdown(cancel_futures=True)
    return np.concatenate(near), complete


def _split(pairs: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(pairs), _VERIFIED_AT_ONCE):
        yield pairs[start : start + _VERIFIED_AT_ONCE]


def _are_near(survey: Survey, pairs: np.ndarray, rule: _Rule) -> np.ndarray:
    """Return whether the thumbnails of each pair show the same: bool, (pairs,)."""
    first, second = (survey.color[pairs[:, side]].astype(np.int16) for side in (0, 1))
    near = np.abs(first - second).max(axis=(1, 2, 3)) <= _MAX_COLOR_CHANGE
    candidates = np.flatnonzero(near)
    one, other = (_gradients(survey.thumbnail[pairs[candidates, side]]) for side in (0, 1))
    near[candidates] = _correlation(one, other, rule.shift) >= rule.correlation
    return near


def _gradients(thumbnails: np.ndarray) -> np.ndarray:
    """Return the differences to the left and upper neighbors: (count, SIDE - 1, SIDE - 1, 2)."""
    images = thumbnails.astype(np.float32)
    inner = images[:, 1:, 1:]
    return np.stack([inner - images[:, 1:, :-1], inner - images[:, :-1, 1:]], axis=-1)


def _correlation(first: np.ndarray, second: np.ndarray, shift: int) -> np.ndarray:
    """Return the highest correlation of gradients at all small shifts against each other.

    Args:
        first: (count, height, width, 2).
        second: Of the same shape.
        shift: By how many pixels at most.

    Returns:
        (count,).
    """
    highest = np.full(len(first), -1, np.float32)
    for down in range(-shift, shift + 1):
        for right in range(-shift, shift + 1):
            one, other = _part(first, down, right), _part(second, -down, -right)
            product = np.einsum("ijkl,ijkl->i", one, other)
            sizes = np.einsum("ijkl,ijkl->i", one, one) * np.einsum("ijkl,ijkl->i", other, other)
            highest = np.maximum(highest, product / np.sqrt(np.maximum(sizes, 1e-6)))
    return highest


def _part(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return the part of images that others, shifted by so much, also show."""
    height, width = images.shape[1:3]
    return images[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
