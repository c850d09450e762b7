from __future__ import annotations

import numpy as np
import pytest

from kcnn.export.agreement import compare, disagreement
from kcnn.export.format import Tolerance


def probabilities_of(classes: list[int]) -> np.ndarray:
    return np.float32(0.9) * np.eye(3, dtype=np.float32)[classes] + np.float32(0.05)


def test_compares_with_the_model_and_with_the_labels() -> None:
    model = probabilities_of([0, 1, 2, 0])
    exported = model.copy()
    exported[0] += (-0.5, 0.5, 0.0)
    agreement = compare([model, exported], model, np.array([0, 1, 1, 0]))
    assert agreement.largest_difference == pytest.approx(0.5)
    assert agreement.mean_difference == pytest.approx(1 / 12)
    assert agreement.other_classes == 1
    assert agreement.accuracy == 0.5  # of the worse signature
    assert agreement.within(Tolerance(0.6, 0.25))
    assert agreement.within(Tolerance(None, 0.25))
    assert not agreement.within(Tolerance(0.4, 0.25))
    assert not agreement.within(Tolerance(0.6, 0.01))
    assert agreement.moved == pytest.approx(0.5 / 4)  # of the first of four images
    assert agreement.within(Tolerance(None, 0.25, moved=0.13))
    assert not agreement.within(Tolerance(None, 0.25, moved=0.12))
    error = disagreement(agreement, Tolerance(1e-5, 0))
    assert error.message == (
        "it does not predict what the model predicts: probabilities differ by up to 0.5 (allowed "
        "1e-05), 1 of 4 images get another class (allowed 0)"
    )
    assert error.hint == "nothing was written; please report this with the run's resolved.yaml"
    error = disagreement(agreement, Tolerance(None, 0.01, moved=0.1), "int8")
    assert error.hint == "nothing was written; choose another --quantize, or leave it out"
    assert error.message == (
        "it does not predict what the model predicts: probabilities differ by up to 0.5, "
        "12.5 % of the probability moves to other classes (allowed 10 %), "
        "1 of 4 images get another class (allowed 0)"
    )


@pytest.mark.parametrize(
    ("fraction", "count", "allowed"),
    [(0.0, 10_000, 0), (0.001, 10_000, 16), (0.001, 360, 1), (0.01, 20, 1), (0.25, 10_000, 2586)],
)
def test_in_small_sets_chance_may_bring_more(fraction: float, count: int, allowed: int) -> None:
    assert Tolerance(None, fraction).allowed_images(count) == allowed


def test_nan_is_no_agreement() -> None:
    model = probabilities_of([0, 1, 2])
    wrong = model.copy()
    wrong[1, 1] = np.nan
    for predictions in ([wrong], [model, wrong], [wrong, model]):
        agreement = compare(predictions, model, np.array([0, 1, 2]))
        assert not agreement.within(Tolerance(1, 1))
        assert not agreement.within(Tolerance(None, 1))


def test_compares_several_labels() -> None:
    model = np.array([[0.9, 0.8, 0.1], [0.2, 0.1, 0.0]], np.float32)
    exported = np.array([[0.9, 0.4, 0.1], [0.2, 0.1, 0.0]], np.float32)
    labels = np.array([[1, 1, 0], [0, 0, 0]], np.uint8)
    agreement = compare([exported], model, labels, several_labels=True)
    assert agreement.other_classes == 1
    assert agreement.moved == pytest.approx(0.4 / 6)
    assert agreement.accuracy == pytest.approx(5 / 6)
    assert np.isnan(compare([exported], model, np.array([0, 1]), several_labels=True).accuracy)
