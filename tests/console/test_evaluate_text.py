from __future__ import annotations

from dataclasses import replace

import pytest

from kcnn.commands.evaluate import Evaluation
from kcnn.console.evaluate import evaluation_text, overall_line
from kcnn.runs.scores import ClassScore
from kcnn.training.scoring.misclassified import Misclassified

OVERALL = {"balanced_accuracy": 0.25, "macro_f1": 1 / 3}


def test_evaluation() -> None:
    scores = (ClassScore("cat", 0.5, 0.25, 1 / 3, 4), ClassScore("dog", None, None, None, 0))
    evaluation = Evaluation("net/run-001", "best", 1_000, 0.75, OVERALL, scores, None)
    text = (
        "class  precision   recall       f1  images\n"
        "─────  ─────────  ───────  ───────  ──────\n"
        "cat    50.00 %    25.00 %  33.33 %       4\n"
        "dog    –          –        –             0\n"
        "\n"
        "net/run-001 (best weights): test accuracy 75.00 % on 1,000 images\n"
        "balanced accuracy 25.00 %, macro F1 33.33 %"
    )
    assert evaluation_text(evaluation).split() == text.split()
    augmented = {"accuracy": 0.8, "flip": "horizontal", "shift": None}
    assert evaluation_text(replace(evaluation, augmented=augmented)).endswith(
        "macro F1 33.33 %\n80.00 % with flips averaged"
    )
    two = {"roc_auc": 0.97125, "average_precision": 0.9, **OVERALL}
    assert evaluation_text(replace(evaluation, overall=two)).endswith(
        "balanced accuracy 25.00 %, macro F1 33.33 %, area under the ROC curve 97.12 %, average "
        "precision 90.00 %; dog is the positive class"
    )
    assert evaluation.as_json()["macro_f1"] == pytest.approx(1 / 3)
    assert "overall" not in evaluation.as_json()


def test_wrong_images() -> None:
    evaluation = Evaluation("net/run-001", "last", 10, 0.75, OVERALL, (), None)
    for wrong, line in (
        (Misclassified("wrong", 1, False),
         "1 image classified wrong, copied to wrong as true class/predicted class"),
        (Misclassified("wrong", 1_234, True),
         "1,234 images classified wrong, linked to wrong as true class/predicted class"),
        (Misclassified("wrong", 0, False), "no image was classified wrong: nothing was written"),
    ):  # fmt: skip
        assert evaluation_text(replace(evaluation, wrong=wrong)).splitlines()[-1] == line


def test_scores_of_several_labels_end_with_those_of_tuned_thresholds() -> None:
    scores = {
        "accuracy": 0.9,
        "tuned_macro_f1": 0.6,
        "mean_average_precision": 0.8,
        "exact_match": 0.3,
        "macro_f1": 0.5,
        "micro_f1": 0.4,
    }
    assert overall_line(scores) == (
        "mean average precision 80.00 %, exact match 30.00 %, micro F1 40.00 %, macro F1 50.00 %, "
        "macro F1 with the thresholds of validation 60.00 %"
    )
