from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("written", "changed", "expected"),
    [
        ("  epochs: 2\n  optimizer: Adam", "  optimizer: Adam\nepochs: 2", [
            "9: epochs: unknown setting; belongs to train; move it there"]),
        ("  epochs: 2\n  optimizer", "epochs: 2\noptimizer", [
            "8: epochs: unknown setting; belongs to train; move it there",
            "9: optimizer: unknown setting; belongs to train; move it there"]),
        ("data:\n  dataset: mnist", "dataset: mnist", [
            "1: dataset: unknown setting; belongs to data; move it there"]),
        ("  layers:", "  optimizer: Adam\n  layers:", [
            "4: model.optimizer: unknown setting; belongs to train; move it there"]),
        ("Adam", "Adam\n  validation_split: 0.1", [
            "10: train.validation_split: unknown setting; belongs to data as validation; move it "
            "there"]),
        ("mnist", "mnist\n  seed: 3", [
            "3: data.seed: unknown setting; belongs to train; move it there"]),
        ("mnist", "mnist\n  name: mine", [
            "3: data.name: unknown setting; belongs at the left edge; do not indent it"]),
        ("Adam", "Adam\n  patience: 3", [
            "10: train.patience: unknown setting; belongs to train.early_stopping; move it "
            "there"]),
        ("Adam", "Adam\n  early_stopping: {epochs: 3}", [
            "10: train.early_stopping.epochs: unknown setting; belongs to train; move it there"]),
        # known in its own section by another name
        ("mnist", "mnist\n  normalize: true", [
            "3: data.normalize: unknown setting; did you mean scaling?"]),
        # not in a layer: there, the setting could mean anything
        ("Flatten", "Flatten: {epochs: 3}", [
            "5: model.layers[0].Flatten.epochs: unknown setting; known here: name, inputs"]),
        # a setting of the recipe's optimizer
        ("Adam", "SGD\n  learning_rate: 0.05", [
            "10: train.learning_rate: unknown setting; belongs to the optimizer, as in optimizer: "
            "{SGD: {learning_rate: 0.01}}"]),
        ("Adam", "{adam: {beta_1: 0.8}}\n  lr: 0.05", [
            "10: train.lr: unknown setting; belongs to the optimizer, as in optimizer: {Adam: "
            "{learning_rate: 0.001}}"]),
        ("layers:", "learning_rate: 0.05\n  layers:", [
            "4: model.learning_rate: unknown setting; belongs to the optimizer, as in optimizer: "
            "{Adam: {learning_rate: 0.001}}"]),
        # of another optimizer, if the recipe's has no such setting or is unknown
        ("Adam", "Lion\n  momentum: 0.9", [
            "10: train.momentum: unknown setting; belongs to the optimizer, as in optimizer: "
            "{SGD: {momentum: 0.9}}"]),
        ("Adam", "Adm\n  weight_decay: 0.1", [
            "9: train.optimizer: unknown optimizer 'Adm'; did you mean Adam?",
            "10: train.weight_decay: unknown setting; belongs to the optimizer, as in optimizer: "
            "{SGD: {weight_decay: 0.01}}"]),
        ("  optimizer: Adam", "  clipnorm: 1", [
            "9: train.clipnorm: unknown setting; belongs to the optimizer, as in optimizer: {SGD: "
            "{clipnorm: 1.0}}"]),
        # a section without settings
        ("  epochs: 2\n  optimizer: Adam", "", [
            "7: train: expected settings, as in train: {epochs: 5, optimizer: Adam}; got nothing"]),
    ],
)  # fmt: skip
def test_reports_mistakes_in_a_file(
    problems, base: str, written: str, changed: str, expected: list[str]
) -> None:
    assert problems(base.replace(written, changed)) == [
        f"net.yaml:{problem}" for problem in expected
    ]


@pytest.mark.parametrize(
    ("override", "home"),
    [
        ("epochs=5", "train.epochs"),
        ("train.val_split=0.1", "data.validation"),
        ("patience=3", "train.early_stopping.patience"),
        ("train.lr=0.05", "train.optimizer.Adam.learning_rate"),
    ],
)
def test_reports_mistakes_on_the_command_line(
    problems, base: str, override: str, home: str
) -> None:
    name = override.partition("=")[0]
    assert problems(base, override) == [
        f"command line, {override}: {name}: unknown setting; the setting is {home}"
    ]
