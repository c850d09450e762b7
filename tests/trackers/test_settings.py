"""Settings and results as flat names and values."""

from __future__ import annotations

from kcnn.runs.folder import RunFolder
from kcnn.trackers.settings import flat_settings, results


def test_settings_have_dotted_names(tracked_run: RunFolder) -> None:
    settings = flat_settings(tracked_run)
    assert settings["name"] == "digits"
    assert settings["model.layers.0.Conv2D.filters"] == "32"
    assert settings["model.layers.5"] == "Flatten"
    assert settings["train.optimizer.Adam.learning_rate"] == "0.001"
    assert settings["train.shuffle"] == "true"
    assert all(isinstance(value, str) for value in settings.values())


def test_a_list_of_numbers_is_one_setting(tracked_run: RunFolder) -> None:
    tracked_run.resolved.write_text(
        "name: x\ndata: {dataset: digits}\nmodel: {layers: [{Conv2D: {filters: 2, kernel_size: "
        "[3, 5]}}, Flatten, {Dense: {units: 10}}]}\ntrain: {epochs: 1, batch_size: 8, "
        "optimizer: SGD}\n"
    )
    assert flat_settings(tracked_run)["model.layers.0.Conv2D.kernel_size"] == "[3, 5]"


def test_results_are_the_numbers_of_the_summary(tracked_run: RunFolder) -> None:
    assert results(tracked_run) == {
        "test_images": 360,
        "test_loss": 0.25,
        "test_accuracy": 0.9,
        "best_epoch": 2,
        "best_val_accuracy": 0.8,
        "best_test_accuracy": 0.85,
    }
