from __future__ import annotations

from kcnn.console.metrics import epoch_line, metrics_line, training_line
from kcnn.progress import TrainingStarted

ROW = {"epoch": 3, "loss": 1 / 3, "accuracy": 0.98765, "learning_rate": 0.1, "seconds": 1.25}


def test_a_training_and_its_second_phase_begin_with_a_line() -> None:
    assert training_line(TrainingStarted(23, 8, 32)) == (
        "Training: 23 epochs of 8 steps, 32 images a step"
    )
    assert training_line(TrainingStarted(1, 60_000, 1)) == (
        "Training: 1 epoch of 60,000 steps, 1 image a step"
    )
    assert training_line(TrainingStarted(23, 8, 32, after=20)) == (
        "Training: epochs 21 to 23 of 8 steps, 32 images a step"
    )


def test_an_epoch_on_a_line() -> None:
    assert epoch_line(3, 10, ROW) == "epoch  3/10  loss 0.3333  accuracy 98.77 %  1.2 s"
    assert epoch_line(3, 3, ROW) == "epoch 3/3  loss 0.3333  accuracy 98.77 %  1.2 s"


def test_only_accuracies_are_per_cent() -> None:
    metrics = {"val_accuracy": 0.5, "val_loss": 0.5, "top_k_categorical_accuracy": 0.5}
    assert metrics_line(metrics) == (
        "val_accuracy 50.00 %  val_loss 0.5000  top_k_categorical_accuracy 0.5000"
    )
