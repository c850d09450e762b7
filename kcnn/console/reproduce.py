"""The text of kcnn reproduce."""

from __future__ import annotations

from kcnn.console.tables import table
from kcnn.studies.reproduction_report import Reproduction, quantity_cells
from kcnn.text.shell import shell_word


def reproduction_text(reproduction: Reproduction) -> str:
    """Return results of the seeds, verdicts, and where the recipe departs from its source."""
    parts = [
        table(
            ("ours", "mean", "deviation", "95 % of the mean", "seeds"),
            [(quantity.label, *quantity_cells(quantity)) for quantity in reproduction.shown],
        ),
        _verdicts(reproduction),
    ]
    if reproduction.caveat:
        parts.append(reproduction.caveat)
    remarks = [f"remark: {verdict.hint}" for verdict in reproduction.verdicts if verdict.hint]
    if remarks:
        parts.append("\n".join(remarks))
    if reproduction.fidelity:
        rows = [(note.setting, note.status, note.note) for note in reproduction.fidelity]
        parts.append(table(("not as the source has it", "", "note"), rows))
    end = f"report  {reproduction.folder}"
    if len(reproduction.runs) > 1:
        end += (
            f"\nnext    kcnn compare {' '.join(shell_word(run.path) for run in reproduction.runs)}"
        )
    parts.append(end)
    return "\n\n".join(parts)


def _verdicts(reproduction: Reproduction) -> str:
    if not reproduction.verdicts:
        return "the recipe names no published numbers; there is nothing to hold ours against"
    verdicts = reproduction.verdicts
    rows = [
        (verdict.metric, verdict.value_text, verdict.verdict, verdict.source)
        for verdict in verdicts
    ]
    reasons = [f"{verdict.metric} {verdict.value_text}: {verdict.reason}" for verdict in verdicts]
    return table(("published", "value", "verdict", "source"), rows) + "\n\n" + "\n".join(reasons)
