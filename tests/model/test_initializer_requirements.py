from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.model.plan import plan_model

END = "- Flatten\n- Dense: {units: 10}"


def whitening(more: str) -> str:
    return f"- Conv2D: {{kernel_size: 2, kernel_initializer: whitening, {more}}}"


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (whitening("filters: 7"),
         "layer conv2d: Whitening needs an even number of filters, at most 24, two for each of the "
         "2·2·3 values of a patch; got filters: 7"),
        (whitening("filters: 26"),
         "layer conv2d: Whitening needs an even number of filters, at most 24, two for each of the "
         "2·2·3 values of a patch; got filters: 26"),
        (whitening("filters: 6, groups: 3"),
         "layer conv2d: Whitening needs groups: 1; got 3"),
        ("- ReLU\n" + whitening("filters: 4"),
         "layer conv2d: Whitening is for a convolution that reads the image; write another "
         "initializer, such as Dirac, or inputs: image"),
        (whitening("filters: 4, dilation_rate: [8, 7], padding: same"),
         "layer conv2d: Whitening computes patches of the images, which are 8×8, and this "
         "kernel's are 9×8; write a smaller kernel_size or dilation_rate"),
        ("- Conv2D: {filters: 6, kernel_size: 3, groups: 3, kernel_initializer: Dirac}",
         "layer conv2d: Dirac needs groups: 1; got 3"),
    ],
)  # fmt: skip
def test_refuses_convolutions_that_an_initializer_is_not_for(make_recipe, layers, message) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe(f"{layers}\n{END}"), (8, 8, 3), 10)
    (problem,) = caught.value.problems
    line = 3 + layers.count("\n") + 1
    loc = f"model.layers[{layers.count(chr(10))}].Conv2D.kernel_initializer"
    assert problem == f"net.yaml:{line}: {loc}: {message}"


def test_refuses_dirac_for_dense(make_recipe) -> None:
    with pytest.raises(RecipeError, match="unknown initializer 'Dirac'"):
        make_recipe("- Flatten\n- Dense: {units: 10, kernel_initializer: Dirac}")


@pytest.mark.parametrize("padding", ["1", "same"])
def test_whitening_allows_padding_of_the_image(make_recipe, padding: str) -> None:
    layers = f"{whitening(f'filters: 24, padding: {padding}, dilation_rate: 7')}\n{END}"
    plan = plan_model(make_recipe(layers), (8, 8, 3), 10)
    assert plan.shapes["conv2d"][2] == 24


def test_accepts_convolutions_that_an_initializer_is_for(make_recipe) -> None:
    dirac = "- Conv2D: {filters: 6, kernel_size: 3, kernel_initializer: {Dirac: {seed: 3}}}"
    layers = f"{whitening('filters: 24')}\n{dirac}\n{END}"
    plan = plan_model(make_recipe(layers), (8, 8, 3), 10)
    assert plan.shapes["conv2d_1"] == (5, 5, 6)
