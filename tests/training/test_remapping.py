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


def test_what_was_set_comes_back(make_plan: Callable) -> None:
    with remapping_where_it_works(make_plan(LEAKY)):
        assert tf.config.optimizer.get_experimental_options()["remapping"] is False
    assert tf.config.optimizer.get_experimental_options()["remapping"] is True


def test_other_nets_are_remapped(make_plan: Callable) -> None:
    with remapping_where_it_works(make_plan()):
        assert tf.config.optimizer.get_experimental_options().get("remapping", True)
