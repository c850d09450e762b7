"""The text of kcnn padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.text.wrap import wrapped

if TYPE_CHECKING:
    from kcnn.commands.padding import PaddingAnswer, PaddingAnswers

WIDTH = 100


def padding_text(result: PaddingAnswers) -> str:
    """Return the padding that keeps each convolution's map, with the sum that shows it."""
    if not result.answers:
        return f"{result.recipe.origin.file}: no convolution in it"
    return "\n\n".join(_padding_answer(answer) for answer in result.answers)


def _padding_answer(answer: PaddingAnswer) -> str:
    window = answer.window
    kernel = f"kernel {window.kernel}, stride {window.stride}"
    if window.dilation > 1:
        kernel += f", dilation {window.dilation}"
    found = f"padding {answer.padding}"
    if answer.padding is None:
        found = "no sensible padding" if answer.check else "no equal padding on both sides"
    lines = [f"{answer.layer}: {window.size} {answer.axis}, {kernel}: {found}", f"  {answer.sum}"]
    if answer.check is not None:
        lines.append(f"  {answer.check}")
    if answer.advice is not None:
        lines.append(wrapped(answer.advice, WIDTH, "  ", "    "))
    return "\n".join(lines)
