"""The text of kcnn reproduce."""

from __future__ import annotations

from kcnn.console.tables import table
from kcnn.studies.reproduction_report import Reproduction, quantity_cells


def reproduction_text(reproduction: Reproduction) -> str:
    """Writes what the seeds gave, the verdicts, and where the recipe is not its source."""
    parts = [
        table(
            ("ours", "mean", "deviation", "95 % of the mean", "seeds"),
            [(one.label, *quantity_cells(one)) for one in reproduction.shown],
        ),
        _verdicts(reproduction),
    ]
    if reproduction.caveat:
        parts.append(reproduction.caveat)
    hints = [f"hint: {one.hint}" for one in reproduction.verdicts if one.hint]
    if hints:
        parts.append("\n".join(hints))
    if reproduction.fidelity:
        rows = [(one.setting, one.status, one.note) for one in reproduction.fidelity]
        parts.append(table(("not as the source has it", "", "note"), rows))
    parts.append(
        f"report  {reproduction.folder}\n"
        f"next    kcnn compare {' '.join(str(run.path) for run in reproduction.runs)}"
        if len(reproduction.runs) > 1
        else f"report  {reproduction.folder}"
    )
    return "\n\n".join(parts)


def _verdicts(reproduction: Reproduction) -> str:
    if not reproduction.verdicts:
        return "the recipe names no published numbers; there is nothing to hold ours against"
    rows = [(one.metric, one.shown_value, one.verdict, one.source) for one in reproduction.verdicts]
    reasons = [f"{one.metric} {one.shown_value}: {one.reason}" for one in reproduction.verdicts]
    return table(("published", "value", "verdict", "source"), rows) + "\n\n" + "\n".join(reasons)
