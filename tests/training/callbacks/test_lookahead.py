from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from kcnn.errors import RecipeError
from kcnn.recipe.train_settings import Lookahead
from kcnn.training.callbacks.lookahead import LookaheadWeights

IMAGES = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
LABELS = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
STEPS = 8  # of 10 images, in two epochs


def small_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((3,))
    normalized = keras.layers.BatchNormalization(momentum=0.5)(image)
    model = keras.Model(image, keras.layers.Dense(2)(normalized))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


class ByHand(keras.callbacks.Callback):
    """Compute the same in NumPy, from the definition."""

    def __init__(self, every: int, decay: float) -> None:
        super().__init__()
        self.every, self.decay, self.step = every, decay, 0

    def on_train_begin(self, logs=None) -> None:
        self.slow = self.model.get_weights()

    def on_train_batch_end(self, batch, logs=None) -> None:
        self.step += 1
        fast = self.model.get_weights()
        if self.step % self.every == 0:
            kept = self.decay**self.every * (self.step / STEPS) ** 3
            self.slow = [
                kept * slow + (1 - kept) * weight
                for slow, weight in zip(self.slow, fast, strict=True)
            ]
            fast = self.slow
        self.model.set_weights(self.slow if self.step == STEPS else fast)


def trained_with(*callbacks: keras.callbacks.Callback, epochs: int = 2) -> list[np.ndarray]:
    model = small_model()
    model.fit(IMAGES, LABELS, 10, epochs, shuffle=False, verbose=0, callbacks=list(callbacks))
    return model.get_weights()


@pytest.mark.parametrize(
    ("every", "decay"),
    [
        (5, 0.95),
        (8, 0.9),
        *(
            pytest.param(*values, marks=pytest.mark.slow)
            for values in ((2, 0.8), (3, 1.0), (1, 0.5))
        ),
    ],
)
def test_every_weight_equals_a_computation_by_hand(every: int, decay: float) -> None:
    ours = trained_with(LookaheadWeights(Lookahead(every=every, decay=decay), STEPS))
    by_hand = trained_with(ByHand(every, decay))
    plain = trained_with()
    for weight, expected, other in zip(ours, by_hand, plain, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)
        if every < STEPS:
            assert not np.allclose(weight, other, rtol=1e-4)


def test_frozen_weights_do_not_change(trained: Callable) -> None:
    settings = (
        "model.layers=[{Conv2D: {filters: 4, kernel_size: 3, trainable: false}}, Flatten, "
        "{Dense: {units: 10}}]",
        "train.learning_rate_multipliers={dense/kernel: 0}",
        "train.epochs=3",
    )
    without, with_it = trained(*settings), trained(*settings, "train.lookahead={every: 1}")
    kernel, _, dense, bias = without.model.get_weights()
    same_kernel, _, same_dense, other_bias = with_it.model.get_weights()
    np.testing.assert_array_equal(same_kernel, kernel)
    np.testing.assert_array_equal(same_dense, dense)
    assert not np.array_equal(other_bias, bias)


def test_a_training_that_stops_early_keeps_its_weights() -> None:
    ours = trained_with(LookaheadWeights(Lookahead(every=5), 100), epochs=1)
    for weight, expected in zip(ours, trained_with(epochs=1), strict=True):
        np.testing.assert_allclose(weight, expected)


def test_the_last_validation_scores_the_slow_weights(trained: Callable) -> None:
    result = trained("train.lookahead={every: 4}", "train.epochs=2")
    fast = trained("train.epochs=2")
    images, labels = result.validation.read_all(), result.validation.labels
    accuracy = np.mean(result.model.predict(images, verbose=0).argmax(axis=1) == labels)
    assert result.training.rows[-1]["val_accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert result.training.rows[-1]["val_loss"] != fast.training.rows[-1]["val_loss"]


def test_refuses_to_average_twice(make_plan: Callable) -> None:
    with pytest.raises(RecipeError, match=r"train.lookahead: does not go with use_ema"):
        make_plan("train.lookahead={}", "train.optimizer={Adam: {use_ema: true}}")


def test_defaults_are_those_of_the_paper(make_plan: Callable) -> None:
    settings = make_plan("train.lookahead={}").recipe.train.lookahead
    assert (settings.every, settings.decay) == (5, 0.95)
