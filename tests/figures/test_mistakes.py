from __future__ import annotations

import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.errors import RunError
from kcnn.figures import mistakes
from kcnn.runs.scores import Predictions

CLASS_NAMES = ("cat", "dog", "a class with a very long name")


LABELS = np.array([0, 1, 2, 0, 1], dtype=np.int32)
IMAGES = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None], (5, 4, 4, 1))
TEST = MemoryImages(IMAGES, LABELS)


def predictions(predicted: list[int], probability: list[float]) -> Predictions:
    return Predictions(np.arange(5), LABELS, np.array(predicted), np.array(probability))


def test_most_confident_mistake_is_first() -> None:
    predicted = predictions([0, 0, 0, 1, 1], [1.0, 0.6, 0.9, 0.7, 1.0])
    assert mistakes.most_confident_mistakes(predicted).tolist() == [2, 3, 1]


def test_draws_each_mistake_with_both_classes_and_the_probability() -> None:
    predicted = predictions([0, 0, 0, 2, 1], [1.0, 0.6, 0.9, 0.7, 1.0])
    figure = mistakes.draw(TEST, predicted, CLASS_NAMES, "cifar/run-001: 40.0 % test accuracy")
    axes = figure.axes[0]
    assert [int(image.get_array()[0, 0]) for image in axes.images] == [2, 3, 1]
    captions = [text.get_text() for text in axes.texts]
    assert captions == [
        "a class w…\n→ cat\n90.0 %",
        "cat\n→ a class w…\n70.0 %",
        "dog\n→ cat\n60.0 %",
    ]
    assert "3 of 3" in figure.get_suptitle()


def test_predictions_may_be_in_any_order() -> None:
    order = np.array([4, 2, 0, 1, 3])
    predicted = Predictions(order, LABELS[order], np.array([1, 0, 0, 1, 0]), np.full(5, 0.5))
    axes = mistakes.draw(TEST, predicted, CLASS_NAMES, "run").axes[0]
    assert [int(image.get_array()[0, 0]) for image in axes.images] == [2]


def test_refuses_predictions_without_mistakes() -> None:
    with pytest.raises(RunError, match="no mistakes"):
        mistakes.draw(TEST, predictions(LABELS.tolist(), [1.0] * 5), CLASS_NAMES, "run")


@pytest.mark.parametrize(
    "wrong",
    [
        Predictions(np.array([5]), np.array([0]), np.array([1]), np.array([0.5])),
        Predictions(np.array([-1]), np.array([1]), np.array([0]), np.array([0.5])),
        Predictions(np.array([0]), np.array([1]), np.array([0]), np.array([0.5])),
        Predictions(np.array([0]), np.array([0]), np.array([3]), np.array([0.5])),
    ],
)
def test_refuses_predictions_of_other_images(wrong: Predictions) -> None:
    with pytest.raises(RunError, match="does not fit the test images"):
        mistakes.draw(TEST, wrong, CLASS_NAMES, "run")


def test_classes_that_begin_alike_look_different() -> None:
    names = ("Corn_(maize)___Common_rust", "Corn_(maize)___healthy", "Apple")
    predicted = predictions([1, 0, 2, 0, 1], [0.9] * 5)
    axes = mistakes.draw(TEST, predicted, names, "run").axes[0]
    for true, guess, _ in (text.get_text().split("\n") for text in axes.texts):
        assert true != guess.removeprefix("→ ")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/IMG_2023_0001.jpg", "dog/IMG_2023_0002.jpg"],
         ["3.jpg", "…023_0001.jpg", "…023_0002.jpg"]),
        (["cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/4.jpg", "dog/5.jpg"],
         ["dog/3.jpg", "dog/4.jpg", "dog/5.jpg"]),
        (["cat/1.jpg", "cat/2.jpg", "cat/a/1.jpg", "cat/b/1.jpg", "dog/1.jpg"],
         ["cat/a/1.jpg", "cat/b/1.jpg", "dog/1.jpg"]),
    ],
)  # fmt: skip
def test_mistakes_name_their_files(names: list[str], shown: list[str]) -> None:
    class NamedImages(MemoryImages):
        pass

    NamedImages.names = names
    predicted = predictions([0, 1, 0, 1, 0], [1.0, 1.0, 0.9, 0.8, 0.7])
    figure = mistakes.draw(NamedImages(IMAGES, LABELS), predicted, CLASS_NAMES, "run")
    captions = [text.get_text() for text in figure.axes[0].texts]
    assert [caption.split("\n")[3] for caption in captions] == shown
    assert "(true → predicted, probability, file)" in figure.get_suptitle()


def test_arrows_stay_left_of_names_from_right_to_left() -> None:
    predicted = predictions([1, 1, 2, 0, 1], [0.9] * 5)
    axes = mistakes.draw(TEST, predicted, ("cat", "قطة", "dog"), "run").axes[0]
    assert axes.texts[0].get_text() == "cat\n\u200e→ قطة\u200e\n90.0 %"
