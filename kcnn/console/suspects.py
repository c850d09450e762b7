"""The text of kcnn data suspects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.commands.suspects import METHOD
from kcnn.console.tables import table
from kcnn.text.numbers import count_text, per_cent, short_per_cent

if TYPE_CHECKING:
    from kcnn.commands.suspects import Suspects

MOST = 20  # rows


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
            for suspect in found.suspects[:MOST]
        ]
        parts.append(table(("image", "label", "", "suggested", ""), rows))
    if total > MOST:
        parts.append(f"and {total - MOST:,} more")
    parts.append(
        f"{METHOD}, in {found.folds} folds. They predicted {per_cent(found.accuracy, 1)} of the "
        "labels. The lower this is, the more of these labels are right: look at each image before "
        "you change its label."
    )
    parts.append("\n".join(f"written {path}" for path in found.written))
    return "\n\n".join(parts)
