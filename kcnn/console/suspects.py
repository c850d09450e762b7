"""The text of kcnn data suspects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.commands.suspects import METHOD
from kcnn.console.tables import table
from kcnn.text.numbers import count_text, per_cent, short_per_cent

if TYPE_CHECKING:
    from kcnn.commands.suspects import Suspects

MAX_LISTED = 20  # rows
# Of labels that the models predict: with fewer, most suspects turned out to be right labels
# (benchmarks/suspects.py: 46 % predicted, 9 % of the suspects wrong; 90 % predicted, 94 %).
_FAIR = 0.75


def suspects_text(found: Suspects) -> str:
    """Return the most doubtful labels, and how they were found."""
    total = len(found.suspects)
    parts = [
        f"{found.run}: {count_text(total, 'doubtful label')} of {found.images:,} training images "
        f"({per_cent(total / found.images, 1)})"
    ]
    if total:
        rows = [
            (
                suspect.name,
                suspect.label,
                short_per_cent(suspect.label_probability),
                suspect.suggested,
                short_per_cent(suspect.suggested_probability),
            )
            for suspect in found.suspects[:MAX_LISTED]
        ]
        parts.append(table(("image", "label", "probability", "suggested", "probability"), rows))
    if total > MAX_LISTED:
        parts.append(f"and {total - MAX_LISTED:,} more")
    parts.append(f"{METHOD}, in {found.folds} folds. {_trust(found.accuracy)}")
    parts.append("\n".join(f"written {path}" for path in found.written))
    return "\n\n".join(parts)


def _trust(accuracy: float) -> str:
    """Return how far to trust the list, by what part of the labels the models predicted."""
    predicted = f"They predicted {per_cent(accuracy, 1)} of the labels"
    if accuracy < _FAIR:
        return (
            f"{predicted}, so few that most of this list are right labels: trust its beginning "
            "alone, or take a run with a better model."
        )
    return f"{predicted}. Look at each image before you change its label."
