from __future__ import annotations

import pytest

from kcnn.errors import RecipeError
from kcnn.model.plan import plan_model


@pytest.mark.parametrize(
    ("layers", "loc", "message"),
    [
        ("- Flatten\n- Dense: {units: 11}", "5: model.layers[1].Dense",
         "layer dense: the output is 11, but mnist has 10 classes; write units: 10"),
        ("- ReLU", "4: model.layers[0].ReLU",
         "layer re_lu: the output is 28×28×1, but mnist has 10 classes; end with Flatten or "
         "GlobalAveragePooling2D and Dense: {units: 10}"),
        ("- Dense: {units: 10}", "4: model.layers[0].Dense",
         "layer dense: the output is 28×28×10, but mnist has 10 classes; end with Flatten or "
         "GlobalAveragePooling2D and Dense: {units: 10}"),
        ("- Flatten", "4: model.layers[0].Flatten",
         "layer flatten: the output is 784, but mnist has 10 classes; end with Dense: {units: 10}"),
    ],
)  # fmt: skip
def test_refuses_an_output_that_does_not_fit_the_classes(make_recipe, layers, loc, message) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe(layers), (28, 28, 1), 10)
    assert caught.value.problems == (f"net.yaml:{loc}: {message}",)


def test_accepts_any_output_if_the_classes_are_unknown(make_recipe) -> None:
    plan = plan_model(make_recipe("- Flatten\n- Dense: {units: 11}"), (28, 28, 1), None)
    assert plan.shapes["dense"] == (11,)
    assert plan.image_shape == (28, 28, 1)


@pytest.mark.parametrize(
    ("end", "activation"),
    [
        ("- Dense: {units: 10}", "linear"),
        ("- Dense: {units: 10, activation: relu}", "linear"),
        ("- Dense: {units: 10, activation: softmax}", "softmax"),
        ("- Dense: {units: 10, activation: sigmoid}", "sigmoid"),
        ("- Dense: {units: 10}\n- Softmax", "softmax"),
        ("- Dense: {units: 10}\n- Activation: {activation: softmax}", "softmax"),
        ("- Dense: {units: 10, activation: softmax}\n- ReLU", "linear"),
    ],
)
def test_output_activation(make_recipe, end: str, activation: str) -> None:
    plan = plan_model(make_recipe(f"- Flatten\n{end}"), (28, 28, 1), 10)
    assert plan.output_activation == activation


@pytest.mark.parametrize(("shift", "fits"), [(1, True), (19, True), (20, False), (28, False)])
def test_refuses_shifts_of_test_images_that_are_too_large(make_recipe, shift, fits) -> None:
    setting = f"data.test_time_augmentation={{shift: {shift}}}"
    recipe = make_recipe("- Flatten\n- Dense: {units: 10}", setting)
    if fits:
        plan_model(recipe, (28, 20, 1), 10)
        return
    with pytest.raises(RecipeError) as caught:
        plan_model(recipe, (28, 20, 1), 10)
    assert caught.value.problems == (
        f"command line, {setting}: data.test_time_augmentation.shift: {shift} is not below the 20 "
        "pixels of the images' smaller side, so that the mirrored edge cannot fill the gap; write "
        "a smaller one, as in 1",
    )


METRICS = ("train.loss=categorical_crossentropy", "train.metrics=[F1Score, Accuracy, AUC]")


def test_refuses_metrics_of_probabilities_for_logits(make_recipe) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe("- Flatten\n- Dense: {units: 10}", *METRICS), (28, 28, 1), 10)
    reason = "needs probabilities, and the model ends in logits; end it with activation: softmax"
    assert caught.value.problems == (
        f"command line, {METRICS[1]}: train.metrics[0]: F1Score {reason}",
        f"command line, {METRICS[1]}: train.metrics[2]: AUC {reason}",
    )


def test_accepts_metrics_of_probabilities_for_probabilities(make_recipe) -> None:
    layers = "- Flatten\n- Dense: {units: 10, activation: softmax}"
    assert plan_model(make_recipe(layers, *METRICS), (28, 28, 1), 10).classes == 10


@pytest.mark.parametrize("loss", ["KLDivergence", "{CategoricalGeneralizedCrossEntropy: {q: 0.7}}"])
def test_refuses_losses_of_probabilities_for_logits(make_recipe, loss: str) -> None:
    recipe = make_recipe("- Flatten\n- Dense: {units: 10}", f"train.loss={loss}")
    with pytest.raises(RecipeError, match="needs probabilities, and the model ends in logits"):
        plan_model(recipe, (28, 28, 1), 10)


@pytest.mark.parametrize(
    ("metric", "loss", "problem"),
    [
        ("{SparseTopKCategoricalAccuracy: {k: 10}}", "SparseCategoricalCrossentropy",
         "SparseTopKCategoricalAccuracy takes the 10 highest outputs together, which means nothing "
         "for 10 classes; write a k below 10"),
        ("{TopKCategoricalAccuracy: {k: 9}}", "CategoricalCrossentropy", None),
        ("TopKCategoricalAccuracy", "CategoricalCrossentropy", None),
        ("{Precision: {top_k: 50}}", "CategoricalCrossentropy",
         "Precision takes the 50 highest outputs together, which means nothing for 10 "
         "classes; write a top_k below 10"),
        ("Precision", "CategoricalCrossentropy", None),
    ],
)  # fmt: skip
def test_top_k_metrics_need_a_k_below_the_number_of_classes(
    make_recipe, metric: str, loss: str, problem
) -> None:
    overrides = (f"train.loss={loss}", f"train.metrics=[{metric}]")
    layers = "- Flatten\n- Dense: {units: 10, activation: softmax}"
    recipe = make_recipe(layers, *overrides)
    if problem is None:
        assert plan_model(recipe, (28, 28, 1), 10).classes == 10
        return
    with pytest.raises(RecipeError) as caught:
        plan_model(recipe, (28, 28, 1), 10)
    where = f"command line, {overrides[1]}: train.metrics[0]"
    assert caught.value.problems == (f"{where}: {problem}",)


def test_keras_counts_five_where_k_is_left_out(make_recipe) -> None:
    recipe = make_recipe(
        "- Flatten\n- Dense: {units: 5}", "train.metrics=[SparseTopKCategoricalAccuracy]"
    )
    with pytest.raises(RecipeError, match=r"the 5 highest outputs together, .* a k below 5"):
        plan_model(recipe, (28, 28, 1), 5)


def test_reports_all_problems_together(make_recipe) -> None:
    layers = (
        "- Conv2D: {filters: 2, kernel_size: 3, bias_constraint: {UnitNorm: {axis: 3}}}\n"
        "- Flatten\n- Dense: {units: 9}"
    )
    settings = ("data.test_time_augmentation={shift: 30}", "train.loss=KLDivergence")
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe(layers, *settings), (28, 28, 1), 10)
    problems = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for word in ("30 is not below", "UnitNorm along axis 3", "the output is 9", "KLDivergence"):
        assert word in problems
    with pytest.raises(RecipeError) as caught:
        plan_model(make_recipe("- MaxPooling2D: {pool_size: 40}", *settings), (28, 28, 1), 10)
    assert len(caught.value.problems) == 2


def test_refuses_logits_for_from_logits_false(make_recipe) -> None:
    override = "train.loss={SparseCategoricalCrossentropy: {from_logits: false}}"
    with pytest.raises(RecipeError, match="with from_logits: false needs probabilities"):
        plan_model(make_recipe("- Flatten\n- Dense: {units: 10}", override), (28, 28, 1), 10)
    for end in ("", "\n- Reshape: {target_shape: [10]}"):
        layers = "- Flatten\n- Dense: {units: 10, activation: softmax}" + end
        assert plan_model(make_recipe(layers, override), (28, 28, 1), 10).classes == 10
