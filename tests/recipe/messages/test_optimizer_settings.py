from __future__ import annotations

import pytest

NESTED = "optimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}"
OUT = "unknown setting; belongs to the optimizer; take it out here and write"


@pytest.mark.parametrize(
    ("written", "changed", "expected"),
    [
        ("Adam", "SGD\n  learning_rate: 0.05", [
            f"10: train.learning_rate: {OUT} optimizer: {{SGD: {{learning_rate: 0.05}}}}"]),
        ("Adam", "adam\n  lr: 0.05", [
            f"10: train.lr: {OUT} optimizer: {{adam: {{learning_rate: 0.05}}}}"]),
        # of several, each is told the same mend
        ("Adam", "SGD\n  learning_rate: 0.05\n  momentum: 0.9", [
            f"10: train.learning_rate: {OUT} {NESTED}",
            f"11: train.momentum: {OUT} {NESTED}"]),
        ("Adam", "SGD\n  momentum: 0.9\nlr: 0.05", [
            f"10: train.momentum: {OUT} optimizer: {{SGD: {{momentum: 0.9, learning_rate: 0.05}}}}",
            f"11: lr: {OUT} optimizer: {{SGD: {{momentum: 0.9, learning_rate: 0.05}}}} in train"]),
        ("layers:", "learning_rate: 0.05\n  layers:", [
            f"4: model.learning_rate: {OUT} optimizer: {{Adam: {{learning_rate: 0.05}}}} in "
            "train"]),
        # with what the optimizer has already
        ("Adam", "{SGD: {momentum: 0.9}}\n  learning_rate: 0.05", [
            f"10: train.learning_rate: {OUT} {NESTED}"]),
        ("Adam", "{SGD: {learning_rate: 0.1}}\n  learning_rate: 0.05", [
            "10: train.learning_rate: unknown setting; belongs to SGD, which has learning_rate "
            "already; keep one, there"]),
        # no other optimizer and no other value is named
        ("Adam", "Adam\n  momentum: 0.9", [
            "10: train.momentum: unknown setting; Adam has none of this name; did you mean "
            "beta_1?"]),
        ("Adam", "SGD\n  learning_rate: fast", [
            "10: train.learning_rate: unknown setting; belongs to the optimizer; move it into the "
            "braces of SGD"]),
        ("Adam", "Adm\n  weight_decay: 0.1", [
            "9: train.optimizer: unknown optimizer 'Adm'; did you mean Adam?",
            "10: train.weight_decay: unknown setting; belongs to the optimizer; move it into its "
            "braces, in train.optimizer"]),
        ("  optimizer: Adam", "  clipnorm: 1", [
            "7: train.optimizer: missing; this setting is needed",
            "9: train.clipnorm: unknown setting; belongs to the optimizer; move it into its "
            "braces, in train.optimizer"]),
    ],
)  # fmt: skip
def test_outside_of_the_optimizer(
    problems, base: str, written: str, changed: str, expected: list[str]
) -> None:
    assert problems(base.replace(written, changed)) == [f"net.yaml:{one}" for one in expected]


def test_on_the_command_line(problems, base: str) -> None:
    assert problems(base, "train.lr=0.05") == [
        "command line, train.lr=0.05: train.lr: unknown setting; belongs to the optimizer; write "
        "train.optimizer.Adam.learning_rate=0.05"
    ]


@pytest.mark.parametrize(
    ("rate", "hint"),
    [
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 1000}}",
         "; write 0.1 here, and the schedule in train, as in learning_rate_schedule: Cosine"),
        ("{ExponentialDecay: {decay_rate: 0.5}}", "; write the highest rate here, and the schedule "
         "in train, as in learning_rate_schedule: {Exponential: {factor: 0.9}}"),
        ("{PiecewiseConstantDecay: }", "; write the highest rate here, and the schedule in train, "
         "as in learning_rate_schedule: {Step: {epochs: [10, 15]}}"),
        ("keras.optimizers.schedules.CosineDecay(0.1)",
         "; write 0.1 here, and the schedule in train, as in learning_rate_schedule: Cosine"),
        ("cosine", "; write the highest rate here, and the schedule in train, as in "
         "learning_rate_schedule: Cosine"),
        ("PolynomialDecay", "; a schedule belongs to train; of PolynomialDecay: left out; nearest "
         "to it are Cosine and Exponential"),
        ("fast", ""), ("[0.1]", ""), ("{a: 1}", ""), ("{a: 1, b: 2}", ""), ("{5: 1}", ""),
    ],
)  # fmt: skip
def test_a_schedule_in_place_of_the_rate(problems, base: str, rate: str, hint: str) -> None:
    text = base.replace("Adam", f"{{Adam: {{learning_rate: {rate}}}}}")
    (problem,) = problems(text)
    assert problem.startswith(
        "net.yaml:9: train.optimizer.Adam.learning_rate: expected a number; got "
    )
    assert problem.partition("got ")[2].partition(";")[2] == hint[1:]
