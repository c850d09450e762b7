from __future__ import annotations

from pathlib import Path

from kcnn.commands.predict import Prediction, Predictions
from kcnn.console.predict import predictions_text


def test_predictions() -> None:
    some = Predictions(
        (
            Prediction(Path("a.png"), (("cat", 0.875), ("dog", 0.125))),
            Prediction(Path("b.png"), (("dog", 0.9996), ("cat", 0.0004))),
        )
    )
    assert predictions_text(some) == (
        "image  class        2nd\n"
        "─────  ───────────  ──────────\n"
        "a.png  cat 87.5 %   dog 12.5 %\n"
        "b.png  dog 99.96 %  cat 0.0 %"
    )
    assert some.as_json()[0] == {
        "image": "a.png",
        "classes": [{"class": "cat", "probability": 0.875}, {"class": "dog", "probability": 0.125}],
    }
