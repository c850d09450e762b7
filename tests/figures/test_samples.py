from __future__ import annotations

import numpy as np

from kcnn.data.dataset import Images, MemoryImages
from kcnn.figures import samples

CLASS_NAMES = [f"class {number}" for number in range(10)]


def training_images(labels: np.ndarray, channels: int = 1) -> Images:
    count = len(labels)
    images = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return MemoryImages(np.broadcast_to(images, (count, 4, 4, channels)), labels)


def drawn(training: Images) -> list[int]:
    axes = samples.draw(training, CLASS_NAMES, "digits").axes[0]
    return [int(image.get_array()[0, 0]) for image in axes.images]


def test_draws_every_class_before_repeating_any() -> None:
    training = training_images(np.repeat(np.arange(10), 20))
    positions = drawn(training)
    assert len(set(positions)) == 40
    for turn in np.split(training.labels[positions], 4):
        assert sorted(turn) == list(range(10))
    assert positions == drawn(training)


def test_caption_is_the_class_of_the_image() -> None:
    training = training_images(np.arange(60) % 10)
    axes = samples.draw(training, CLASS_NAMES, "digits").axes[0]
    assert len(axes.images) == 40
    for image, caption in zip(axes.images, axes.texts, strict=True):
        position = int(image.get_array()[0, 0])
        assert caption.get_text() == CLASS_NAMES[training.labels[position]]


def test_draws_fewer_images_than_40_and_color() -> None:
    figure = samples.draw(training_images(np.arange(3), channels=3), CLASS_NAMES, "digits")
    assert len(figure.axes[0].images) == 3
    assert figure.axes[0].images[0].get_array().shape == (4, 4, 3)
    assert "3 of 3" in figure.get_suptitle()


def test_classes_that_begin_alike_look_different() -> None:
    names = [f"Corn_(maize)___{name}" for name in ("healthy", "common rust", "gray leaf spot")]
    axes = samples.draw(training_images(np.arange(3)), names, "corn").axes[0]
    assert len({text.get_text() for text in axes.texts}) == 3
