"""Whitening kernels: first convolutions that decorrelate the patches of the training images."""

from __future__ import annotations

import keras
import numpy as np

from kcnn.data.dataset import Images
from kcnn.model.graph import SCALING
from kcnn.model.initializer_requirements import convolutions_with
from kcnn.model.plan import Plan
from kcnn.recipe import Recipe
from kcnn.recipe.data_settings import OWN_DATASETS
from kcnn.recipe.initializers import Whitening
from kcnn.recipe.layers.shapes import pair
from kcnn.recipe.layers.window import window_reach

_BATCH_SIZE = 100  # patches repeat each pixel as often as the kernel has positions


def whiten(plan: Plan, model: keras.Model, images: Images) -> None:
    """Compute the kernels of a model's whitening convolutions from training images.

    Each filter of the first half is v/√(λ + epsilon), where v is an eigenvector of the (uncentered)
    covariance of the scaled images' patches and λ its eigenvalue, by falling λ. The second half are
    the negatives of the first, so that ReLU loses nothing. This is the first layer of airbench94
    (Jordan, 2024, arXiv:2404.00498) and of Page's DAWNBench entry before it (2019).

    Args:
        plan: The model's plan. Nothing is done if it has no whitening convolution.
        model: The model built from it.
        images: The training images, of which `choose_images` selects some.
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
    """Choose the images whose patches are used.

    The classes of named datasets are mixed, so the first images are chosen. A folder is read class
    by class, and an npz file may be sorted by class: images of these are drawn with the seed.

    Args:
        recipe: The recipe, for its dataset and its seed.
        count: Number of training images.
        wanted: How many images to choose; all if there are fewer.

    Returns:
        The indices of the images, in rising order.
    """
    chosen = np.arange(min(wanted, count))
    if recipe.data.dataset in OWN_DATASETS:
        generator = np.random.default_rng(recipe.train.seed)
        chosen = np.sort(generator.choice(count, len(chosen), replace=False))
    return chosen


def _patch_covariance(
    scaling: keras.Layer,
    images: Images,
    chosen: np.ndarray,
    kernel_size: tuple[int, int],
    dilation: tuple[int, int],
) -> np.ndarray:
    """Return the mean outer product of patches, flattened as kernels are: (values, values)."""
    reach = tuple(map(int, map(window_reach, kernel_size, dilation)))
    products: np.ndarray | float = 0.0
    count = 0
    for start in range(0, len(chosen), _BATCH_SIZE):
        some = images.read(chosen[start : start + _BATCH_SIZE])
        scaled = keras.ops.convert_to_numpy(scaling(some))
        windows = np.lib.stride_tricks.sliding_window_view(scaled, reach, axis=(1, 2))
        patches = np.moveaxis(windows[..., :: dilation[0], :: dilation[1]], 3, -1)
        rows = patches.reshape(-1, kernel_size[0] * kernel_size[1] * images.shape[-1])
        # uint8, which `scaling: none` keeps, would overflow. float32 would lose the small variances
        # beside the large squares of values that are not centered.
        rows = rows.astype(np.float64)
        products = products + rows.T @ rows
        count += len(rows)
    return np.asarray(products) / count
