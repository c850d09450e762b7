"""The result of `kcnn reproduce --folds`, and its files: JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.files.atomic import write_json, write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import LABEL_SCORES, TEST_SCORES
from kcnn.runs.summary import read_summary
from kcnn.stats import Interval, fold_interval
from kcnn.studies.quantities import Quantity, ends
from kcnn.text.markdown import plain, table

_WORDS = {**TEST_SCORES, **LABEL_SCORES}
SHOWN = ("accuracy", *_WORDS)
METHOD = (
    "the interval is corrected for folds that share their training images: t·s·√(1/k + test/train) "
    "around the mean (Nadeau and Bengio, 2003)"
)


@dataclass(frozen=True)
class FoldRun:
    """The run that was tested on one fold.

    Args:
        number: The fold, from 1.
        run: The run's title, such as `cifar/fold-1-of-5`.
        path: Its folder.
        is_reused: Whether it had been trained before.
        seconds: The time spent training.
        train_images: Number of images that it was trained on.
        test_images: Number of images in the fold.
    """

    number: int
    run: str
    path: Path
    is_reused: bool
    seconds: float
    train_images: int
    test_images: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "fold": self.number,
            "run": self.run,
            "path": str(self.path),
            "was_there": self.is_reused,
            "seconds": self.seconds,
            "train_images": self.train_images,
            "test_images": self.test_images,
        }


@dataclass(frozen=True)
class CrossValidation:
    """A recipe that was trained without each fold of the training images, and tested on it.

    Args:
        recipe: The recipe's name.
        overrides: Settings from the command line, each `setting=value`.
        seed: What decides the folds.
        grouped: Whether images of a group were kept in one fold.
        runs: One a fold.
        quantities: What all runs measured.
        folder: The folder of the report.
    """

    recipe: str
    overrides: tuple[str, ...]
    seed: int
    grouped: bool
    runs: tuple[FoldRun, ...]
    quantities: tuple[Quantity, ...]
    folder: Path

    @property
    def test_to_train(self) -> float:
        """Images tested divided by images trained on, over all folds."""
        tested = sum(run.test_images for run in self.runs)
        return tested / sum(run.train_images for run in self.runs)

    @property
    def shown(self) -> list[Quantity]:
        """The accuracy and further scores on the folds."""
        names = [f"test_{name}" for name in SHOWN]
        return [quantity for quantity in self.quantities if quantity.name in names]

    @property
    def about_folds(self) -> str:
        """How the folds were made, in a sentence."""
        images = sum(run.test_images for run in self.runs)
        kept = ", with the images of a group in one fold" if self.grouped else ""
        return (
            f"{len(self.runs)} folds of the {images:,} training images, stratified{kept}; the test "
            "set was not used"
        )

    def interval(self, quantity: Quantity) -> Interval | None:
        """Return the 95 % interval of a mean over the folds."""
        return fold_interval(quantity.values, self.test_to_train)

    def rows(self) -> list[tuple[str, ...]]:
        """Return name, mean, standard deviation and interval of each score as text."""
        found = []
        for quantity in self.shown:
            interval, deviation = self.interval(quantity), quantity.standard_deviation
            assert interval is not None and deviation is not None  # there are two folds or more
            texts = [quantity.format_value(value) for value in (quantity.mean, deviation)]
            name = _WORDS.get(quantity.metric, quantity.metric)
            found.append((name, *texts, quantity.format_range(interval)))
        return found

    def fold_rows(self) -> list[tuple[str, ...]]:
        """Return number, run, images and accuracy of each fold as text."""
        accuracy = next(quantity for quantity in self.shown if quantity.metric == "accuracy")
        return [
            (
                str(run.number),
                run.run,
                f"{run.train_images:,}",
                f"{run.test_images:,}",
                accuracy.format_value(value),
            )
            for run, value in zip(self.runs, accuracy.values, strict=True)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "folds": len(self.runs),
            "seed": self.seed,
            "grouped": self.grouped,
            "test_to_train": self.test_to_train,
            "runs": [run.as_json() for run in self.runs],
            "quantities": [
                {
                    "name": quantity.name,
                    "values": list(quantity.values),
                    "mean": quantity.mean,
                    "standard_deviation": quantity.standard_deviation,
                    "interval": ends(self.interval(quantity)),
                }
                for quantity in self.quantities
            ],
            "report": str(self.folder),
        }


def read_fold_run(number: int, run: RunFolder, is_reused: bool, seconds: float) -> FoldRun:
    """Read how many images a fold's run was trained and tested on.

    Raises:
        RunError: Its summary is damaged.
    """
    summary = read_summary(run)
    train, test = (
        summary.known(name, summary.count(name)) for name in ("images.train", "images.test")
    )
    return FoldRun(number, run.title, run.path, is_reused, seconds, train, test)


def write_report(result: CrossValidation) -> None:
    """Write cross_validation.json and cross_validation.md.

    Raises:
        RunError: The folder cannot be written.
    """
    write_json(result.folder / "cross_validation.json", result.as_json())
    write_text(result.folder / "cross_validation.md", markdown(result))


def markdown(result: CrossValidation) -> str:
    """Return the report for people."""
    parts = [f"# {result.recipe}: cross-validation", f"{_sentence(result.about_folds)}"]
    if result.overrides:
        parts.append(f"Changed from the recipe: {plain(' '.join(result.overrides))}.")
    headings = ("score", "mean", "standard deviation", "95 % interval of the mean")
    parts += [
        table(headings, result.rows()),
        _sentence(METHOD),
        "## Folds",
        table(("fold", "run", "trained on", "tested on", "accuracy"), _plain(result.fold_rows())),
    ]
    return "\n\n".join(parts) + "\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _plain(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(map(plain, row)) for row in rows]
