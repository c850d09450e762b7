"""Augmentations of training images, with Keras's names where Keras has them.

They run in the input pipeline, in the order of the recipe, and never become part of the model.
Their defaults are Keras's; a test compares them.
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
    # At -1 nothing of the image is left.
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
    """Pad each image and crop it to its former size at a random position.

    Args:
        padding: Pixels added on every side.
        fill_mode: The added pixels: black (constant) or the mirrored image (reflect).
    """

    padding: Count
    fill_mode: Annotated[str, choice("constant", "reflect")] = "constant"


class RandomFlip(Augmentation):
    """Flip each image with probability 1/2 in each direction.

    Args:
        mode: Left to right (horizontal), top to bottom (vertical), or both, independently.
    """

    mode: Annotated[str, choice("horizontal", "vertical", "horizontal_and_vertical")] = (
        "horizontal_and_vertical"
    )


class AlternatingFlip(Augmentation):
    """Flip each image, left to right, in every other epoch (Jordan, 2024).

    A random half of the images is flipped in the first epoch, so that two successive epochs show
    every image both ways. `RandomFlip` shows half of the images the same way twice.
    """


class Warp(Augmentation):
    """Base class of augmentations that move pixels to positions between pixels.

    Args:
        fill_mode: The pixels beyond the edge: black (constant), the mirrored image (reflect), its
            other side (wrap) or its last pixel (nearest).
        interpolation: How values between pixels are computed.
    """

    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"


class RandomRotation(Warp):
    """Rotate each image.

    Args:
        factor: How far, as a fraction of a full turn: 0.1 is up to 36 degrees in both directions.
    """

    factor: Factor


class RandomTranslation(Warp):
    """Shift each image.

    Args:
        height_factor: How far, as a fraction of its height; positive is down.
        width_factor: How far, as a fraction of its width; positive is to the right.
    """

    height_factor: Factor
    width_factor: Factor


class RandomZoom(Warp):
    """Zoom each image.

    Args:
        height_factor: How much more of the height is shown; negative factors enlarge the image.
        width_factor: How much more of the width; without it, the image keeps its proportions.
    """

    height_factor: ZoomFactor
    width_factor: ZoomFactor | None = None


class RandomBrightness(Augmentation):
    """Add a random fraction of the value range, 255, to each image.

    Args:
        factor: The fraction.
    """

    factor: Factor


class RandomContrast(Augmentation):
    """Multiply the distance of pixels from their channel's mean by 1 plus a random amount.

    Args:
        factor: The amount.
    """

    factor: Factor


class Cutout(Augmentation):
    """Blacken a square at a random position of each image (DeVries and Taylor, 2017).

    Args:
        size: The square's side in pixels; the part of it outside the image has no effect.
    """

    size: Count


class MixUp(Augmentation):
    """Blend each image and its label with those of another image (Zhang et al., 2018).

    Labels become fractions of two classes, so the loss must take one-hot labels, as
    `loss: categorical_crossentropy` does.

    Args:
        alpha: Both parameters of the beta distribution that the fraction is drawn from.
    """

    mixes_labels: ClassVar[bool] = True

    alpha: Positive = 0.2


class CutMix(Augmentation):
    """Paste a box of another image into each and mix labels by area (Yun et al., 2019).

    The loss must take one-hot labels, as for `MixUp`.

    Args:
        factor: Both parameters of the beta distribution that the area is drawn from. Keras instead
            draws them for each batch, between 0 and this factor.
    """

    mixes_labels: ClassVar[bool] = True

    factor: Positive = 1.0


class RandAugment(Augmentation):
    """Apply a few random operations from a fixed set (Cubuk et al., 2020).

    Args:
        num_ops: How many operations are applied to an image.
        factor: Their strength, from 0 to 1.
    """

    num_ops: Annotated[int, Field(ge=1, le=14)] = 2
    factor: UnitInterval = 0.5


AUGMENTATIONS = table(
    RandomCrop, RandomFlip, AlternatingFlip, RandomRotation, RandomTranslation, RandomZoom,
    RandomBrightness, RandomContrast, Cutout, MixUp, CutMix, RandAugment,
)  # fmt: skip

AnyAugmentation = Annotated[Augmentation, OneOf(AUGMENTATIONS, "augmentation", identifiers=False)]
