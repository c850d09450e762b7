"""What kcnn reproduce found, and the JSON, Markdown and picture it leaves of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kcnn.files.atomic import write_json, write_text
from kcnn.recipe.schema import Fidelity
from kcnn.studies.quantities import Quantity
from kcnn.studies.verdicts import Verdict
from kcnn.text.markdown import code, plain, table


@dataclass(frozen=True)
class SeedRun:
    """The run of one seed.

    Args:
        seed: Its `train.seed`.
        run: Its title, `cifar/seed-000`.
        path: Its folder.
        was_there: Whether it had been trained before.
        seconds: Time spent training.
    """

    seed: int
    run: str
    path: Path
    was_there: bool
    seconds: float


@dataclass(frozen=True)
class Reproduction:
    """Several seeds of a recipe against what was published.

    Args:
        recipe: The recipe's name.
        about: Its line for people.
        overrides: Settings from the command line.
        parameters: Weights of the model.
        multiply_adds: For one image.
        runs: One a seed.
        quantities: What all of them measured.
        verdicts: One a published number; none when nothing is published.
        fidelity: What the source does not state, or what had to be changed.
        folder: Where the report lies.
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
        """Picks what people look at: published quantities, those they fit instead, accuracies."""
        named = {verdict.metric for verdict in self.verdicts}
        named |= {verdict.neighbour.name for verdict in self.verdicts if verdict.neighbour}
        named |= {"test_accuracy", "test_augmented_accuracy", "val_accuracy", "accuracy"}
        return [one for one in self.quantities if one.name in named]

    @property
    def caveat(self) -> str | None:
        """Says that settings were changed, so that numbers published for others mean little."""
        if not self.overrides:
            return None
        return (
            f"changed from the recipe: {' '.join(self.overrides)}; what was published belongs to "
            "the recipe as it stands"
        )

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return {
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "seeds": len(self.runs),
            "runs": [asdict(run) | {"path": str(run.path)} for run in self.runs],
            "quantities": [one.as_json() for one in self.quantities],
            "published": [one.as_json() for one in self.verdicts],
            "fidelity": [one.model_dump() for one in self.fidelity],
            "report": str(self.folder),
        }


def write_report(reproduction: Reproduction) -> None:
    """Writes reproduction.json, reproduction.md and reproduction.png.

    Raises:
        RunError: The folder cannot be written.
    """
    from kcnn.figures import reproduction as picture
    from kcnn.figures.style import save

    folder = reproduction.folder
    write_json(folder / "reproduction.json", reproduction.as_json())
    write_text(folder / "reproduction.md", markdown(reproduction))
    figure = picture.draw(_title(reproduction), _panels(reproduction))
    save(figure, folder / "reproduction.png")


def markdown(reproduction: Reproduction) -> str:
    """Writes the report for people."""
    parts = [
        f"# {_title(reproduction)}",
        *([plain(reproduction.about)] if reproduction.about else []),
        *([f"{plain(reproduction.caveat)}."] if reproduction.caveat else []),
        _published_table(reproduction.verdicts),
        *(f"**{plain(one.hint)}.**" for one in reproduction.verdicts if one.hint),
        "## What the seeds gave",
        table(
            ("quantity", "mean", "standard deviation", "95 % interval of the mean", "seeds"),
            [(one.label, *quantity_cells(one)) for one in reproduction.shown],
        ),
        "![published numbers against ours](reproduction.png)",
        "## Where the recipe is not its source",
        _fidelity_table(reproduction.fidelity),
        "## Runs",
        table(
            ("seed", "run", "seconds of training"),
            [(str(run.seed), plain(run.run), f"{run.seconds:.0f}") for run in reproduction.runs],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def quantity_cells(quantity: Quantity) -> tuple[str, str | None, str | None, int]:
    """Writes mean, standard deviation, 95 % interval and number of seeds."""
    deviation, interval = quantity.standard_deviation, quantity.interval
    return (
        quantity.shown(quantity.mean),
        None if deviation is None else quantity.shown(deviation),
        None if interval is None else quantity.shown_range(interval),
        len(quantity.values),
    )


def _title(reproduction: Reproduction) -> str:
    seeds = len(reproduction.runs)
    return f"{reproduction.recipe}: {seeds} seed{'s' if seeds > 1 else ''} against the source"


def _panels(reproduction: Reproduction) -> list[Any]:
    """Lays out the picture: a panel a published number, or one for all where none can be judged."""
    from kcnn.figures.reproduction import Panel, Row

    def row(quantity: Quantity) -> Row:
        return Row(quantity.label, quantity.values, quantity.interval, quantity.expected())

    panels = [
        Panel(
            title=f"{one.quantity.label}: published {one.shown_value}; {_in_words(one.verdict)}",
            rows=[row(quantity) for quantity in (one.quantity, one.neighbour) if quantity],
            published=one.value,
            is_fraction=one.quantity.is_fraction,
        )
        for one in reproduction.verdicts
        if one.quantity is not None
    ]
    if panels:
        return panels
    accuracies = [row(one) for one in reproduction.shown if one.metric == "accuracy"]
    title = (
        "none of the published numbers was measured"
        if reproduction.verdicts
        else "nothing published to hold them against"
    )
    return [Panel(title, accuracies, None, is_fraction=True)]


def _in_words(verdict: str) -> str:
    return f"ours is {verdict}" if verdict in ("below", "above") else verdict


def _published_table(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "The recipe names no published numbers; there is nothing to hold ours against."
    rows = [
        (
            plain(one.metric),
            one.shown_value,
            plain(one.source),
            f"**{one.verdict}**",
            plain(one.reason),
        )
        for one in verdicts
    ]
    return table(("metric", "published", "source", "verdict", "why"), rows)


def _fidelity_table(fidelity: Sequence[Fidelity]) -> str:
    if not fidelity:
        return "The recipe names no setting that its source leaves open or that was changed."
    rows = [(code(one.setting), one.status, plain(one.note)) for one in fidelity]
    return table(("setting", "status", "note"), rows)
