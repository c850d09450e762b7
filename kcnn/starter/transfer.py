"""Weights from ImageNet that are on this machine, for a first recipe that starts with them."""

from __future__ import annotations

from kcnn.data.pretrained import keras_path
from kcnn.recipe.applications.table import architecture
from kcnn.starter.own_images import OwnImages

APPLICATION = "MobileNetV2"
# Keras has weights for these sizes. Larger ones take longer than most collections need.
SIDES = (96, 128, 160)
LEAST = 24  # pixels; smaller images are drawings or characters, of which ImageNet has none


def pretrained_side(own: OwnImages) -> int | None:
    """Return the side of the images for the weights that are in Keras's cache.

    Args:
        own: What the images are.

    Returns:
        The largest side that has weights and is not above the smaller side of half of the images;
        96 for smaller ones. None if there are no weights, or if they do not suit: gray images, or
        an .npz file, whose images keep their size.
    """
    is_suited = own.dataset != "npz" and not own.is_gray and own.smaller_side >= LEAST
    if not is_suited:
        return None
    files = architecture(APPLICATION).imagenet
    paths = {side: keras_path(files[side]) for side in SIDES}
    sides = [side for side, path in paths.items() if path is not None and path.is_file()]
    fitting = [side for side in sides if side <= max(own.smaller_side, SIDES[0])]
    return max(fitting, default=None)
