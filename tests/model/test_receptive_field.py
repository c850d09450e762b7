"""Receptive fields against published ones and against counting which pixels a value reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcnn.model.graph import as_written
from kcnn.model.plan import plan_model
from kcnn.model.receptive_field import receptive_fields
from kcnn.recipe import Recipe, read_recipe

LENET = """
- Conv2D: {filters: 6, kernel_size: 5, name: c1}
- AveragePooling2D: {pool_size: 2, name: s2}
- Conv2D: {filters: 16, kernel_size: 5, name: c3}
- AveragePooling2D: {pool_size: 2, name: s4}
- Conv2D: {filters: 120, kernel_size: 5, name: c5}
"""


def pixels(recipe: Recipe, shape: tuple[int, int, int]) -> dict[str, tuple[int, int]]:
    plan = plan_model(recipe, shape, None)
    fields = receptive_fields(as_written(plan.nodes), plan.shapes)
    return {name: (rows.pixels, columns.pixels) for name, (rows, columns) in fields.items()}


def test_lenet(make_recipe) -> None:
    fields = pixels(make_recipe(LENET), (32, 32, 1))
    assert [fields[name][0] for name in ("image", "c1", "s2", "c3", "s4", "c5")] == [
        1, 5, 6, 14, 16, 32,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "published"), [("alexnet", 195), ("vgg16", 212)])
def test_published_ones(name: str, published: int) -> None:
    """Compare with Araujo et al. (2019): the last pooling of AlexNet and VGG-16."""
    fields = pixels(read_recipe(name), {"alexnet": (227, 227, 3), "vgg16": (32, 32, 3)}[name])
    assert fields["flatten"] == (published, published)


WINDOW = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))


@settings(max_examples=200, deadline=None)
@given(chain=st.lists(WINDOW, min_size=1, max_size=4))
def test_field_equals_a_count_of_rows(chain: list[tuple[int, int, int]]) -> None:
    """Follow the first value of the last map back to the rows of the image that it depends on."""
    chain = [(kernel, stride, dilation if stride == 1 else 1) for kernel, stride, dilation in chain]
    layers = [
        {"Conv2D": {"filters": 1, "kernel_size": [kernel, 1], "strides": [stride, 1],
                    "dilation_rate": [dilation, 1]}}
        for kernel, stride, dilation in chain
    ]  # fmt: skip
    rows = {0}
    for kernel, stride, dilation in reversed(chain):
        rows = {row * stride + tap * dilation for row in rows for tap in range(kernel)}
    recipe = read_recipe("digits").model_copy()
    fields = pixels(_with_layers(recipe, layers), (400, 1, 1))
    last = list(fields)[-1]
    assert fields[last] == (max(rows) + 1, 1)


def _with_layers(recipe: Recipe, layers: list[dict]) -> Recipe:
    content = {**recipe.origin.settings, "model": {"layers": layers}}
    changed = Recipe.model_validate(content)
    changed._origin = recipe.origin
    return changed


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("- Conv2D: {filters: 1, kernel_size: 3, padding: same}\n"
         "- Conv2D: {filters: 1, kernel_size: 3, padding: 1}", 5),
        ("- Residual: {body: [{Conv2D: {filters: 1, kernel_size: 7, padding: same}}]}", 7),
        ("- MaxPooling2D\n- UpSampling2D\n- Conv2D: {filters: 1, kernel_size: 3}", 4),
        ("- MaxPooling2D\n- Conv2DTranspose: {filters: 1, kernel_size: 4, strides: 2}", 4),
        ("- MaxPooling2D\n- GlobalAveragePooling2D", 28),
        ("- MaxPooling2D: {pool_size: 5}\n- Flatten", 5),
        ("- MaxPooling2D: {pool_size: 5}\n- Flatten\n- Dense: {units: 2}", 25),
        ("- MaxPooling2D: {pool_size: 5}\n- Dense: {units: 2}", 5),
        ("- ReLU: {name: map}\n- GlobalAveragePooling2D: {keepdims: true}\n"
         "- Multiply: {inputs: [map, global_average_pooling2d]}\n"
         "- Conv2D: {filters: 1, kernel_size: 3, padding: same}", 28),
    ],
)  # fmt: skip
def test_field_of_other_layers(make_recipe, layers: str, expected: int) -> None:
    layers = layers.replace("keepdims: true}", "keepdims: true, name: global_average_pooling2d}")
    fields = pixels(make_recipe(layers), (28, 28, 1))
    assert fields[list(fields)[-1]] == (expected, expected)
