from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("written", "changed", "expected"),
    [
        ("  epochs: 2\n  optimizer: Adam", "  optimizer: Adam\nepochs: 2", [
            "9: epochs: belongs to train; indent it below train:"]),
        ("mnist", "mnist\n  normalize: true", [
            "3: data.normalize: unknown setting; did you mean scaling?"]),
        ("  epochs: 2\n  optimizer", "epochs: 2\noptimizer", [
            "8: epochs: belongs to train; indent it below train:",
            "9: optimizer: belongs to train; indent it below train:"]),
        ("data:\n  dataset: mnist", "dataset: mnist", [
            "1: dataset: belongs to data; indent it below data:"]),
        ("model:\n  layers:", "layers:", ["3: layers: belongs to model; indent it below model:"]),
        ("  layers:", "  optimizer: Adam\n  layers:", [
            "4: model.optimizer: belongs to train; move it below train:"]),
        ("Adam", "Adam\n  validation: 0.1", [
            "10: train.validation: belongs to data; move it below data:"]),
        ("Adam", "Adam\n  validation_split: 0.1", [
            "10: train.validation_split: belongs to data as validation; move it below data:"]),
        ("Adam", "Adam\n  augment: []", [
            "10: train.augment: belongs to data; move it below data:"]),
        ("Adam", "Adam\n  scaling: unit", [
            "10: train.scaling: belongs to data; move it below data:"]),
        ("mnist", "mnist\n  seed: 3", ["3: data.seed: belongs to train; move it below train:"]),
        ("mnist", "mnist\n  batch_size: 3", [
            "3: data.batch_size: belongs to train; move it below train:"]),
        ("mnist", "mnist\n  name: mine", [
            "3: data.name: belongs at the left edge; do not indent it"]),
        ("Adam", "Adam\n  patience: 3", [
            "10: train.patience: belongs to train.early_stopping; write early_stopping: "
            "{patience: 3} in train"]),
        ("Adam", "Adam\n  early_stopping: {monitor: loss}\n  patience: 3\n  min_delta: 0.1", [
            "11: train.patience: belongs to train.early_stopping; write early_stopping: "
            "{monitor: loss, patience: 3, min_delta: 0.1} in train",
            "12: train.min_delta: belongs to train.early_stopping; write early_stopping: "
            "{monitor: loss, patience: 3, min_delta: 0.1} in train"]),
        ("Adam", "Adam\n  patience: long", [
            "10: train.patience: belongs to train.early_stopping; move it there"]),
        ("Adam", "Adam\n  early_stopping: {epochs: 3}", [
            "10: train.early_stopping.epochs: belongs to train; move it below train:"]),
        ("Flatten", "Flatten: {epochs: 3}", [  # not in a layer, where anything may be meant
            "5: model.layers[0].Flatten.epochs: unknown setting; known here: name, inputs"]),
        ("  epochs: 2\n  optimizer: Adam", "", [
            "7: train: expected settings, as in train: {epochs: 5, optimizer: Adam}; got nothing"]),
    ],
)  # fmt: skip
def test_in_a_file(problems, base: str, written: str, changed: str, expected: list[str]) -> None:
    assert problems(base.replace(written, changed)) == [f"net.yaml:{one}" for one in expected]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=5", "epochs: belongs to train; write train.epochs=5"),
        ("train.validation=0.1",
         "train.validation: belongs to data; write data.validation=0.1"),
        ("train.val_split=0.1",
         "train.val_split: belongs to data as validation; write data.validation=0.1"),
        ("patience=3",
         "patience: belongs to train.early_stopping; write train.early_stopping.patience=3"),
    ],
)  # fmt: skip
def test_on_the_command_line(problems, base: str, override: str, message: str) -> None:
    assert problems(base, override) == [f"command line, {override}: {message}"]
