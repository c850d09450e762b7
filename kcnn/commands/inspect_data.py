"""kcnn data inspect: look at a dataset before training on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.errors import RunError
from kcnn.files.atomic import require_new, write_csv
from kcnn.progress import Progress

if TYPE_CHECKING:
    from kcnn.data.survey.findings import Finding as Finding
    from kcnn.data.survey.findings import Group as Group
    from kcnn.data.survey.open import ReadImage
    from kcnn.data.survey.survey import Survey

SAMPLES_OF_A_CLASS = 8
_MAX_CLASSES = 40  # in the plot
_SIDE = 96  # pixels
_COLUMNS = ("finding", "group", "image", "part", "class", "note")


@dataclass(frozen=True)
class Inspection:
    """What an inspection found.

    Args:
        survey: Every image.
        findings: What to fix, by importance.
        is_complete: Whether every pair of images was compared.
        strict: Whether only near-perfect copies count, because all images are alike.
        written: The files that were written.
    """

    survey: Survey
    findings: tuple[Finding, ...]
    is_complete: bool
    strict: bool
    written: tuple[Path, ...]

    @property
    def has_problems(self) -> bool:
        """Whether something spoils the training or its test."""
        return any(finding.is_problem for finding in self.findings)

    @property
    def counts(self) -> list[tuple[str, dict[str, int]]]:
        """The number of images of each class, by part."""
        from kcnn.data.survey.findings import class_counts

        counts = class_counts(self.survey)
        return [
            (name, {part: int(of_classes[label]) for part, of_classes in counts.items()})
            for label, name in enumerate(self.survey.class_names)
        ]

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Width and height of the smallest and largest image by pixels, and the medians."""
        import numpy as np

        readable = np.flatnonzero(self.survey.is_readable)
        if not len(readable):
            return {}
        width, height = self.survey.width[readable], self.survey.height[readable]
        order = np.argsort(width.astype(np.int64) * height, kind="stable")
        smallest, largest = ((int(width[at]), int(height[at])) for at in order[[0, -1]])
        median = (round(float(np.median(width))), round(float(np.median(height))))
        return {"smallest": smallest, "median": median, "largest": largest}

    @property
    def formats(self) -> dict[str, int]:
        """How many files have each format, most first; empty for images in no files."""
        return _most_first(self.survey.formats)

    @property
    def modes(self) -> dict[str, int]:
        """How many images have each of Pillow's modes, most first."""
        return _most_first(self.survey.modes)

    def note_on(self, index: int) -> str:
        """Return what is wrong with one image, if it cannot be read."""
        return self.survey.problems.get(index, "")

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes: every image of every finding."""
        return {
            "name": self.survey.name,
            "source": self.survey.source,
            "images": len(self.survey),
            "classes": [{"class": name, **counts} for name, counts in self.counts],
            "sizes": {name: list(size) for name, size in self.sizes.items()},
            "formats": self.formats,
            "modes": self.modes,
            "notes": list(self.survey.notes),
            "only_near_perfect_copies": self.strict,
            "compared_all_pairs": self.is_complete,
            "findings": [self._finding_json(finding) for finding in self.findings],
            "written": [str(path) for path in self.written],
        }

    def _finding_json(self, finding: Finding) -> dict[str, Any]:
        exact = finding.exact or [None] * len(finding.groups)
        return {
            "kind": finding.kind,
            "is_problem": finding.is_problem,
            "title": finding.title,
            "fix": finding.fix,
            "groups": [
                {
                    **({} if is_exact is None else {"exact": is_exact}),
                    "images": [self._image_json(index) for index in group],
                }
                for group, is_exact in zip(finding.groups, exact, strict=True)
            ],
        }

    def _image_json(self, index: int) -> dict[str, Any]:
        survey = self.survey
        image: dict[str, Any] = {"part": survey.part_of(index), "class": survey.class_of(index)}
        if survey.names is None:
            image["index"] = int(survey.position[index])
        else:
            image["file"] = survey.names[index]
        return image | ({"note": note} if (note := self.note_on(index)) else {})


def inspect_data(
    source: str,
    data_dir: Path | None = None,
    samples: Path | None = None,
    report: Path | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Look at every image of a dataset; change nothing in it.

    Args:
        source: A folder, CSV, Parquet or npz file, a recipe, a run, or the name of a dataset.
        data_dir: The folder in which named datasets are looked for first.
        samples: A new file for a plot with images of each class; None for none.
        report: A new CSV file for all images of all findings; None for none.
        progress: Shows the work, and what was left out of the data.

    Raises:
        KcnnError: The data cannot be listed, or a file exists or cannot be written.
    """
    progress = progress or Progress()
    _require_new_files(samples, report)
    from kcnn.data.survey.copies import find_copies
    from kcnn.data.survey.findings import find_all
    from kcnn.data.survey.open import survey_source

    survey, read = survey_source(source, data_dir, progress)
    for note in survey.notes:
        progress.note(note)
    copies = find_copies(survey, progress)
    written = tuple(path for path in (samples, report) if path is not None)
    result = Inspection(survey, find_all(survey, copies), copies.complete, copies.strict, written)
    if report is not None:
        write_csv(report, _COLUMNS, _rows(result))
    if samples is not None:
        _draw_samples(survey, read, samples, progress)
    return result


def _most_first(values: Sequence[str | None]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def _require_new_files(samples: Path | None, report: Path | None) -> None:
    if samples is not None:
        from kcnn.figures.style import FORMATS

        if samples.suffix.removeprefix(".") not in FORMATS:
            raise RunError(
                f"--samples {samples}: expected the name of a {', '.join(FORMATS)} file",
                f"write {samples.with_suffix('.png')}",
            )
        require_new(samples, "name a new file with --samples")
    if report is not None:
        require_new(report, "name a new file with --report")


def _rows(inspection: Inspection) -> Iterator[tuple[object, ...]]:
    survey = inspection.survey
    for finding in inspection.findings:
        for number, group in enumerate(finding.groups, start=1):
            exact = "" if finding.exact is None else _sameness(finding.exact[number - 1])
            for index in group:
                yield (
                    finding.kind, number, survey.name_of(index), survey.part_of(index),
                    survey.class_of(index), exact or inspection.note_on(index),
                )  # fmt: skip


def _sameness(is_exact: bool) -> str:
    return "equal" if is_exact else "alike"


def _draw_samples(survey: Survey, read: ReadImage, path: Path, progress: Progress) -> None:
    import numpy as np

    from kcnn.figures import style
    from kcnn.figures.class_samples import draw
    from kcnn.figures.fonts import note_boxes

    generator = np.random.default_rng(0)
    first_part = survey.is_readable & (survey.part == 0)  # the training images
    rows = []
    for label, name in enumerate(survey.class_names[:_MAX_CLASSES]):
        members = np.flatnonzero(first_part & survey.shows(label))
        chosen = generator.permutation(members)[:SAMPLES_OF_A_CLASS]
        rows.append((name, len(members), [read(int(index), _SIDE) for index in chosen]))
    left_out = len(survey.class_names) - len(rows)
    note_boxes(style.save(draw(rows, survey.name, left_out), path), progress)
