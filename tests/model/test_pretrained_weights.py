from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from kcnn.data.pretrained import read_hashes
from kcnn.errors import DataError, RecipeError
from kcnn.model.build import build_model
from kcnn.model.plan import Plan, plan_model
from kcnn.model.pretrained import find_pretrained
from kcnn.model.pretrained_weights import describe_pretrained, load_pretrained
from kcnn.progress import Progress
from kcnn.recipe import read_recipe

SIZE = (32, 32, 3)
NAME = "MobileNetV3Small"
RECIPE = """\
data: {{dataset: cifar10}}
model:
  layers:
    - Application: {{name: {name}, weights: {weights}}}
    - GlobalAveragePooling2D
    - Dense: {{units: 10}}
train: {{epochs: 1, optimizer: Adam}}
"""

MakePlan = Callable[..., Plan]


@pytest.fixture
def make_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePlan:
    """Plan a recipe with an Application that starts from a file."""
    monkeypatch.chdir(tmp_path)

    def make(weights: str, name: str = NAME) -> Plan:
        Path("net.yaml").write_text(RECIPE.format(name=name, weights=weights), encoding="utf-8")
        return plan_model(read_recipe("net.yaml"), SIZE, 10)

    return make


@pytest.fixture(scope="module")
def source() -> keras.Model:
    """Return an application as Keras makes it, with weights of its own."""
    model = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(64, 64, 3)
    )
    # Moving averages, too, are others than those of a new model.
    random = np.random.default_rng(7)
    model.set_weights([w + random.uniform(0.01, 0.02, w.shape) for w in model.get_weights()])
    return model


def save_as_keras_2(model: keras.Model, path: Path) -> None:
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def load(plan: Plan) -> keras.Model:
    model = build_model(plan)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        load_pretrained(plan, model, find_pretrained(plan, Progress()))
    return model


def problem_of(plan: Plan) -> tuple[str, str | None]:
    with pytest.raises(RecipeError) as caught:
        load(plan)
    (problem,) = caught.value.problems
    assert "\n" not in problem
    assert problem.startswith("net.yaml:4: model.layers[0].Application.weights: ")
    return problem, caught.value.hint


def differing(model: keras.Model, source: keras.Model, name: str = NAME) -> list[str]:
    """List the weights of a model's application that are not those of the source."""
    pairs = zip(model.get_layer(name).weights, source.weights, strict=True)
    return [ours.path for ours, theirs in pairs if not np.array_equal(ours, theirs)]


@pytest.mark.parametrize("name", ["a.weights.h5", "keras_2.h5", "whole.keras", "renamed.h5"])
def test_loads_every_format_by_its_content(
    make_plan: MakePlan, source: keras.Model, name: str
) -> None:
    plan = make_plan(name)
    if name == "keras_2.h5":
        save_as_keras_2(source, Path(name))
    elif name == "whole.keras":
        source.save(name)
    else:
        source.save_weights("a.weights.h5")
        Path("a.weights.h5").rename(name)
    assert len(differing(build_model(plan), source)) == len(source.weights)
    assert differing(load(plan), source) == []


def test_predicts_what_the_application_of_keras_does(
    make_plan: MakePlan, source: keras.Model
) -> None:
    source.save_weights("a.weights.h5")
    model = load(make_plan("a.weights.h5"))
    images = np.random.default_rng(0).integers(0, 256, (4, *SIZE)).astype(np.float32)
    inside = keras.Model(model.input, keras.Operation.output.fget(model.get_layer(NAME)))
    theirs = keras.applications.MobileNetV3Small(weights=None, include_top=False, input_shape=SIZE)
    theirs.set_weights(source.get_weights())
    assert np.allclose(inside(images, training=False), theirs(images, training=False), atol=1e-5)


def test_a_file_that_is_missing_or_is_something_else(make_plan: MakePlan) -> None:
    problem, hint = problem_of(make_plan("nothing.h5"))
    assert "nothing.h5: cannot be read" in problem
    assert hint is not None and f"{NAME} (alpha 1) without its top" in hint
    Path("junk.h5").write_bytes(b"no weights")
    assert "not a file of weights" in problem_of(make_plan("junk.h5"))[0]
    Path("torn.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "torn.h5" in problem_of(make_plan("torn.h5"))[0]


def test_weights_of_something_else_say_whose_they_are(
    make_plan: MakePlan, source: keras.Model
) -> None:
    source.save_weights("small.weights.h5")
    problem, _ = problem_of(make_plan("small.weights.h5", "MobileNetV2"))
    assert "has the weights of MobileNetV3Small (alpha 1), not of MobileNetV2 (alpha 1)" in problem
    other = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=SIZE, alpha=0.75
    )
    other.save_weights("narrow.weights.h5")
    problem, _ = problem_of(make_plan("narrow.weights.h5"))
    assert "MobileNetV3Small (alpha 0.75), not of MobileNetV3Small (alpha 1)" in problem
    keras.applications.MobileNetV3Small(weights=None).save_weights("top.weights.h5")
    assert "has the top of MobileNetV3Small" in problem_of(make_plan("top.weights.h5"))[0]
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights("d.weights.h5")
    assert "has 2 arrays" in problem_of(make_plan("d.weights.h5"))[0]


def test_the_files_of_imagenet_are_looked_for_in_the_cache_of_keras(
    make_plan: MakePlan, source: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan("imagenet")
    monkeypatch.setenv("KERAS_HOME", "home")
    layer = plan.nodes[0].layer
    file = layer.architecture.imagenet_file(32, 32)
    cached = Path("home") / "models" / file.file
    cached.parent.mkdir(parents=True)
    save_as_keras_2(source, cached)
    with pytest.raises(DataError, match="not the file that Keras publishes"):
        find_pretrained(plan, Progress())
    assert cached.exists()  # Keras would delete it
    monkeypatch.setitem(vars(file), "hash", hashlib.md5(cached.read_bytes()).hexdigest())
    assert differing(load(plan), source) == []


def test_efficientnet_divides_pixels_as_keras_does_with_imagenet(
    make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras does so only with weights=imagenet, not if the same file is given by its path."""
    keras.utils.set_random_seed(3)
    with monkeypatch.context() as patched:
        # What Keras builds for weights=imagenet, without its file.
        patched.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: "none.h5")
        patched.setattr(keras.Model, "load_weights", lambda *_, **__: None)
        theirs = keras.applications.EfficientNetB0(include_top=False, input_shape=SIZE)
    (normalization,) = (
        layer for layer in theirs.layers if isinstance(layer, keras.layers.Normalization)
    )
    normalization.adapt_mean.assign([0.485, 0.456, 0.406])
    normalization.adapt_variance.assign([0.229**2, 0.224**2, 0.225**2])
    normalization.finalize_state()
    theirs.save_weights("b0.weights.h5")
    plan = make_plan("b0.weights.h5", "EfficientNetB0")
    published = read_hashes(Path("b0.weights.h5")).sha256
    images = np.random.default_rng(0).integers(0, 256, (4, *SIZE)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(theirs(images, training=False))

    def features(model: keras.Model) -> np.ndarray:
        inside = keras.Model(
            model.input, keras.Operation.output.fget(model.get_layer(plan.nodes[0].name))
        )
        return keras.ops.convert_to_numpy(inside(images, training=False))

    of_path = features(load(plan))
    assert not np.allclose(of_path, expected, rtol=1e-3)
    file = plan.nodes[0].layer.architecture.imagenet_file(32, 32)
    monkeypatch.setitem(vars(file), "hash", published)
    assert np.allclose(features(load(plan)), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["a.weights.h5", "whole.keras"])
def test_a_file_that_changed_since_it_was_found_is_refused(
    make_plan: MakePlan, source: keras.Model, name: str
) -> None:
    save: Callable[[str], None] = source.save if name == "whole.keras" else source.save_weights
    save(name)
    plan = make_plan(name)
    files = find_pretrained(plan, Progress())
    assert describe_pretrained(files) == {
        NAME: {
            "file": str(Path(name).absolute()),
            "sha256": hashlib.sha256(Path(name).read_bytes()).hexdigest(),
        }
    }
    save("other-" + name)  # the same weights, written at another time
    with Path("other-" + name).open("ab") as stream:
        stream.write(b"\0")
    Path("other-" + name).replace(name)
    with pytest.raises(RecipeError, match="the file changed while it was read"):
        load_pretrained(plan, build_model(plan), files)


def test_loads_real_weights(make_plan: MakePlan, real_weights: Path) -> None:
    plan = make_plan(str(real_weights), "MobileNetV2")
    model = load(plan)
    theirs = keras.applications.MobileNetV2(
        weights=str(real_weights), include_top=False, input_shape=SIZE
    )
    assert differing(model, theirs, "MobileNetV2") == []
    (file,) = find_pretrained(plan, Progress()).values()
    assert file.sha256.startswith("c3bc57a3")
