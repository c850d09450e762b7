from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.model.plan import Plan, plan_model
from kcnn.recipe import read_recipe
from kcnn.recipe.write import resolved_yaml

RECIPE = """\
data:
  dataset: cifar10
model:
  layers:
    - Application: {name: MobileNetV2, weights: none}
    - GlobalAveragePooling2D
    - Dense: {units: 10}
train:
  epochs: 1
  optimizer: Adam
"""
SETTINGS = "{name: MobileNetV2, weights: none}"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """Plan a recipe with other settings of its Application."""
    monkeypatch.chdir(tmp_path)

    def make(
        settings: str = SETTINGS, *overrides: str, shape: tuple[int, int, int] = (32, 32, 3)
    ) -> Plan:
        Path("net.yaml").write_text(RECIPE.replace(SETTINGS, settings), encoding="utf-8")
        return plan_model(read_recipe("net.yaml", overrides), shape, 10)

    return make


def test_scaling_is_left_to_the_application(plan: Callable[..., Plan]) -> None:
    recipe = plan().recipe
    assert recipe.data.scaling == "none"
    assert "scaling: none" in resolved_yaml(recipe)
    assert plan(SETTINGS, "data.scaling=none").recipe.data.scaling == "none"
    for scaling in ("unit", "standard"):
        with pytest.raises(RecipeError, match=f"and {scaling} would scale them before it"):
            plan(SETTINGS, f"data.scaling={scaling}")


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        (SETTINGS, (32, 32, 1), "takes color images, which have 3 channels, and gets 32×32×1; "),
        (SETTINGS, (32, 31, 3), r"32×32 or more, and gets 32×31×3; write data.image_size: \[32,"),
        ("{name: InceptionV3, weights: none}", (74, 80, 3), "75×75 or more"),
        ("{name: Xception, weights: none}", (70, 80, 3), "71×71 or more"),
        ("{name: MobileNetV2, alpha: 0.4}", (32, 32, 3), "alpha 0.4: Keras has MobileNetV2 with"),
        ("{name: ResNet50, alpha: 0.5}", (32, 32, 3), "ResNet50 has one width only"),
        ("{name: MobilNetV2}", (32, 32, 3), "did you mean MobileNetV2"),
        ("{weights: none}", (32, 32, 3), "Application.name: missing"),
        ("{name: MobileNetV2, trainable: 0}", (32, 32, 3), "false, true or a number of layers"),
        ("{name: MobileNetV2, weights: 3}", (32, 32, 3), "imagenet, none or a file"),
    ],
)
def test_what_does_not_fit(
    plan: Callable[..., Plan], settings: str, shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        plan(settings, shape=shape)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("net.yaml:5: model.layers[0].Application")


@pytest.mark.parametrize(
    "before", ["Conv2D: {filters: 3, kernel_size: 1}", "Rescaling: {scale: 2}"]
)
def test_it_must_read_pixels(plan: Callable[..., Plan], before: str) -> None:
    layers = (
        f"[{{{before}}}, {{Application: {SETTINGS}}}, GlobalMaxPooling2D, {{Dense: {{units: 10}}}}]"
    )
    with pytest.raises(RecipeError, match="takes the image, raw pixels from 0 to 255, and reads"):
        plan(SETTINGS, f"model.layers={layers}")


@pytest.mark.parametrize(
    ("before", "side"),
    [
        ("UpSampling2D", 16),
        ("{ZeroPadding2D: {padding: 8}}", 16),
        ("{Cropping2D: {cropping: 2}}", 36),
        ("MaxPooling2D", 64),
        ("{AveragePooling2D: {pool_size: 1}}", 32),
    ],
)
def test_it_may_read_an_image_whose_pixels_are_kept(
    plan: Callable[..., Plan], before: str, side: int
) -> None:
    layers = (
        f"[{before}, {{Application: {SETTINGS}}}, GlobalMaxPooling2D, {{Dense: {{units: 10}}}}]"
    )
    planned = plan(SETTINGS, f"model.layers={layers}", shape=(side, side, 3))
    assert planned.cost.parameters == 2_270_794


def test_some_of_several_may_be_trained_from_the_start(plan: Callable[..., Plan]) -> None:
    trained = "{name: MobileNetV2, weights: none, trainable: true, inputs: image}"
    frozen = "{name: MobileNetV2, weights: none, trainable: false}"
    layers = (
        f"[{{Application: {frozen}}}, {{Application: {trained}}}, "
        "{Add: {inputs: [MobileNetV2, MobileNetV2_1]}}, Flatten, {Dense: {units: 10}}]"
    )
    fine_tune = "train.fine_tune={epochs: 1, unfreeze: 3, learning_rate: 1e-4}"
    assert plan(SETTINGS, f"model.layers={layers}", fine_tune).recipe.train.fine_tune is not None
    with pytest.raises(RecipeError, match="trained from the start"):
        plan(SETTINGS, f"model.layers={layers.replace('false', 'true')}", fine_tune)


@pytest.mark.parametrize("within", ["body", "shortcut"])
def test_one_inside_a_residual_is_found(within: str, tmp_path: Path) -> None:
    branches = {"body": "[ReLU]", "shortcut": "[ReLU]"}
    branches[within] = "[{Application: {name: MobileNetV2, weights: a.h5}}]"
    residual = f"Residual: {{body: {branches['body']}, shortcut: {branches['shortcut']}}}"
    text = RECIPE.replace(f"Application: {SETTINGS}", residual)
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    recipe = read_recipe(tmp_path / "net.yaml")
    assert recipe.data.scaling == "none"
    assert f"weights: {tmp_path / 'a.h5'}" in resolved_yaml(recipe)


def test_what_is_trained(plan: Callable[..., Plan]) -> None:
    def trained(settings: str) -> int:
        cost = plan(f"{{name: MobileNetV2, {settings}}}").cost
        return cost.parameters - cost.not_trained

    head = 1280 * 10 + 10
    assert trained("weights: a.h5") == trained("weights: none, trainable: false") == head
    # Keras counts 34,112 values of moving averages.
    everything = 2_257_984 - 34_112 + head
    assert trained("weights: none") == trained("weights: a.h5, trainable: true") == everything
    assert trained("weights: a.h5, trainable: 9999") == everything
    # Conv_1, its normalization and activation.
    assert trained("weights: a.h5, trainable: 3") == 320 * 1280 + 2 * 1280 + head


def test_two_of_one_name_are_numbered(plan: Callable[..., Plan]) -> None:
    layers = (
        f"[{{Application: {SETTINGS}}}, {{Application: {SETTINGS[:-1]}, inputs: image}}}}, "
        "{Add: {inputs: [MobileNetV2, MobileNetV2_1]}}, Flatten, {Dense: {units: 10}}]"
    )
    names = [node.name for node in plan(SETTINGS, f"model.layers={layers}").nodes]
    assert names[:2] == ["MobileNetV2", "MobileNetV2_1"]


def test_a_file_is_relative_to_the_recipe_and_absolute_in_resolved_yaml(
    plan: Callable[..., Plan], tmp_path: Path
) -> None:
    plan("{name: MobileNetV2, weights: a.h5}")
    (tmp_path / "inner").mkdir()
    Path("net.yaml").rename("inner/net.yaml")
    recipe = read_recipe("inner/net.yaml")
    assert recipe.model.layers[0].weights == Path("inner/a.h5")  # type: ignore[attr-defined]
    assert str(tmp_path / "inner" / "a.h5") in resolved_yaml(recipe)
    override = "model.layers[0].Application.weights=b.h5"
    recipe = read_recipe("inner/net.yaml", [override])
    assert recipe.model.layers[0].weights == Path("b.h5")  # type: ignore[attr-defined]


def test_random_weights_that_stay_random_are_remarked_on(plan: Callable[..., Plan]) -> None:
    def remarks(settings: str) -> list[str]:
        return list(plan(settings).nodes[0].layer.remarks((32, 32, 3), 32))

    assert remarks(SETTINGS) == []
    (remark,) = remarks("{name: MobileNetV2, weights: none, trainable: 30}")
    assert "random weights that are not all trained" in remark
