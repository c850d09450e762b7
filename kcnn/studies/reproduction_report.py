"""The result of `kcnn reproduce`, and its files: JSON, Markdown and plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.files.atomic import write_json, write_text
from kcnn.progress import Progress
from kcnn.recipe.schema import Fidelity
from kcnn.studies.quantities import Quantity
from kcnn.studies.verdicts import Verdict
from kcnn.text.markdown import code, plain, table
from kcnn.text.numbers import count_text


@dataclass(frozen=True)
class SeedRun:
    """The run of one seed.

    Args:
        seed: Its `train.seed`.
        run: Its title, such as `cifar/seed-000`.
        path: Its folder.
        is_reused: Whether it had been trained before.
        seconds: The time spent training.
    """

    seed: int
    run: str
    path: Path
    is_reused: bool
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "seed": self.seed,
            "run": self.run,
            "path": str(self.path),
            "was_there": self.is_reused,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Reproduction:
    """Several seeds of a recipe, compared with what its source published.

    Args:
        recipe: The recipe's name.
        about: Its description, the recipe's `about`.
        overrides: Settings from the command line, each `setting=value`.
        parameters: The number of the model's weights.
        multiply_adds: For one image.
        runs: One a seed.
        quantities: What all runs measured.
        verdicts: One a published number; none if nothing is published.
        fidelity: Settings that the source does not state, or that had to be changed.
        folder: The folder of the report.
    """

    recipe: str
    about: str | None
    overrides: tuple[str, ...]
    parameters: int
    multiply_adds: int
    runs: tuple[SeedRun, ...]
    quantities: tuple[Quantity, ...]
    verdicts: tuple[Verdict, ...]
    fidelity: tuple[Fidelity, ...]
    folder: Path

    @property
    def shown(self) -> list[Quantity]:
        """The quantities to show: published ones, those that fit instead, and accuracies."""
        named = {verdict.metric for verdict in self.verdicts}
        named |= {verdict.closer.name for verdict in self.verdicts if verdict.closer}
        named |= {"test_accuracy", "test_augmented_accuracy", "val_accuracy", "accuracy"}
        return [quantity for quantity in self.quantities if quantity.name in named]

    @property
    def caveat(self) -> str | None:
        """A warning that settings were changed, so that the published numbers are of another model.

        None if nothing was changed.
        """
        if not self.overrides:
            return None
        return (
            f"changed from the recipe: {' '.join(self.overrides)}; what was published belongs to "
            "the recipe without overrides"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "seeds": len(self.runs),
            "runs": [run.as_json() for run in self.runs],
            "quantities": [quantity.as_json() for quantity in self.quantities],
            "published": [verdict.as_json() for verdict in self.verdicts],
            "fidelity": [remark.model_dump() for remark in self.fidelity],
            "report": str(self.folder),
        }


def write_report(reproduction: Reproduction, progress: Progress) -> None:
    """Write reproduction.json, reproduction.md and reproduction.png.

    Args:
        reproduction: What to write.
        progress: Receives a note on characters that no font has.

    Raises:
        RunError: The folder cannot be written.
    """
    from kcnn.figures import reproduction as figure
    from kcnn.figures.fonts import note_boxes
    from kcnn.figures.style import save

    folder = reproduction.folder
    write_json(folder / "reproduction.json", reproduction.as_json())
    write_text(folder / "reproduction.md", markdown(reproduction))
    drawn = figure.draw(_title(reproduction), _panels(reproduction))
    note_boxes(save(drawn, folder / "reproduction.png"), progress)


def markdown(reproduction: Reproduction) -> str:
    """Return the report for people."""
    parts = [f"# {_title(reproduction)}"]
    if reproduction.about:
        parts.append(plain(reproduction.about))
    if reproduction.caveat:
        parts.append(f"{plain(reproduction.caveat)}.")
    parts.append(_published_table(reproduction.verdicts))
    parts += [f"**{plain(verdict.hint)}.**" for verdict in reproduction.verdicts if verdict.hint]
    parts += [
        "## Results of the seeds",
        table(
            ("quantity", "mean", "standard deviation", "95 % interval of the mean", "seeds"),
            [(quantity.label, *quantity_cells(quantity)) for quantity in reproduction.shown],
        ),
        "![published numbers and ours](reproduction.png)",
        "## Where the recipe differs from its source",
        _fidelity_table(reproduction.fidelity),
        "## Runs",
        table(
            ("seed", "run", "seconds of training"),
            [(str(run.seed), plain(run.run), f"{run.seconds:.0f}") for run in reproduction.runs],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def quantity_cells(quantity: Quantity) -> tuple[str, str | None, str | None, int]:
    """Return mean, standard deviation, 95 % interval and number of seeds, as text."""
    deviation, interval = quantity.standard_deviation, quantity.interval
    return (
        quantity.format_value(quantity.mean),
        None if deviation is None else quantity.format_value(deviation),
        None if interval is None else quantity.format_range(interval),
        len(quantity.values),
    )


def _title(reproduction: Reproduction) -> str:
    seeds = len(reproduction.runs)
    return f"{reproduction.recipe}: {count_text(seeds, 'seed')} against the source"


def _panels(reproduction: Reproduction) -> list[Any]:
    """Return the plot's panels: one a published number, or one for all if none can be judged."""
    from kcnn.figures.reproduction import Panel, Row

    def row(quantity: Quantity) -> Row:
        return Row(quantity.label, quantity.values, quantity.interval, quantity.expected())

    panels = []
    for verdict in reproduction.verdicts:
        if (ours := verdict.quantity) is not None:
            ours_is = f"ours is {verdict.verdict}"
            result = ours_is if verdict.verdict in ("below", "above") else verdict.verdict
            title = f"{ours.label}: published {verdict.value_text}; {result}"
            rows = [row(quantity) for quantity in (ours, verdict.closer) if quantity]
            panels.append(Panel(title, rows, verdict.value, ours.is_fraction))
    if panels:
        return panels
    title = (
        "none of the published numbers was measured"
        if reproduction.verdicts
        else "nothing was published to compare with"
    )
    accuracies = [row(shown) for shown in reproduction.shown if shown.metric == "accuracy"]
    return [Panel(title, accuracies, None, is_fraction=True)]


def _published_table(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "The recipe names no published numbers, so there is nothing to compare with."
    rows = [
        (
            plain(verdict.metric),
            verdict.value_text,
            plain(verdict.source),
            f"**{verdict.verdict}**",
            plain(verdict.reason),
        )
        for verdict in verdicts
    ]
    return table(("metric", "published", "source", "verdict", "why"), rows)


def _fidelity_table(fidelity: Sequence[Fidelity]) -> str:
    if not fidelity:
        return "The recipe names no setting that its source leaves open or that was changed."
    rows = [(code(remark.setting), remark.status, plain(remark.note)) for remark in fidelity]
    return table(("setting", "status", "note"), rows)
