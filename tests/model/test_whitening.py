from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.data.dataset import MemoryImages
from kcnn.model.build import build_model
from kcnn.model.graph import SCALING
from kcnn.model.plan import plan_model
from kcnn.model.whitening import choose_images, whiten

STATISTICS = ([120.0, 110.0, 100.0], [3600.0, 2500.0, 1600.0])


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Make smooth images, whose neighboring pixels and channels are correlated."""
    noise = np.random.default_rng(0).normal(size=(250, 12, 11, 3))
    smooth = noise + np.roll(noise, 1, axis=1) + np.roll(noise, 1, axis=2) + noise[..., :1]
    return np.clip(120 + 30 * smooth, 0, 255).astype(np.uint8)


def whitened(
    make_recipe,
    images: np.ndarray,
    settings: str,
    initializer: str,
    *overrides: str,
    scaling: str = "standard",
) -> keras.Model:
    convolution = f"use_bias: false, name: first, {settings}, kernel_initializer: {initializer}"
    recipe = make_recipe(
        f"- Conv2D: {{{convolution}}}\n- Flatten\n- Dense: {{units: 10}}",
        *overrides,
        f"data.scaling={scaling}",
    )
    plan = plan_model(recipe, (12, 11, 3), 10)
    model = build_model(plan, STATISTICS if scaling == "standard" else None)
    whiten(plan, model, MemoryImages(images, np.zeros(len(images), np.int32)))
    return keras.Model(model.input, model.get_layer("first").output)


EXACT = "{Whitening: {epsilon: 1e-9}}"


@pytest.mark.parametrize("scaling", ["standard", "unit", "none"])
@pytest.mark.parametrize(
    "settings",
    ["filters: 24, kernel_size: 2", "filters: 36, kernel_size: [2, 3], dilation_rate: [1, 2]"],
)
def test_feature_maps_are_white(make_recipe, images, settings: str, scaling: str) -> None:
    model = whitened(make_recipe, images, settings, EXACT, scaling=scaling)
    outputs = np.array(model(images)).reshape(-1, model.output_shape[-1])
    half = outputs.shape[1] // 2
    products = outputs[:, :half].T @ outputs[:, :half] / len(outputs)
    np.testing.assert_allclose(products, np.eye(half), atol=2e-3)
    np.testing.assert_array_equal(outputs[:, half:], -outputs[:, :half])


def test_fewer_filters_keep_the_largest_variances(make_recipe, images) -> None:
    whole = whitened(make_recipe, images, "filters: 24, kernel_size: 2", EXACT)
    few = whitened(make_recipe, images, "filters: 6, kernel_size: 2", EXACT)
    kernel, few_kernel = (np.array(model.get_layer("first").kernel) for model in (whole, few))
    np.testing.assert_array_equal(few_kernel[..., :3], kernel[..., :3])
    # The filter of a small variance is long, so the largest variances are first.
    lengths = np.linalg.norm(kernel[..., :12].reshape(12, 12), axis=0)
    assert (np.diff(lengths) > 0).all()


def test_epsilon_limits_the_filters_of_small_variances(make_recipe, images) -> None:
    flat = np.full_like(images, 200)  # all patches are equal: eleven variances are 0
    model = whitened(make_recipe, flat, "filters: 24, kernel_size: 2", "{Whitening: {epsilon: 4}}")
    lengths = np.linalg.norm(np.array(model.get_layer("first").kernel).reshape(12, 24), axis=0)
    np.testing.assert_allclose(lengths[1:12], 0.5, rtol=1e-4)
    assert lengths[0] < 0.5


OWN = {
    "folder": "data={dataset: folder, path: photos, image_size: [12, 11]}",
    "npz": "data={dataset: npz, path: photos.npz}",
}
LAST = "- Flatten\n- Dense: {units: 10}"


def test_uses_the_first_images_of_a_named_dataset(make_recipe, images) -> None:
    changed = np.concatenate([images[:150], 255 - images[150:]])
    some = "{Whitening: {images: 150}}"
    kernels = [
        np.array(whitened(make_recipe, shown, "filters: 4, kernel_size: 2", some).weights[-1])
        for shown in (images, changed)
    ]
    np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize("dataset", OWN)
@pytest.mark.parametrize("is_sorted", [True, False])
def test_draws_images_of_a_user_s_dataset_in_any_order(make_recipe, dataset, is_sorted) -> None:
    labels = np.repeat(np.arange(10), 200)
    if not is_sorted:
        labels = np.random.default_rng(1).permutation(labels)
    chosen = choose_images(make_recipe(LAST, OWN[dataset]), len(labels), 500)
    assert len(chosen) == 500
    assert (np.diff(chosen) > 0).all()
    counts = np.bincount(labels[chosen], minlength=10)
    assert counts.min() > 25  # of 50, give or take 6
    other = choose_images(make_recipe(LAST, OWN[dataset], "train.seed=1"), len(labels), 500)
    assert not np.array_equal(chosen, other)


@pytest.mark.parametrize("data", ["data.dataset=cifar10", *OWN.values()])
def test_uses_all_images_if_there_are_too_few(make_recipe, data: str) -> None:
    assert choose_images(make_recipe(LAST, data), 3, 500).tolist() == [0, 1, 2]


def test_whitens_images_that_are_sorted_by_class(make_recipe, images) -> None:
    by_class = np.concatenate([images[:150] // 8, images[150:]])  # dark ones first
    settings, some = "filters: 24, kernel_size: 2", "{Whitening: {images: 100, epsilon: 1e-9}}"
    variances = {}
    for name, more in {"first": [], "drawn": [OWN["npz"]]}.items():
        model = whitened(make_recipe, by_class, settings, some, *more)
        rows = np.array(model(by_class)).reshape(-1, 24)[:, :12]
        variances[name] = np.mean(rows**2)  # 1 where the patches are white
    assert variances["drawn"] == pytest.approx(1, abs=0.2)
    assert variances["first"] > 10


def test_does_nothing_without_a_whitening_layer(make_recipe, images) -> None:
    recipe = make_recipe("- Conv2D: {filters: 4, kernel_size: 2}\n- Flatten\n- Dense: {units: 10}")
    plan = plan_model(recipe, (12, 11, 3), 10)
    model = build_model(plan)
    before = model.get_weights()
    whiten(plan, model, MemoryImages(images, np.zeros(len(images), np.int32)))
    for weight, former in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, former)
    assert model.get_layer(SCALING)
