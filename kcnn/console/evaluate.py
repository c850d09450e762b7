"""The text of kcnn evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kcnn.console.tables import table
from kcnn.runs.label_scores import LabelScore
from kcnn.runs.metrics import LABEL_SCORES, TEST_SCORES
from kcnn.text.numbers import count_text, per_cent

if TYPE_CHECKING:
    from kcnn.commands.evaluate import Evaluation
    from kcnn.runs.scores import ClassScore


def evaluation_text(evaluation: Evaluation) -> str:
    """Return a row per class, and the accuracy."""
    labels = [score for score in evaluation.per_class if isinstance(score, LabelScore)]
    text = (
        (_label_table(labels) if labels else _class_table(evaluation.per_class))
        + f"\n\n{evaluation.run} ({evaluation.weights} weights): test accuracy "
        f"{per_cent(evaluation.accuracy)} on {count_text(evaluation.images, 'image')}"
    )
    if labels:
        text += f", where each of {len(labels)} labels is a yes or no"
    text += f"\n{overall_line(evaluation.overall)}"
    if "roc_auc" in evaluation.overall:
        text += f"; {evaluation.per_class[1].name} is the positive class"
    augmented = evaluation.augmented
    if augmented:
        text += f"\n{augmented_line(augmented)}"
    return f"{text}\n{_wrong_line(evaluation)}" if evaluation.wrong else text


def _class_table(scores: Sequence[ClassScore]) -> str:
    rows = [
        (score.name, per_cent(score.precision), per_cent(score.recall), per_cent(score.f1),
         score.support)
        for score in scores
    ]  # fmt: skip
    return table(("class", "precision", "recall", "f1", "images"), rows)


def _label_table(scores: Sequence[LabelScore]) -> str:
    rows = [
        (score.name, per_cent(score.precision), per_cent(score.recall), per_cent(score.f1),
         per_cent(score.average_precision), _threshold(score.threshold), score.support)
        for score in scores
    ]  # fmt: skip
    columns = (
        "label", "precision", "recall", "f1", "average precision", "threshold", "images",
    )  # fmt: skip
    return table(columns, rows)


def _threshold(threshold: float | None) -> str | None:
    return None if threshold is None else f"{threshold:.3f}"


def _wrong_line(evaluation: Evaluation) -> str:
    wrong = evaluation.wrong
    if wrong is None or not wrong.images:
        return "no image was classified wrong: nothing was written"
    images = count_text(wrong.images, "image")
    verb = "linked" if wrong.linked else "copied"
    return f"{images} classified wrong, {verb} to {wrong.folder} as true class/predicted class"


def overall_line(scores: Mapping[str, float]) -> str:
    """Return the scores of all classes together: `balanced accuracy 93.10 %, macro F1 92.87 %`."""
    named = LABEL_SCORES if "exact_match" in scores else TEST_SCORES
    return ", ".join(
        f"{words} {per_cent(scores[name])}" for name, words in named.items() if name in scores
    )


def augmented_line(augmented: Mapping[str, Any]) -> str:
    """Return the accuracy of test-time augmentation in words."""
    from kcnn.recipe.data_settings import FlipsAndShifts

    changes = FlipsAndShifts.model_construct(flip=augmented["flip"], shift=augmented["shift"])
    return f"{per_cent(augmented['accuracy'])} with {changes.in_words} averaged"
