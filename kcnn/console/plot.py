"""The text of kcnn plot and kcnn feature-maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kcnn.commands.plot import Plots


def plots_text(plots: Plots) -> str:
    """Return the files, one per line."""
    return "\n".join(map(str, plots.paths))
