"""The text of kcnn check --gradients."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, Any

from kcnn.console.output import json_text
from kcnn.console.tables import table

if TYPE_CHECKING:
    from kcnn.commands.check_gradients import GradientReport, OutputSums, WeightCheck

MOST_SHOWN = 10  # weights that disagree


def shown(report: GradientReport, as_json: bool) -> str:
    """Writes a gradient check for people or for programs."""
    return json_text(gradients_json(report)) if as_json else gradients_text(report)


def gradients_text(report: GradientReport) -> str:
    """Writes a row a variable, the weights that disagree, and the verdict."""
    gradients = report.gradients
    rows = [
        (row["variable"], row["checked"], row["zero"], row["at_a_kink"], row["disagreeing"],
         _number(row["median_error"]), _number(row["largest_error"]))
        for row in _variables(gradients.weights)
    ]  # fmt: skip
    columns = (
        "variable", "weights", "zero", "at a kink", "disagree", "median error", "largest error",
    )  # fmt: skip
    worst = report.disagreeing[:MOST_SHOWN]
    parts = [_heading(report), table(columns, rows)]
    if worst:
        parts.append(
            table(
                ("worst", "backpropagation", "numerical", "relative error"),
                [
                    (_place(one), f"{one.analytic:.9g}", f"{one.numerical:.9g}", _number(one.error))
                    for one in worst
                ],
            )
        )
    return "\n\n".join([*parts, f"{_sums(report.sums)}\n{verdict(report)}"])


def gradients_json(report: GradientReport) -> dict[str, Any]:
    """Gives what the check found as plain JSON values."""
    gradients, sums = report.gradients, report.sums
    return {
        "recipe": str(report.recipe.origin.file),
        "name": report.recipe.name,
        "agrees": gradients.agrees,
        "right": report.right,
        "verdict": verdict(report),
        "images": report.images,
        "classes_shown": report.classes_shown,
        "loss": gradients.loss,
        "compared": len(gradients.compared),
        "with_a_shorter_step": gradients.shortened,
        "variables": _variables(gradients.weights),
        "disagreeing": [
            {
                "variable": one.variable,
                "index": list(one.index),
                "analytic": one.analytic,
                "numerical": one.numerical,
                "relative_error": one.error,
            }
            for one in report.disagreeing
        ],
        "output_sums": {
            "activation": sums.activation,
            "lowest": sums.lowest,
            "highest": sums.highest,
            "deviation_from_1": None if sums.activation == "sigmoid" else sums.deviation,
        },
    }


def verdict(report: GradientReport) -> str:
    """Says in one line whether backpropagation agrees."""
    gradients = report.gradients
    kinks = sum(one.finding == "kink" for one in gradients.weights)
    zeros = sum(one.zero for one in gradients.weights)
    compared, wrong = len(gradients.compared), len(report.disagreeing)
    counts = (
        (gradients.shortened, "of them by a shorter step, clear of a kink nearby"),
        (zeros, "more with a gradient of 0 both ways"),
        (kinks, "more at a kink left out"),
    )
    besides = "".join(f"; {count} {what}" for count, what in counts if count)
    if not compared:
        return f"backpropagation cannot be judged: no weight has a gradient to compare{besides}"
    largest = _number(max(one.error for one in gradients.compared))
    if wrong:
        return (
            f"backpropagation disagrees: {wrong} of {compared:,} weights, "
            f"largest relative error {largest}{besides}"
        )
    return (
        f"backpropagation agrees: largest relative error {largest} over {compared:,} weights"
        f"{besides}"
    )


def _heading(report: GradientReport) -> str:
    images = "1 training image" if report.images == 1 else f"{report.images} training images"
    classes = (
        f"all {report.classes} classes"
        if report.classes_shown == report.classes
        else f"{report.classes_shown} of {report.classes} classes"
    )
    return (
        f"{report.recipe.origin.file}: loss {report.gradients.loss:.6f} in float64 "
        f"on {images} of {classes}\n"
        "one training batch; dropout and noise held still; biases and whatever else begins with "
        "equal values moved by about 0.01"
    )


def _variables(weights: Iterable[WeightCheck]) -> list[dict[str, Any]]:
    return [_variable(name, list(group)) for name, group in groupby(weights, _name)]


def _name(weight: WeightCheck) -> str:
    return weight.variable


def _variable(name: str, weights: list[WeightCheck]) -> dict[str, Any]:
    errors = [one.error for one in weights if one.finding != "kink" and not one.zero]
    return {
        "variable": name,
        "checked": len(weights),
        "zero": sum(one.zero for one in weights),
        "at_a_kink": sum(one.finding == "kink" for one in weights),
        "disagreeing": sum(one.finding == "disagrees" for one in weights),
        "median_error": median(errors) if errors else None,
        "largest_error": max(errors, default=None),
    }


def _sums(sums: OutputSums) -> str:
    if sums.activation == "sigmoid":
        return (
            "sigmoid: no distribution over the classes; an image's outputs sum from "
            f"{sums.lowest:.4f} to {sums.highest:.4f}"
        )
    put = "" if sums.activation == "softmax" else " put behind the logits"
    right = "an image's outputs sum to 1" if sums.right else "an image's outputs do not sum to 1"
    return f"softmax{put}: {right}; largest deviation {_number(sums.deviation)}"


def _place(weight: WeightCheck) -> str:
    return f"{weight.variable}[{', '.join(map(str, weight.index))}]"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.1e}"
