from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.runs.folder import RunFolder, create_run
from kcnn.training.callbacks.step_losses import ROW, StepLosses, _LossBuffer


def read_steps(run: RunFolder) -> np.ndarray:
    lines = run.steps.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "step,loss"
    return np.array([[float(value) for value in line.split(",")] for line in lines[1:]])


def test_a_step_has_the_loss_of_its_batch_before_the_update(
    tmp_path, digits, make_model: Callable[[], keras.Model]
) -> None:
    images, labels = digits.train.read_all()[:100] / 255.0, digits.train.labels[:100]
    expected, model = [], make_model()
    for _ in range(2):
        for batch in (slice(0, 40), slice(40, 80), slice(80, 100)):
            expected.append(model.evaluate(images[batch], labels[batch], verbose=0)[0])
            model.train_on_batch(images[batch], labels[batch])
    run, model = create_run(tmp_path, "steps"), make_model()
    validation = (digits.test.read_all(), digits.test.labels)  # whose losses are no steps
    arguments = {"epochs": 2, "batch_size": 40, "shuffle": False, "verbose": 0}
    callbacks = [StepLosses(run, 3)]
    model.fit(images, labels, validation_data=validation, callbacks=callbacks, **arguments)
    steps = read_steps(run)
    np.testing.assert_array_equal(steps[:, 0], range(1, 7))
    np.testing.assert_allclose(steps[:, 1], expected, rtol=1e-5)


@pytest.mark.slow
def test_an_epoch_of_many_steps(tmp_path, digits, make_model) -> None:
    """Use a learning rate of 0, so that each loss is known beforehand."""
    images, labels = digits.train.read_all()[:700] / 255.0, digits.train.labels[:700]
    run, model = create_run(tmp_path, "steps"), make_model()
    model.optimizer.learning_rate = 0.0
    expected = model.loss.call(labels, model.predict(images, verbose=0))
    callbacks = [StepLosses(run, 700)]
    model.fit(images, labels, batch_size=1, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    steps = read_steps(run)[:, 1]
    np.testing.assert_allclose(steps, np.tile(expected, 2), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, ROW - 1, ROW, ROW + 1, 2 * ROW, 3 * ROW])
def test_restores_the_losses_of_half_an_epoch(count: int) -> None:
    before, losses = _LossBuffer(3 * ROW, None), np.arange(count, dtype=np.float32)
    before.set(losses)
    np.testing.assert_array_equal(before.losses(), losses)
    for more in range(5):
        before.record(tf.constant(100.0 + more))
    np.testing.assert_array_equal(before.losses(), [*losses, *range(100, 105)][: 3 * ROW + 5])


def test_a_compiled_step_keeps_its_loss() -> None:
    """Keras compiles steps on GPUs."""
    buffer = _LossBuffer(2 * ROW, None)
    record = tf.function(buffer.record, jit_compile=True)
    for step in range(ROW + 5):
        record(tf.constant(float(step)))
    np.testing.assert_array_equal(buffer.losses(), range(ROW + 5))


def test_the_loss_includes_penalties(tmp_path, digits, make_model) -> None:
    run, model = create_run(tmp_path, "steps"), make_model(kernel_regularizer="l2")
    images, labels = digits.train.read_all()[:40] / 255.0, digits.train.labels[:40]
    before = model.evaluate(images, labels, verbose=0)[0]
    model.fit(images, labels, batch_size=40, verbose=0, callbacks=[StepLosses(run, 1)])
    assert read_steps(run)[0, 1] == pytest.approx(before, rel=1e-5)
    assert sum(float(loss) for loss in model.losses) > 0.01


def test_does_not_change_the_model(tmp_path, digits, make_model) -> None:
    model = make_model()
    run = create_run(tmp_path, "steps")
    images, labels = digits.train.read_all()[:40] / 255.0, digits.train.labels[:40]
    model.fit(images, labels, batch_size=40, verbose=0, callbacks=[StepLosses(run, 1)])
    assert "compute_loss" not in vars(model)


@pytest.fixture
def make_model() -> Callable[..., keras.Model]:
    def make(**dense: str) -> keras.Model:
        keras.utils.set_random_seed(0)
        layers = [keras.Input((8, 8, 1)), keras.layers.Flatten()]
        model = keras.Sequential([*layers, keras.layers.Dense(10, **dense)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.5), loss, metrics=["accuracy"])
        return model

    return make
