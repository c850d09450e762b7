"""Augmentations of training images, under Keras's names where Keras has one.

They run in the input pipeline, in the order of the recipe, and never become part of the model.
Defaults are Keras's for its own; a test compares them.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from kcnn.recipe.fields import Count, Positive, Settings, UnitInterval, accept, choice
from kcnn.recipe.kinds import OneOf, table


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -1 <= value <= 1


def _is_factor(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]
    return _is_number(value) and value >= 0


def _is_zoom(value: Any) -> bool:
    # At -1 nothing of the picture is left.
    lowest = value[0] if isinstance(value, list) and value else -value if _is_number(value) else 0
    return _is_factor(value) and lowest > -1


FACTOR = "a number from 0 to 1, which means plus or minus, or [lowest, highest] from -1 to 1"
Factor = Annotated[float | list[float], accept(_is_factor, FACTOR)]
ZoomFactor = Annotated[float | list[float], accept(_is_zoom, f"{FACTOR}, above -1")]
FillMode = Annotated[str, choice("constant", "reflect", "wrap", "nearest")]
Interpolation = Annotated[str, choice("bilinear", "nearest")]


class Augmentation(Settings):
    """A random change of training images."""

    mixes_labels: ClassVar[bool] = False


class RandomCrop(Augmentation):
    """Pads each image and cuts its own size out again at a random place.

    Args:
        padding: Pixels added on every side.
        fill_mode: What stands there: black (constant) or the mirrored image (reflect).
    """

    padding: Count
    fill_mode: Annotated[str, choice("constant", "reflect")] = "constant"


class RandomFlip(Augmentation):
    """Mirrors each image with probability one half a direction.

    Args:
        mode: Left to right (horizontal), top to bottom (vertical), or each by a coin of its own.
    """

    mode: Annotated[str, choice("horizontal", "vertical", "horizontal_and_vertical")] = (
        "horizontal_and_vertical"
    )


class AlternatingFlip(Augmentation):
    """Mirrors each image, left to right, in every other epoch (Jordan, 2024).

    Which half of the images begins mirrored is drawn once, so that two successive epochs show
    every image both ways; `RandomFlip` shows half of them one way twice.
    """


class Warp(Augmentation):
    """What moves pixels to places between pixels.

    Args:
        fill_mode: What stands beyond the edge: black (constant), the mirrored image (reflect), its
            other side (wrap) or its last pixel (nearest).
        interpolation: How values between pixels are found.
    """

    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"


class RandomRotation(Warp):
    """Turns each image.

    Args:
        factor: How far, as a share of a full turn: 0.1 is up to 36 degrees either way.
    """

    factor: Factor


class RandomTranslation(Warp):
    """Shifts each image.

    Args:
        height_factor: How far, as a share of its height; positive is down.
        width_factor: How far, as a share of its width; positive is to the right.
    """

    height_factor: Factor
    width_factor: Factor


class RandomZoom(Warp):
    """Zooms each image.

    Args:
        height_factor: How much more of the height is shown; negative factors enlarge the image.
        width_factor: The same for its width; when left out, its proportions are kept.
    """

    height_factor: ZoomFactor
    width_factor: ZoomFactor | None = None


class RandomBrightness(Augmentation):
    """Adds a random share of the value range, 255, to each image.

    Args:
        factor: The share.
    """

    factor: Factor


class RandomContrast(Augmentation):
    """Multiplies the distance from each channel's mean by 1 plus a random share.

    Args:
        factor: The share.
    """

    factor: Factor


class Cutout(Augmentation):
    """Blackens a square at a random place of each image (DeVries and Taylor, 2017).

    Args:
        size: The square's side in pixels; what lies outside the image is lost.
    """

    size: Count


class MixUp(Augmentation):
    """Blends each image and its label with another's (Zhang et al., 2018).

    Labels become shares of two classes, so it needs a loss of one-hot rows, as in
    `loss: categorical_crossentropy`.

    Args:
        alpha: Both parameters of the beta distribution that the share is drawn from.
    """

    mixes_labels: ClassVar[bool] = True

    alpha: Positive = 0.2


class CutMix(Augmentation):
    """Pastes a box of another image into each and mixes labels by area (Yun et al., 2019).

    It needs a loss of one-hot rows, as `MixUp` does.

    Args:
        factor: Both parameters of the beta distribution that the area is drawn from; Keras draws
            them for each batch, between 0 and this.
    """

    mixes_labels: ClassVar[bool] = True

    factor: Positive = 1.0


class RandAugment(Augmentation):
    """Applies a few changes drawn from a fixed set (Cubuk et al., 2020).

    Args:
        num_ops: How many changes an image gets.
        factor: Their strength, from 0 to 1.
    """

    num_ops: Annotated[int, Field(ge=1, le=14)] = 2
    factor: UnitInterval = 0.5


AUGMENTATIONS = table(
    RandomCrop, RandomFlip, AlternatingFlip, RandomRotation, RandomTranslation, RandomZoom,
    RandomBrightness, RandomContrast, Cutout, MixUp, CutMix, RandAugment,
)  # fmt: skip

AnyAugmentation = Annotated[Augmentation, OneOf(AUGMENTATIONS, "augmentation", identifiers=False)]
