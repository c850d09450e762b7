"""Which settings suit somebody's images, and why.

benchmarks/own_images.py measures what they reach, and tries other settings. docs/own-images.md has
the accuracies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kcnn.data.class_weights import LEAST_WEIGHTED
from kcnn.starter.own_images import OwnImages
from kcnn.starter.transfer import pretrained_side

TEST = 0.2  # fraction of the images, if the data has no test images
VALIDATION = 0.1
FEW = 500  # training images; below, none are set apart for validation
# Images are made as large as half of them are, up to a size that a laptop trains in minutes.
SIDES = (16, 24, 32, 48, 64, 96)
SMALL = 64  # images of one size up to this side are taken as they are
LAST_MAP = 3  # pixels; a block halves the map until it is at most as large
UNBALANCED = 1.5  # times as many images in the largest class as in the smallest
# Mirrored, these mean something else.
_CHARACTER = re.compile(r"[0-9]+|\w", re.ASCII)
_SIDED = re.compile(r"(^|[^a-z])(left|right|links|rechts|arrow|turn)([^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Effort:
    """How long and in which steps to train, by the number of training images.

    Args:
        below: For fewer training images than this.
        epochs: How often to go through them.
        batch_size: Images in a step.
    """

    below: float
    epochs: int
    batch_size: int


EFFORTS = (
    Effort(500, 60, 16),
    Effort(2_000, 60, 32),
    Effort(8_000, 40, 32),
    Effort(30_000, 20, 64),
    Effort(float("inf"), 12, 128),
)


@dataclass(frozen=True)
class Choices:
    """The settings of a first recipe.

    Args:
        train: Number of training images that are left after validation and test.
        validation: Fraction for `data.validation`; None to leave it out.
        test: Fraction for `data.test`; None if the data has test images.
        image_size: Height and width; None if all images have the same, as in an .npz file.
        channels: 1 for gray images of a folder; None for the default.
        resize: `crop` if the shapes of the images differ; None for the default.
        flips: Whether to mirror training images.
        shift: By how many pixels to shift training images.
        filters: Of each block of the model; empty if it starts from weights.
        convolutions: In each block.
        is_pretrained: Whether the model starts from weights of ImageNet.
        epochs: How often to go through the training images.
        batch_size: Images in a step.
        is_unbalanced: Whether a class has many more images than another.
        class_weight: Whether to weigh rare classes up.
    """

    train: int
    validation: float | None
    test: float | None
    image_size: tuple[int, int]
    channels: int | None
    resize: str | None
    flips: bool
    shift: int
    filters: tuple[int, ...]
    convolutions: int
    is_pretrained: bool
    epochs: int
    batch_size: int
    is_unbalanced: bool
    class_weight: bool

    @property
    def maps(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the image, and of the map after each block."""
        sizes = [self.image_size]
        for _ in self.filters:
            height, width = sizes[-1]
            sizes.append((height // 2, width // 2))
        return tuple(sizes)


def choose(own: OwnImages) -> Choices:
    """Choose the settings of a first recipe for somebody's images."""
    train = own.train
    if own.test is None:
        train -= round(TEST * train)
    has_validation = own.validation is not None or train < FEW
    if not has_validation:
        train -= round(VALIDATION * train)
    pretrained = pretrained_side(own)
    size = image_size(own) if pretrained is None else (pretrained, pretrained)
    # Weights of classes are for images of one class each.
    is_unbalanced = own.imbalance > UNBALANCED and not own.several_labels
    effort = next(effort for effort in EFFORTS if train < effort.below)
    return Choices(
        train=train,
        validation=None if has_validation else VALIDATION,
        test=TEST if own.test is None else None,
        image_size=size,
        channels=1 if own.is_gray and own.dataset != "npz" else None,
        resize="crop" if own.shapes_differ else None,
        flips=not has_sides(own.class_names),
        shift=max(1, min(size) // 16),
        filters=filters(size) if pretrained is None else (),
        convolutions=2 if max(size) <= SMALL else 1,
        is_pretrained=pretrained is not None,
        epochs=effort.epochs,
        batch_size=_largest_power_of_two(min(effort.batch_size, train)),
        is_unbalanced=is_unbalanced,
        class_weight=is_unbalanced and min(own.by_class) >= LEAST_WEIGHTED,
    )


def image_size(own: OwnImages) -> tuple[int, int]:
    """Choose the height and width that all images get.

    Small images of one size stay as they are. Others become squares: the largest of `SIDES` that is
    not above the smaller side of half of the images.
    """
    height, width = own.height, own.width
    is_small = (
        own.has_one_size and SIDES[0] // 2 <= min(height, width) and max(height, width) <= SMALL
    )
    if own.dataset == "npz" or is_small:
        return height, width
    fitting = [side for side in SIDES if side <= own.smaller_side]
    side = fitting[-1] if fitting else SIDES[0]
    return side, side


def filters(size: tuple[int, int]) -> tuple[int, ...]:
    """Choose the filters of each block: twice as many where the map has half the side.

    Large images begin with fewer, since the first blocks cost the most time.
    """
    first = 32 if max(size) <= SMALL else 16
    smaller, blocks = min(size), int(min(size) > 1)
    while smaller // 2**blocks > LAST_MAP:
        blocks += 1
    return tuple(min(first * 2**block, 256) for block in range(blocks))


def has_sides(class_names: tuple[str, ...]) -> bool:
    """Return whether a mirrored image may belong to no class or another one.

    Letters and digits are no such images any more, and a turn to the left is one to the right.
    """
    characters = sum(_CHARACTER.fullmatch(name) is not None for name in class_names)
    is_text = bool(class_names) and 2 * characters > len(class_names)
    return is_text or any(_SIDED.search(name) for name in class_names)


def _largest_power_of_two(limit: int) -> int:
    return 2 ** (limit.bit_length() - 1)
