from __future__ import annotations

import os

import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import RunError
from kcnn.figures.examples import first_example, right_and_wrong, user_image
from kcnn.runs.scores import Predictions

CLASS_NAMES = ("cat", "dog", "a class with a really very long name")
LABELS = np.array([0, 1, 2, 0, 1], dtype=np.int32)
PIXELS = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None], (5, 4, 4, 1))
TEST = MemoryImages(PIXELS, LABELS)


def predictions(predicted: list[int], probability: list[float]) -> Predictions:
    return Predictions(np.arange(5), LABELS, np.array(predicted), np.array(probability))


def test_returns_the_first_right_image_and_the_most_confident_mistake() -> None:
    predicted = predictions([1, 1, 0, 1, 1], [0.7, 0.61, 0.98, 0.99, 1.0])
    right, wrong = right_and_wrong(TEST, predicted, CLASS_NAMES)
    assert (int(right.pixels[0, 0, 0]), int(wrong.pixels[0, 0, 0])) == (1, 3)
    assert right.caption == "test image 1: right\ntrue class: dog\npredicted: dog, 61.0 %"
    assert wrong.caption == (
        "test image 3: wrong, the most confident mistake\ntrue class: cat\npredicted: dog, 99.00 %"
    )


def test_caption_without_mistakes() -> None:
    (only,) = right_and_wrong(TEST, predictions([0, 1, 2, 0, 1], [0.9] * 5), CLASS_NAMES)
    assert only.caption.startswith("test image 0: right, as all 5 test images are\n")


def test_caption_if_every_image_is_wrong() -> None:
    (only,) = right_and_wrong(TEST, predictions([1, 0, 0, 1, 0], [0.9] * 5), CLASS_NAMES)
    assert "no test image is right\n" in only.caption


def test_refuses_predictions_of_other_images() -> None:
    other = MemoryImages(PIXELS, LABELS[::-1])
    with pytest.raises(RunError, match="does not fit the test images"):
        right_and_wrong(other, predictions([0, 1, 2, 0, 1], [0.9] * 5), CLASS_NAMES)


def test_first_example_of_an_unscored_run() -> None:
    example = first_example(TEST, CLASS_NAMES)
    assert example.caption == "first test image, the run was not scored\ntrue class: cat"
    np.testing.assert_array_equal(example.pixels, PIXELS[0])


def test_user_image_has_its_name_and_predicted_class() -> None:
    example = user_image(PIXELS[2], "x" * 60 + ".png", (CLASS_NAMES[2], 0.5))
    name, predicted = example.caption.split("\n")
    assert name == "x" * 47 + "…"
    assert predicted == "predicted: a class with a really v…, 50.0 %"


def test_user_image_of_an_unscored_run() -> None:
    assert user_image(PIXELS[2], "cat.png", None).caption == "cat.png\nthe run was not scored"


def test_user_image_with_a_name_that_is_not_utf8() -> None:
    example = user_image(PIXELS[2], os.fsdecode(b"caf\xe9.png"), ("cat", 0.5))
    assert example.caption == "caf?.png\npredicted: cat, 50.0 %"


def test_caption_names_the_file() -> None:
    class NamedImages(MemoryImages):
        names = ("a.jpg", "cat/b.jpg", "c.jpg", "d.jpg", "e.jpg")

    predicted = predictions([1, 1, 0, 1, 1], [0.7, 0.61, 0.98, 0.99, 1.0])
    right, _ = right_and_wrong(NamedImages(PIXELS, LABELS), predicted, CLASS_NAMES)
    assert right.caption.startswith("test image 1: right\ncat/b.jpg\ntrue class: dog\n")
