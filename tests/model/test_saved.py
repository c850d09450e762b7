"""Models on disk: plain Keras loads them, and so do we, to the bit, from weights alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json, write_text
from kcnn.model import saved
from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import plan_model
from kcnn.model.saved import load_model, save_model
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.folder import RunFolder

LAYERS = """\
- Conv2D: {filters: 4, kernel_size: 3, padding: 1, use_bias: false, kernel_initializer: Dirac}
- BatchNormalization: {momentum: 0.5, epsilon: 0.01}
- ReLU
- Residual: {body: [{Conv2D: {filters: 4, kernel_size: 1}}, BatchNormalization]}
- Conv2D: {filters: 6, kernel_size: 8, activation: gelu}
- Flatten
- Dense: {units: 10}
"""
# Every layer with weights, and branches whose layers have the same classes.
MANY_LAYERS = """\
- Conv2D: {filters: 4, kernel_size: 3, padding: same, name: left}
- Conv2D: {filters: 4, kernel_size: 1, name: right, inputs: image}
- BatchNormalization: {name: calm}
- LayerNormalization: {name: even, inputs: left}
- Add: {inputs: [calm, even], name: both}
- Repeat: {times: 2, body: [{Residual: {body: [{DepthwiseConv2D: {kernel_size: 3, padding: same}}],
    shortcut: [{Conv2D: {filters: 4, kernel_size: 1}}]}}]}
- GroupNormalization: {groups: 2}
- LocalResponseNormalization
- SeparableConv2D: {filters: 4, kernel_size: 2}
- PReLU: {shared_axes: [1, 2]}
- Conv2DTranspose: {filters: 6, kernel_size: 2}
- Conv2D: {filters: 6, kernel_size: 3, groups: 2, kernel_regularizer: {L2: {l2: 0.1}}}
- Dropout: {rate: 0.5}
- GlobalAveragePooling2D
- Dense: {units: 10, kernel_constraint: MaxNorm}
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
STATISTICS = ([120.0, 110.1, 100.7], [60.3, 50.0, 40.9])
MakeRun = Callable[..., tuple[RunFolder, keras.Model]]


class OwnOptimizer(keras.optimizers.SGD):
    """An optimizer that Keras cannot load."""


@pytest.fixture
def make_run(make_recipe, tmp_path: Path) -> MakeRun:
    """Make a run whose model was trained for a step; return both."""

    def make(layers: str, *overrides: str) -> tuple[RunFolder, keras.Model]:
        recipe = make_recipe(layers, *overrides)
        run = RunFolder(tmp_path / "run")
        statistics = STATISTICS if recipe.data.scaling == "standard" else None
        with dtype_policy("mixed_bfloat16" if "mixed" in str(overrides) else "float32"):
            plan = plan_model(recipe, (8, 8, 3), 10)
            model = build_model(plan, statistics, compiled=True)
        model.compile(OwnOptimizer(), "mse")
        model.fit(IMAGES, np.zeros((5, 10)), verbose=0)
        run.path.mkdir()
        write_text(run.resolved, resolved_yaml(recipe))
        write_json(run.summary, {"status": "finished", "image_shape": [8, 8, 3]})
        save_model(model, run.model)
        return run, model

    return make


def test_loaded_model_predicts_as_before(make_run: MakeRun) -> None:
    run, model = make_run(LAYERS, "data.scaling=standard")
    loaded = load_model(run)
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    np.testing.assert_allclose(loaded(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "overrides"),
    [
        (LAYERS, ["data.scaling=standard"]),
        (LAYERS, ["train.precision=mixed_bfloat16"]),
        (MANY_LAYERS, []),
        (MANY_LAYERS, ["data.scaling=standard", "train.precision=mixed_bfloat16"]),
        (MANY_LAYERS, ["data.scaling=none"]),
    ],
)
def test_loads_the_same_model_as_keras(make_run: MakeRun, layers: str, overrides: list) -> None:
    run, _ = make_run(layers, *overrides)
    ours, expected = load_model(run), keras.saving.load_model(run.model, compile=False)
    for layer, expected_layer in zip(ours.layers, expected.layers, strict=True):
        assert layer.get_config() == expected_layer.get_config()
    for weight, expected_weight in zip(ours.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected_weight)
    np.testing.assert_array_equal(
        ours.predict(IMAGES, verbose=0), expected.predict(IMAGES, verbose=0)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a small disk")
def test_a_full_folder_for_temporary_files_is_no_damage(
    make_run: MakeRun, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = make_run("- Flatten\n- Dense: {units: 200}\n- Dense: {units: 10}\n")
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    with pytest.raises(RunError, match=r"model\.weights\.h5: cannot be written: No space left"):
        load_model(run)
    assert not list(small_disk.iterdir())


@pytest.mark.slow
def test_keras_loads_the_file_without_kcnn(make_run: MakeRun, tmp_path: Path) -> None:
    _, model = make_run(LAYERS, "data.scaling=standard")
    np.save(tmp_path / "images.npy", IMAGES)
    script = (
        "import keras, numpy, sys\n"
        "model = keras.saving.load_model('run/model.keras')\n"
        "numpy.save('predictions.npy', model(numpy.load('images.npy')))\n"
        "assert not any(name.startswith('kcnn') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "predictions.npy"), model(IMAGES), rtol=1e-5, atol=1e-6
    )


def test_loads_an_older_run_by_the_settings_of_its_recipe(make_run: MakeRun) -> None:
    run, _ = make_run(LAYERS, "data.image_size=[8,8]", "data.channels=3")
    write_json(run.summary, {"status": "finished"})
    assert load_model(run).input_shape == (None, 8, 8, 3)
    run.summary.unlink()
    assert load_model(run).input_shape == (None, 8, 8, 3)


def test_refuses_a_run_with_an_unknown_image_shape(make_run: MakeRun) -> None:
    run, _ = make_run(LAYERS, "data.dataset=npz", "data.path=gone.npz")
    assert load_model(run).input_shape == (None, 8, 8, 3)
    write_json(run.summary, {"status": "interrupted"})
    with pytest.raises(RunError, match=r"summary.json: image_shape: missing") as caught:
        load_model(run)
    assert caught.value.hint == f"kcnn fit --resume {run.path} finishes it"


def test_loads_an_older_run_by_the_header_of_its_npz(make_run: MakeRun, tmp_path: Path) -> None:
    run, _ = make_run(LAYERS, "data.dataset=npz", f"data.path={tmp_path / 'own.npz'}")
    write_json(run.summary, {"status": "finished"})
    images, labels = np.zeros((4, 8, 8, 3), np.uint8), np.arange(4)
    np.savez(tmp_path / "own.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert load_model(run).input_shape == (None, 8, 8, 3)


def test_automatic_precision_is_read_from_the_environment(make_run: MakeRun) -> None:
    run, _ = make_run(LAYERS)
    write_text(
        run.resolved, run.resolved.read_text().replace("precision: float32", "precision: auto")
    )
    write_json(run.environment, {"precision": "mixed_bfloat16"})
    assert load_model(run).layers[2].compute_dtype == "bfloat16"
    for wrong in ("auto", "int8", 7, None):
        write_json(run.environment, {"precision": wrong})
        with pytest.raises(RunError, match=r"environment.json: precision: expected float32"):
            load_model(run)


def test_refuses_weights_of_another_model(make_run: MakeRun) -> None:
    run, _ = make_run(LAYERS)
    text = run.resolved.read_text()
    for change in (("units: 10", "units: 12"), ("filters: 6", "filters: 600")):
        write_text(run.resolved, text.replace(*change))
        with pytest.raises(RunError, match=r"model.keras: not the weights of resolved.yaml"):
            load_model(run)


def test_refuses_an_output_that_is_not_flat(make_run: MakeRun) -> None:
    run, _ = make_run(LAYERS)
    text = run.resolved.read_text()
    write_text(run.resolved, text[: text.index("  - Flatten")] + text[text.index("train:") :])
    with pytest.raises(RunError, match=r"resolved.yaml: the output has shape \(1, 1, 6\)"):
        load_model(run)


def test_refuses_a_layer_larger_than_memory(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = make_run(LAYERS)
    monkeypatch.setattr(saved, "free_memory", lambda: 1199)
    with pytest.raises(RunError, match=r"one image takes 1,200 bytes in a layer, and 1,199 are"):
        load_model(run)
    monkeypatch.setattr(saved, "free_memory", lambda: None)
    load_model(run)
