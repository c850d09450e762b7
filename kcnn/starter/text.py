"""The text of a first recipe, with a comment for each number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kcnn.recipe.write import yaml_line
from kcnn.starter.choose import Choices
from kcnn.starter.own_images import OwnImages
from kcnn.starter.transfer import APPLICATION
from kcnn.text.numbers import count_text
from kcnn.text.printable import one_line

WIDTH = 100
MAX_COLUMN = 48  # comments begin at most two columns further right, after longer settings later
LEARNING_RATE = 0.002
DROPOUT = 0.3
MOMENTUM = 0.9
_NAMED_CLASSES = 8
_BLOCKS = (
    "Each block looks for features {often}in windows of 3×3 pixels, and halves height and width.",
    "There are twice as many filters where the map is half as wide. Batch normalization makes the",
    "bias needless. Its momentum of 0.9 suits a short training; Keras's 0.99 needs ten times more.",
)

Line = tuple[str, str]  # a setting, and the comment beside it


def recipe_text(own: OwnImages, choices: Choices, file: str, name: str, path: str) -> str:
    """Write a first recipe.

    Args:
        own: What the images are.
        choices: The settings.
        file: The recipe's file, as it is typed.
        name: The name of its runs.
        path: The images, as the recipe names them.

    Returns:
        A YAML text.
    """
    typed = one_line(file, 60)
    lines = [
        f"# kcnn fit {typed}",
        "# A first recipe for your own images, written by kcnn init. Change what you like:",
        f"# kcnn check {typed} finds mistakes. docs/recipe.md explains every setting.",
        "#",
        *_comment_lines(own),
        f"name: {yaml_line(name)}",
        "data:",
        *_aligned(list(_data(own, choices, path))),
        "model:",
        "  layers:",
        *_aligned(list(_layers(own, choices))),
        "train:",
        *_aligned(list(_train(own, choices))),
    ]
    return "\n".join(lines) + "\n"


def _comment_lines(own: OwnImages) -> Iterator[str]:
    color = "gray" if own.is_gray else "color"
    size = f"{own.height}×{own.width} pixels"
    if not own.has_one_size:
        size = f"usually about {size}"
    yield f"# {count_text(own.images, 'image')} in {color}, {size} (height × width)."
    classes = count_text(own.classes, "class", "classes")
    if own.several_labels:
        classes += ", of which an image may show several"
    named = ", ".join(own.class_names[:_NAMED_CLASSES])
    more = ", …" if own.classes > _NAMED_CLASSES else ""
    yield one_line(f"# {classes}: {named}{more}" if named else f"# {classes}.", WIDTH)


def _data(own: OwnImages, choices: Choices, path: str) -> Iterator[Line]:
    height, width = choices.image_size
    yield f"  dataset: {own.dataset}", ""
    yield f"  path: {yaml_line(path)}", "relative to this file"
    if own.dataset != "npz":
        yield f"  image_size: [{height}, {width}]", _why_this_size(own, choices)
    if choices.resize:
        yield f"  resize: {choices.resize}", "the shapes differ: cut off what is too long"
    if choices.channels:
        yield f"  channels: {choices.channels}", "no image has colors"
    if choices.test:
        yield (
            f"  test: {choices.test}",
            "this fraction of the images is only scored, after training",
        )
    if choices.validation:
        yield f"  validation: {choices.validation}", "scored after each epoch, not trained on"
    elif own.validation is None:
        yield "  # validation: 0.1", "too few images to set some apart"
    if choices.is_pretrained:
        yield "  scaling: none", f"{APPLICATION} does it itself"
        return
    yield "  scaling: standard", "subtract each channel's mean, divide by its deviation"
    yield "  augment:", "each epoch sees every image a little different"
    if choices.flips:
        yield "    - RandomFlip: {mode: horizontal}", "remove it if left and right matter"
    yield "    - RandomCrop:", "shift by a few pixels; a mirrored edge fills the gap"
    yield f"        padding: {choices.shift}", "a sixteenth of the smaller side"
    yield "        fill_mode: reflect", ""


def _why_this_size(own: OwnImages, choices: Choices) -> str:
    if choices.is_pretrained:
        return f"a size that {APPLICATION} has weights for"
    if choices.image_size == (own.height, own.width):
        return "all images have this size"
    side = choices.image_size[0]
    if own.smaller_side < side:
        return "the images are small"
    return "larger shows more; twice the side takes four times as long"


def _layers(own: OwnImages, choices: Choices) -> Iterator[Line]:
    if choices.is_pretrained:
        yield (
            "    # A network that learned from a million photos. Its weights stay as they are.",
            "",
        )
        yield f"    - Application: {{name: {APPLICATION}, weights: imagenet}}", ""
        yield from _end(own.several_labels)
        return
    often = "twice, " if choices.convolutions == 2 else ""
    for comment in _BLOCKS:
        yield f"    # {comment.format(often=often)}", ""
    for filters, (height, width) in zip(choices.filters, choices.maps[1:], strict=True):
        convolution = (
            f"    - Conv2D: {{filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}"
        )
        normalization = f"    - BatchNormalization: {{momentum: {MOMENTUM}}}"
        for line in choices.convolutions * (convolution, normalization, "    - ReLU"):
            yield line, ""
        yield "    - MaxPooling2D", f"{height}×{width}, {filters} features"
    yield from _end(own.several_labels)


def _end(several_labels: bool) -> Iterator[Line]:
    yield "    - GlobalAveragePooling2D", "one number per feature"
    yield (
        f"    - Dropout: {{rate: {DROPOUT}}}",
        "hides 3 of 10 at random, against memorizing",
    )
    if several_labels:
        yield "    - Dense: {units: classes, activation: sigmoid}", "yes or no for each label"
    else:
        yield "    - Dense: {units: classes}", "one output per class; kcnn counts them"


def _train(own: OwnImages, choices: Choices) -> Iterator[Line]:
    epochs, batch_size = choices.epochs, choices.batch_size
    steps = -(-choices.train // batch_size)
    yield (
        f"  epochs: {epochs}",
        f"how often to see every image; {count_text(steps, 'step')} each time",
    )
    yield f"  batch_size: {batch_size}", "images in a step"
    yield (
        f"  optimizer: {{Adam: {{learning_rate: {LEARNING_RATE}}}}}",
        "high at first, since it falls",
    )
    yield "  learning_rate_schedule: Cosine", "falls to 0, so that training comes to rest"
    if own.several_labels:
        yield "  loss: binary_crossentropy", "for images with several labels"
    if choices.is_pretrained:
        yield (
            "  # fine_tune: {epochs: 5, unfreeze: 30, learning_rate: 1e-5}",
            "then also train its last layers",
        )
    if choices.is_unbalanced:
        times = f"{own.imbalance:.0f}" if own.imbalance >= 2 else f"{own.imbalance:.1f}"
        reason = f"the largest class is {times} times the smallest"
        if choices.class_weight:
            yield "  class_weight: balanced", reason
        else:
            few = min(own.by_class)
            yield "  # class_weight: balanced", f"may do harm: a class has only {few} images"


def _aligned(lines: Sequence[Line]) -> list[str]:
    """Put the comments of a section one below the other, where they fit."""
    beside = [len(text) for text, comment in lines if comment and len(text) <= MAX_COLUMN]
    column = max(beside, default=0) + 2
    return [f"{text:<{column - 2}}  # {comment}" if comment else text for text, comment in lines]
