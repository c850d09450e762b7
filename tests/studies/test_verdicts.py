from __future__ import annotations

import pytest

from kcnn.recipe.schema import Published
from kcnn.studies.quantities import Quantity
from kcnn.studies.verdicts import judge

# Three seeds of the course report's recipe, measured on such a machine.
TRAINING = Quantity("accuracy", (0.721, 0.725, 0.728), 45_000)
VALIDATION = Quantity("val_accuracy", (0.639, 0.652, 0.660), 5_000)
TEST = Quantity("test_accuracy", (0.662, 0.670, 0.676), 10_000)
MEASURED = [TEST, TRAINING, VALIDATION]


def published(value: float, metric: str = "test_accuracy") -> Published:
    return Published(metric=metric, value=value, source="a report")


def verdict(value: float, *values: float, images: int = 10_000) -> str:
    return judge(published(value), [Quantity("test_accuracy", values, images)]).verdict


def test_the_course_report() -> None:
    test = judge(published(0.72951), MEASURED)
    assert test.verdict == "below"
    assert test.closer is TRAINING
    assert test.hint == (
        "72.951 % is published as test accuracy, but it fits our training accuracy (72.47 %)"
    )
    validation = judge(published(0.6657, "val_accuracy"), MEASURED)
    assert (validation.verdict, validation.hint) == ("reproduced", None)


def test_an_augmented_score_is_judged_and_listed_after_the_plain_score() -> None:
    plain = Quantity("test_accuracy", (0.9300, 0.9302, 0.9304, 0.9301), 10_000)
    augmented = Quantity("test_augmented_accuracy", (0.9400, 0.9402, 0.9404, 0.9401), 10_000)
    ours = [plain, augmented]
    assert judge(published(0.9402, "test_augmented_accuracy"), ours).verdict == "reproduced"
    assert judge(published(0.99, "test_augmented_accuracy"), ours).verdict == "below"
    assert augmented.standard_error == pytest.approx(0.00237, abs=1e-5)
    mistaken = judge(published(0.9402), ours)
    assert (mistaken.verdict, mistaken.closer) == ("below", augmented)
    assert mistaken.hint.endswith("but it fits our augmented test accuracy (94.02 %)")


def test_our_accuracy_is_below_or_above() -> None:
    assert verdict(0.99, 0.901, 0.902, 0.903) == "below"
    assert verdict(0.80, 0.901, 0.902, 0.903) == "above"


def test_allows_for_the_rounding_of_a_published_figure() -> None:
    ours = (0.9762, 0.9763, 0.9764)  # a further run is expected in about 97.3 to 98.0 %
    assert verdict(0.98, *ours) == "reproduced"
    assert verdict(0.985, *ours) == "below"
    assert verdict(0.97, 0.9762, 0.9763, 0.9764) == "reproduced"
    judged = judge(published(0.97), [Quantity("test_accuracy", ours, 10_000)])
    assert judged.reason.endswith("; before rounding, it was in 96.50–97.50 %")


@pytest.mark.parametrize(
    ("value", "metric", "rounding"),
    [(0.98, "val_accuracy", 0.005), (0.986, "test_accuracy", 0.0005), (1.0, "accuracy", 0.005),
     (0.9, "accuracy", 0.005), (0.72951, "accuracy", 0.000005), (1.679, "loss", 0.0005),
     (2.0, "loss", 0.5), (1e-05, "loss", 0.000005), (20.0, "test_loss", 0.5),
     (100.0, "loss", 0.5), (1e16, "loss", 0.5), (0.0, "loss", 0.5), (0.9, "test_precision", 0.005),
     (1.0, "recall", 0.005), (0.9, "val_f1_score", 0.005), (0.97, "test_augmented_auc", 0.005),
     (0.9912, "test_sparse_top_k_categorical_accuracy", 0.00005)],
)  # fmt: skip
def test_half_a_unit_of_the_last_digit(value: float, metric: str, rounding: float) -> None:
    assert published(value, metric).rounding == pytest.approx(rounding)


def test_a_whole_number_is_rounded_to_units_and_not_to_tens() -> None:
    quantity = Quantity("test_loss", (16.1, 16.2, 16.3), 360)
    assert judge(published(20.0, "test_loss"), [quantity]).verdict == "below"


def test_a_precision_is_judged_as_an_accuracy_is() -> None:
    judged = judge(
        published(0.9, "test_precision"), [Quantity("test_precision", (0.94, 0.94, 0.94), 10_000)]
    )
    assert (judged.verdict, judged.value_text) == ("above", "90 %")
    assert judged.reason == (
        "one more run of ours is expected in 93.34–94.66 %, and it lies outside: ours is above"
    )


EXPECTED = "one more run of ours is expected in"
NOTHING = "neither agreement nor difference can be concluded; run"


@pytest.mark.parametrize(
    ("value", "ours", "verdict", "reason"),
    [
        (0.9, (0.9,), "too few seeds", f"one seed (90.00 %) has no spread: {NOTHING} at least 3"),
        (0.905, (0.9, 0.91), "reproduced", f"{EXPECTED} 79.47–100.00 %, and it lies there"),
        (0.97, (0.9762, 0.9763, 0.9764), "reproduced",
         f"{EXPECTED} 97.21–98.05 %; before rounding, it was in 96.50–97.50 %"),
        (0.8, (0.9, 0.92), "too few seeds",
         f"{EXPECTED} 68.98–100.00 %; it lies there only because 2 seeds leave their spread "
         f"uncertain (with the spread known, it would be 87.51–94.49 %): {NOTHING} more"),
        (0.99, (0.901, 0.902, 0.903), "below",
         f"{EXPECTED} 89.24–91.16 %, and it lies outside: ours is below"),
    ],
)  # fmt: skip
def test_verdict_and_reason(
    value: float, ours: tuple[float, ...], verdict: str, reason: str
) -> None:
    judged = judge(published(value), [Quantity("test_accuracy", ours, 10_000)])
    assert (judged.verdict, judged.reason) == (verdict, reason)


def test_a_single_seed_has_no_verdict() -> None:
    result = judge(published(0.9), [Quantity("test_accuracy", (0.9,), 10_000)])
    assert result.verdict == "too few seeds"
    assert "neither agreement nor difference can be concluded" in result.reason


def test_two_seeds_far_apart_are_too_few() -> None:
    # Student's interval of two values reaches everywhere; the spread itself does not.
    assert verdict(0.80, 0.90, 0.92) == "too few seeds"
    assert verdict(0.91, 0.90, 0.92) == "reproduced"
    assert verdict(0.80, *[0.90, 0.92] * 10) == "above"


def test_allows_for_other_test_images() -> None:
    same = (0.9, 0.9, 0.9)
    assert verdict(0.88, *same, images=360) == "reproduced"
    assert verdict(0.88, *same, images=10_000) == "above"


def test_a_loss_has_no_sampling_error() -> None:
    quantity = Quantity("test_loss", (0.5, 0.5, 0.5), 360)
    assert judge(published(0.5001, "test_loss"), [quantity]).verdict == "below"
    assert judge(published(0.5, "test_loss"), [quantity]).value_text == "0.5"


def test_a_loss_does_not_fit_an_accuracy() -> None:
    loss = Quantity("loss", (0.72, 0.73, 0.74), 45_000)
    assert judge(published(0.73), [TEST, loss]).hint is None


def test_a_metric_that_was_not_measured() -> None:
    result = judge(published(0.66, "val_accuracy"), [TEST])
    assert (result.verdict, result.quantity) == ("not measured", None)
    assert result.as_json()["mean"] is None
