"""The text of kcnn evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcnn.console.tables import table
from kcnn.runs.metrics import TEST_SCORES
from kcnn.text.numbers import count_text, per_cent

if TYPE_CHECKING:
    from kcnn.commands.evaluate import Evaluation


def evaluation_text(evaluation: Evaluation) -> str:
    """Return a row per class, and the accuracy."""
    rows = [
        (score.name, per_cent(score.precision), per_cent(score.recall), per_cent(score.f1),
         score.support)
        for score in evaluation.per_class
    ]  # fmt: skip
    text = (
        table(("class", "precision", "recall", "f1", "images"), rows)
        + f"\n\n{evaluation.run} ({evaluation.weights} weights): test accuracy "
        f"{per_cent(evaluation.accuracy)} on {count_text(evaluation.images, 'image')}"
    )
    text += f"\n{overall_line(evaluation.overall)}"
    if "roc_auc" in evaluation.overall:
        text += f"; {evaluation.per_class[1].name} is the positive class"
    augmented = evaluation.augmented
    if augmented:
        text += f"\n{augmented_line(augmented)}"
    return f"{text}\n{_wrong_line(evaluation)}" if evaluation.wrong else text


def _wrong_line(evaluation: Evaluation) -> str:
    wrong = evaluation.wrong
    if wrong is None or not wrong.images:
        return "no image was classified wrong: nothing was written"
    images = count_text(wrong.images, "image")
    verb = "linked" if wrong.linked else "copied"
    return f"{images} classified wrong, {verb} to {wrong.folder} as true class/predicted class"


def overall_line(scores: Mapping[str, float]) -> str:
    """Return the scores of all classes together: `balanced accuracy 93.10 %, macro F1 92.87 %`."""
    return ", ".join(
        f"{words} {per_cent(scores[name])}" for name, words in TEST_SCORES.items() if name in scores
    )


def augmented_line(augmented: Mapping[str, Any]) -> str:
    """Return the accuracy of test-time augmentation in words."""
    from kcnn.recipe.data_settings import FlipsAndShifts

    changes = FlipsAndShifts.model_construct(flip=augmented["flip"], shift=augmented["shift"])
    return f"{per_cent(augmented['accuracy'])} with {changes.in_words} averaged"
