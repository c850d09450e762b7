from __future__ import annotations

from kcnn.console.metrics import epoch_line, metrics_line

ROW = {"epoch": 3, "loss": 1 / 3, "accuracy": 0.98765, "learning_rate": 0.1, "seconds": 1.25}


def test_an_epoch_on_a_line() -> None:
    assert epoch_line(3, 10, ROW) == "epoch  3/10  loss 0.3333  accuracy 98.77 %  1.2 s"
    assert epoch_line(3, 3, ROW) == "epoch 3/3  loss 0.3333  accuracy 98.77 %  1.2 s"


def test_only_accuracies_are_per_cent() -> None:
    metrics = {"val_accuracy": 0.5, "val_loss": 0.5, "top_k_categorical_accuracy": 0.5}
    assert metrics_line(metrics) == (
        "val_accuracy 50.00 %  val_loss 0.5000  top_k_categorical_accuracy 0.5000"
    )
