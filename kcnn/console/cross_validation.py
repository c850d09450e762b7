"""The text of kcnn reproduce --folds."""

from __future__ import annotations

from kcnn.console.tables import table
from kcnn.studies.cross_validation import METHOD, CrossValidation


def cross_validation_text(result: CrossValidation) -> str:
    """Return the scores over the folds, how certain they are, and the run of each fold."""
    return "\n\n".join(
        [
            table(("score", "mean", "deviation", "95 % of the mean"), result.rows()),
            f"{result.about_folds}\n{METHOD}",
            table(("fold", "run", "trained on", "tested on", "accuracy"), result.fold_rows()),
            f"report  {result.folder}",
        ]
    )
