"""The text of kcnn fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.evaluate import augmented_line, overall_line
from kcnn.runs.summary import SEVERAL_LABELS
from kcnn.text.numbers import count_text, duration, per_cent

if TYPE_CHECKING:
    from kcnn.commands.fit import FitResult

UNBALANCED = 0.005  # a difference of accuracies that is worth a line
_INDENT = " " * 15


def fit_text(result: FitResult) -> str:
    """Return the test accuracy, where the run is and what to type next."""
    summary, path = result.summary, result.run.path
    test, best, timings = summary["test"], summary.get("best"), summary["timings"]
    lines = [
        f"test accuracy  {per_cent(test['accuracy'])} on {test['images']:,} images, "
        f"with the {test['weights']} weights"
    ]
    if summary.get(SEVERAL_LABELS):
        classes = len(summary["class_names"])
        lines[0] += f"; each of {classes} labels is a yes or no"
        lines.append(f"{_INDENT}{overall_line(test)}")
    balanced = test.get("balanced_accuracy", test["accuracy"])
    if abs(balanced - test["accuracy"]) > UNBALANCED:
        lines.append(f"{_INDENT}{per_cent(balanced)} balanced accuracy, the mean of the classes")
    if "test_augmented" in summary:
        lines.append(f"{_INDENT}{augmented_line(summary['test_augmented'])}")
    if best:
        lines.append(
            f"{_INDENT}{per_cent(best['test_accuracy'])} with epoch {best['epoch']}'s weights, "
            f"the best by validation ({per_cent(best['val_accuracy'])})"
        )
    lines += [
        f"time           {duration(timings['train'])} training, "
        f"{timings['training_images_per_second']:,} images/s; "
        f"{duration(timings['total'])} in all",
    ]
    if epochs := timings.get("epochs_on_features"):
        lines.append(
            f"{_INDENT}the rate counts {count_text(epochs, 'epoch')} on features of frozen layers, "
            "computed once"
        )
    lines += [
        f"run            {path}",
        f"plots          {path / 'plots'}",
        "next           kcnn plot, kcnn export, kcnn predict IMAGE",
    ]
    return "\n".join(lines)
