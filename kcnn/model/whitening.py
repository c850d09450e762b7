"""First convolutions that whiten the patches of the training images."""

from __future__ import annotations

import keras
import numpy as np

from kcnn.model.graph import SCALING
from kcnn.model.own_initializers import convolutions_with
from kcnn.model.plan import Plan
from kcnn.recipe import Recipe
from kcnn.recipe.initializers import Whitening
from kcnn.recipe.layers.shapes import pair
from kcnn.recipe.layers.window import window_reach
from kcnn.recipe.schema import OWN_DATASETS

_IMAGES_AT_ONCE = 100  # patches repeat each pixel as often as the kernel has places


def whiten(plan: Plan, model: keras.Model, images: np.ndarray) -> None:
    """Gives the whitening convolutions of a model their kernels.

    Each filter is an eigenvector of the (uncentred) covariance of the scaled images' patches over
    the square root of its eigenvalue plus epsilon, the largest eigenvalues first, and the second
    half of the filters are the first half's negatives, so that ReLU loses nothing: the first layer
    of airbench94 (Jordan, 2024, arXiv:2404.00498) and of Page's DAWNBench entry before it (2019).

    Args:
        plan: The network; nothing is done where it has no such convolution.
        model: The model built from it.
        images: uint8 training images, (count, height, width, channels), of which `choose_images`
            chooses.
    """
    for node, layer, settings in convolutions_with(Whitening, plan.nodes):
        covariance = _patch_covariance(
            model.get_layer(SCALING),
            images,
            choose_images(plan.recipe, len(images), settings.images),
            pair(layer.kernel_size),
            pair(layer.dilation_rate),
        )
        variances, directions = np.linalg.eigh(covariance)  # the smallest first
        largest_first = (directions / np.sqrt(variances + settings.epsilon))[:, ::-1]
        half = largest_first[:, : layer.filters // 2]
        kernel = model.get_layer(node.name).kernel
        kernel.assign(np.concatenate([half, -half], axis=1).reshape(kernel.shape))


def choose_images(recipe: Recipe, count: int, wanted: int) -> np.ndarray:
    """Chooses the images that patches come from.

    Named sets mix their classes, and the first images are as good as any. A folder is read class
    by class, and an npz may lie so: there the seed draws images from all over the set.

    Args:
        recipe: The recipe, for its data set and its seed.
        count: How many training images there are.
        wanted: How many to choose; all when there are fewer.

    Returns:
        Their positions, each once and in order.
    """
    chosen = np.arange(min(wanted, count))
    if recipe.data.dataset in OWN_DATASETS:
        generator = np.random.default_rng(recipe.train.seed)
        chosen = np.sort(generator.choice(count, len(chosen), replace=False))
    return chosen


def _patch_covariance(
    scaling: keras.Layer,
    images: np.ndarray,
    chosen: np.ndarray,
    kernel_size: tuple[int, int],
    dilation: tuple[int, int],
) -> np.ndarray:
    """Averages the outer products of patches, flattened as kernels are; (values, values)."""
    reach = tuple(map(int, map(window_reach, kernel_size, dilation)))
    products: np.ndarray | float = 0.0
    count = 0
    for start in range(0, len(chosen), _IMAGES_AT_ONCE):
        some = images[chosen[start : start + _IMAGES_AT_ONCE]]
        scaled = keras.ops.convert_to_numpy(scaling(some))
        windows = np.lib.stride_tricks.sliding_window_view(scaled, reach, axis=(1, 2))
        patches = np.moveaxis(windows[..., :: dilation[0], :: dilation[1]], 3, -1)
        rows = patches.reshape(-1, kernel_size[0] * kernel_size[1] * images.shape[-1])
        # Bytes, which scaling may leave as they are, would wrap around; float32 would lose the
        # small variances beside the large squares of what is not centred.
        rows = rows.astype(np.float64)
        products = products + rows.T @ rows
        count += len(rows)
    return np.asarray(products) / count
