from __future__ import annotations

from dataclasses import replace

from kcnn.commands.evaluate import Evaluation
from kcnn.console.evaluate import evaluation_text
from kcnn.runs.scores import ClassScore
from kcnn.training.scoring.misclassified import Misclassified


def test_evaluation() -> None:
    scores = (ClassScore("cat", 0.5, 0.25, 1 / 3, 4), ClassScore("dog", None, None, None, 0))
    evaluation = Evaluation("net/run-001", "best", 1_000, 0.75, scores, None)
    text = (
        "class  precision   recall       f1  images\n"
        "─────  ─────────  ───────  ───────  ──────\n"
        "cat    50.00 %    25.00 %  33.33 %       4\n"
        "dog    –          –        –             0\n"
        "\n"
        "net/run-001 (best weights): test accuracy 75.00 % on 1,000 images"
    )
    assert evaluation_text(evaluation).split() == text.split()
    augmented = {"accuracy": 0.8, "flip": "horizontal", "shift": None}
    assert evaluation_text(replace(evaluation, augmented=augmented)).endswith(
        "on 1,000 images\n80.00 % with flips averaged"
    )


def test_wrong_images() -> None:
    evaluation = Evaluation("net/run-001", "last", 10, 0.75, (), None)
    for wrong, line in (
        (Misclassified("wrong", 1, False),
         "1 image classified wrong, copied to wrong as true class/predicted class"),
        (Misclassified("wrong", 1_234, True),
         "1,234 images classified wrong, linked to wrong as true class/predicted class"),
        (Misclassified("wrong", 0, False), "no image was classified wrong: nothing was written"),
    ):  # fmt: skip
        assert evaluation_text(replace(evaluation, wrong=wrong)).splitlines()[-1] == line
