"""The text of kcnn evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcnn.console.tables import table
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
    augmented = evaluation.augmented
    return f"{text}\n{augmented_line(augmented)}" if augmented else text


def augmented_line(augmented: Mapping[str, Any]) -> str:
    """Return the accuracy of test-time augmentation in words."""
    from kcnn.recipe.schema import FlipsAndShifts  # not for --help to wait for

    changes = FlipsAndShifts.model_construct(flip=augmented["flip"], shift=augmented["shift"])
    return f"{per_cent(augmented['accuracy'])} with {changes.in_words} averaged"
