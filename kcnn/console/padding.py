"""The text of kcnn padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.text.wrap import wrapped

if TYPE_CHECKING:
    from kcnn.commands.padding import PaddingSolution, PaddingSolutions

WIDTH = 100


def padding_text(result: PaddingSolutions) -> str:
    """Return the padding that keeps each convolution's map, with the sum that shows it."""
    if not result.solutions:
        return f"{result.recipe.origin.file}: no convolution in it"
    return "\n\n".join(_padding_solution(solution) for solution in result.solutions)


def _padding_solution(solution: PaddingSolution) -> str:
    window = solution.window
    kernel = f"kernel {window.kernel}, stride {window.stride}"
    if window.dilation > 1:
        kernel += f", dilation {window.dilation}"
    found = f"padding {solution.padding}"
    if solution.padding is None:
        found = "no sensible padding" if solution.check else "no equal padding on both sides"
    heading = f"{solution.layer}: {window.size} {solution.axis}, {kernel}: {found}"
    lines = [heading, f"  {solution.sum}"]
    if solution.check is not None:
        lines.append(f"  {solution.check}")
    if solution.advice is not None:
        lines.append(wrapped(solution.advice, WIDTH, "  ", "    "))
    return "\n".join(lines)
