from __future__ import annotations

from collections.abc import Callable

import pytest
import tensorflow as tf

from kcnn.training.remapping import remapping_where_it_works

CONVOLUTION = "{Conv2D: {filters: 2, kernel_size: 3}}"
LEAKY = f"model.layers=[{CONVOLUTION}, LeakyReLU, Flatten, {{Dense: {{units: 10}}}}]"


def test_leaky_relus_train_without_an_error_in_the_terminal(
    trained: Callable, capfd: pytest.CaptureFixture[str]
) -> None:
    trained(LEAKY)
    assert "remapper" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "layers",
    [
        f"{CONVOLUTION}, LeakyReLU",
        "{Conv2D: {filters: 2, kernel_size: 3, activation: leaky_relu}}",
        f"{CONVOLUTION}, {{Activation: {{activation: leaky_relu}}}}",
        f"{CONVOLUTION}, {{ReLU: {{negative_slope: 0.1}}}}",
    ],
)
def test_restores_the_former_setting(layers: str, make_plan: Callable) -> None:
    plan = make_plan(f"model.layers=[{layers}, Flatten, {{Dense: {{units: 10}}}}]")
    with remapping_where_it_works(plan):
        assert tf.config.optimizer.get_experimental_options()["remapping"] is False
    assert tf.config.optimizer.get_experimental_options()["remapping"] is True


@pytest.mark.parametrize("more", ["", "ReLU, ", "{ReLU: {negative_slope: 0.1, max_value: 6}}, "])
def test_other_models_are_remapped(more: str, make_plan: Callable) -> None:
    plan = make_plan(f"model.layers=[{CONVOLUTION}, {more}Flatten, {{Dense: {{units: 10}}}}]")
    with remapping_where_it_works(plan):
        assert tf.config.optimizer.get_experimental_options().get("remapping", True)
