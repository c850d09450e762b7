"""The text of kcnn gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    from kcnn.commands.gradients import GradientReport, OutputSums, WeightCheck

MAX_SHOWN = 10  # weights that disagree
_COLUMNS = ("variable", "weights", "zero", "at a kink", "disagree", "median error", "largest error")


def gradients_text(report: GradientReport) -> str:
    """Return a row per variable, the weights that disagree, and the verdict."""
    rows = [
        (variable.variable, variable.checked, variable.zero, variable.at_a_kink,
         variable.disagreeing, _number(variable.median_error), _number(variable.largest_error))
        for variable in report.variables
    ]  # fmt: skip
    parts = [_heading(report), table(_COLUMNS, rows)]
    worst = [
        (_location(weight), f"{weight.analytic:.9g}", f"{weight.numerical:.9g}",
         _number(weight.error))
        for weight in report.disagreeing[:MAX_SHOWN]
    ]  # fmt: skip
    if worst:
        parts.append(table(("worst", "backpropagation", "numerical", "relative error"), worst))
    return "\n\n".join([*parts, f"{_sums(report.sums)}\n{report.verdict}"])


def _heading(report: GradientReport) -> str:
    images = count_text(report.images, "training image")
    classes = (
        f"all {report.classes} classes"
        if report.classes_shown == report.classes
        else f"{report.classes_shown} of {report.classes} classes"
    )
    return (
        f"{report.recipe.origin.file}: loss {report.gradients.loss:.6f} in float64 "
        f"on {images} of {classes}\n"
        "one training batch; dropout and noise draw the same numbers each time; variables whose "
        "values are all equal, such as biases, were changed by about 0.01"
    )


def _sums(sums: OutputSums) -> str:
    if sums.activation == "sigmoid":
        return (
            "sigmoid: no distribution over the classes; an image's outputs sum from "
            f"{sums.lowest:.4f} to {sums.highest:.4f}"
        )
    put = "" if sums.activation == "softmax" else " of the logits"
    right = "an image's outputs sum to 1" if sums.right else "an image's outputs do not sum to 1"
    return f"softmax{put}: {right}; largest deviation {_number(sums.deviation)}"


def _location(weight: WeightCheck) -> str:
    return f"{weight.variable}[{', '.join(map(str, weight.index))}]"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.1e}"
