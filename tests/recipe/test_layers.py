"""Compare the schema of recipes with Keras's classes: names, arguments, defaults, values."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any

import keras
import pytest
from pydantic_core import PydanticUndefined

from kcnn.model import local_response
from kcnn.recipe.constraints import CONSTRAINTS
from kcnn.recipe.fields import ACTIVATIONS, Settings
from kcnn.recipe.initializers import INITIALIZERS
from kcnn.recipe.kinds import Kinds, spellings
from kcnn.recipe.layers import LAYERS, Layer
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.recipe.optimizers import OPTIMIZERS
from kcnn.recipe.regularizers import REGULARIZERS
from kcnn.recipe.strict_yaml import read_yaml
from kcnn.training.optimizers import muon

spec = importlib.util.spec_from_file_location(
    "layers_at_random", Path(__file__).parents[1] / "model" / "layers_at_random.py"
)
at_random = importlib.util.module_from_spec(spec)
spec.loader.exec_module(at_random)

# Layers and an optimizer that Keras does not have.
OURS = {"Residual", "Repeat", "LocalResponseNormalization", "Application"}
OUR_OPTIMIZER = {"ConvolutionMuon"}
GRAPH_SETTINGS = {"inputs"}  # settings of a recipe besides a layer's arguments

CLASSES: list[tuple[Any, type[Settings]]] = [
    (module, kind)
    for module, kinds in (
        (keras.layers, {name: kind for name, kind in LAYERS.items() if name not in OURS}),
        (local_response, {name: LAYERS[name] for name in ("LocalResponseNormalization",)}),
        (keras.optimizers, {n: kind for n, kind in OPTIMIZERS.items() if n not in OUR_OPTIMIZER}),
        (muon, {name: OPTIMIZERS[name] for name in OUR_OPTIMIZER}),
        (keras.losses, LOSSES),
        (keras.metrics, {name: kind for name, kind in METRICS.items() if name != "Accuracy"}),
        (keras.initializers, INITIALIZERS),
        (keras.regularizers, REGULARIZERS),
        (keras.constraints, CONSTRAINTS),
    )
    for kind in kinds.values()
]
every_class = pytest.mark.parametrize(
    ("module", "kind"), CLASSES, ids=[kind.__name__ for _, kind in CLASSES]
)

# Every setting of every other class, with a value that Keras accepts.
OPTIMIZER = (
    "learning_rate: 0.1, weight_decay: 1e-4, clipnorm: 1, clipvalue: , global_clipnorm: , "
    "use_ema: true, ema_momentum: 0.9, ema_overwrite_frequency: 2, loss_scale_factor: 2, "
    "gradient_accumulation_steps: 2"
)
MOMENTS = f"{OPTIMIZER}, beta_1: 0.8, beta_2: 0.9, epsilon: 1e-8"
SMOOTHED = "from_logits: true, label_smoothing: 0.1"
FULL = {
    "SGD": f"{OPTIMIZER}, momentum: 0.9, nesterov: true",
    "RMSprop": f"{OPTIMIZER}, rho: 0.8, momentum: 0.1, epsilon: 1e-8, centered: true",
    "Adam": f"{MOMENTS}, amsgrad: true",
    "AdamW": f"{MOMENTS}, amsgrad: true",
    "Adamax": MOMENTS,
    "Nadam": MOMENTS,
    "Lamb": MOMENTS,
    "Lion": f"{OPTIMIZER}, beta_1: 0.8, beta_2: 0.9",
    "Adadelta": f"{OPTIMIZER}, rho: 0.8, epsilon: 1e-8",
    "Adagrad": f"{OPTIMIZER}, initial_accumulator_value: 0.2, epsilon: 1e-8",
    "Adafactor": f"{OPTIMIZER}, beta_2_decay: -0.7, epsilon_1: 1e-20, epsilon_2: 1e-4, "
    "clip_threshold: 2, relative_step: false",
    "Ftrl": f"{OPTIMIZER}, learning_rate_power: -0.4, initial_accumulator_value: 0.2, beta: 0.1, "
    "l1_regularization_strength: 0.1, l2_regularization_strength: 0.1, "
    "l2_shrinkage_regularization_strength: 0.1",
    "Muon": f"{OPTIMIZER}, adam_beta_1: 0.8, adam_beta_2: 0.9, adam_weight_decay: 1e-4, "
    "epsilon: 1e-8, exclude_layers: [dense], exclude_embeddings: true, muon_a: 3.4, muon_b: -4.7, "
    "muon_c: 2.0, adam_lr_ratio: 0.1, momentum: 0.9, ns_steps: 5, nesterov: true, rms_rate: 0.2",
    "ConvolutionMuon": f"{OPTIMIZER}, momentum: 0.9, nesterov: false, ns_steps: 4, "
    "normalize: false, sgd_learning_rate_ratio: 2, sgd_momentum: 0.9",
    "SparseCategoricalCrossentropy": "from_logits: true",
    "CategoricalCrossentropy": SMOOTHED,
    "BinaryCrossentropy": SMOOTHED,
    "CategoricalFocalCrossentropy": f"{SMOOTHED}, alpha: 0.25, gamma: 2",
    "BinaryFocalCrossentropy": f"{SMOOTHED}, alpha: 0.25, gamma: 2, apply_class_balancing: true",
    "CategoricalGeneralizedCrossEntropy": "q: 0.7",
    "CategoricalHinge": "",
    "MeanSquaredError": "",
    "MeanAbsoluteError": "",
    "Huber": "delta: 0.5",
    "LogCosh": "",
    "KLDivergence": "",
    "TopKCategoricalAccuracy": "k: 3",
    "SparseTopKCategoricalAccuracy": "k: 3",
    "Precision": "thresholds: 0.4, top_k: 2",
    "Recall": "thresholds: 0.4, top_k: 2",
    "AUC": "num_thresholds: 50, curve: PR, multi_label: true",
    "F1Score": "average: weighted",
    "Zeros": "",
    "Ones": "",
    "Constant": "value: 0.1",
    "RandomNormal": "mean: 0.1, stddev: 0.2, seed: 1",
    "TruncatedNormal": "mean: 0.1, stddev: 0.2, seed: 1",
    "RandomUniform": "minval: -0.1, maxval: 0.2, seed: 1",
    "VarianceScaling": "scale: 2, mode: fan_out, distribution: untruncated_normal, seed: 1",
    "GlorotUniform": "seed: 1",
    "GlorotNormal": "seed: 1",
    "HeUniform": "seed: 1",
    "HeNormal": "seed: 1",
    "LecunUniform": "seed: 1",
    "LecunNormal": "seed: 1",
    "Orthogonal": "gain: 1.5, seed: 1",
    "L1": "l1: 0.1",
    "L2": "l2: 0.1",
    "L1L2": "l1: 0.1, l2: 0.2",
    "MaxNorm": "max_value: 2, axis: [0, 1]",
    "MinMaxNorm": "min_value: 0.1, max_value: 2, rate: 0.5, axis: 0",
    "NonNeg": "",
    "UnitNorm": "axis: [0, 1]",
}  # fmt: skip


def arguments(module: Any, name: str) -> dict[str, inspect.Parameter]:
    """Return the arguments of a Keras class, also those that it passes to its base class."""
    found: dict[str, inspect.Parameter] = {}
    for base in inspect.getmro(getattr(module, name)):
        parameters = inspect.signature(base.__init__).parameters
        found = {**parameters, **found}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return found


@every_class
def test_every_setting_is_an_argument(module: Any, kind: type[Settings]) -> None:
    known = {*arguments(module, kind.__name__), "name", "trainable"}
    if issubclass(kind, Layer):
        known |= GRAPH_SETTINGS
    assert set(kind.model_fields) <= known


@every_class
def test_required_arguments_are_required_in_recipes(module: Any, kind: type[Settings]) -> None:
    own = inspect.signature(getattr(module, kind.__name__)).parameters.values()
    needed = {
        parameter.name
        for parameter in own
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    ours = {name for name, field in kind.model_fields.items() if field.is_required()}
    assert ours == needed | NEEDED_BY_US.get(kind.__name__, set())


NEEDED_BY_US = {"Constant": {"value"}}  # Keras's default is 0, which is Zeros


@every_class
def test_our_defaults_are_those_of_keras(module: Any, kind: type[Settings]) -> None:
    theirs = arguments(module, kind.__name__)
    stated = {
        name: field.default
        for name, field in kind.model_fields.items()
        if field.default not in (None, PydanticUndefined)
    }
    different = {
        name: (default, theirs[name].default)
        for name, default in stated.items()
        if not _same(default, theirs[name].default)
    }
    assert different == EXCEPTIONS.get(kind.__name__, {})


# F1Score's own default is a number per class, which a table cannot hold.
EXCEPTIONS = {"F1Score": {"average": ("macro", None)}}


def _same(ours: Any, theirs: Any) -> bool:
    """Compare two defaults; (1, 1) equals 1, and ((0, 0), (0, 0)) equals 0."""
    while isinstance(theirs, tuple) and len(set(theirs)) == 1:
        theirs = theirs[0]
    return ours == theirs and type(ours) is type(theirs)


@every_class
def test_every_class_constructs_with_all_its_settings(module: Any, kind: type[Settings]) -> None:
    if issubclass(kind, Layer):
        names = kind.model_fields.keys() - GRAPH_SETTINGS
        values = {name: at_random.value_of(kind.__name__, name) for name in names}
        assert None not in values.values(), "write a value into layers_at_random.VALUES"
    else:
        values = read_yaml(f"{{{FULL[kind.__name__]}}}".encode()).value
    assert values.keys() | GRAPH_SETTINGS == kind.model_fields.keys() | GRAPH_SETTINGS
    written = kind.model_validate(values).written()
    getattr(module, kind.__name__)(**{name: in_keras(value) for name, value in written.items()})


def in_keras(value: Any) -> Any:
    """Return a value in the form for Keras: tuples, and instances for classes."""
    if isinstance(value, list):
        return tuple(map(in_keras, value))
    if isinstance(value, Settings):
        for module, kind in CLASSES:
            if kind is type(value):
                return getattr(module, kind.__name__)(**value.written())
    return value


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras(name: str) -> None:
    assert callable(keras.activations.get(name))


@pytest.mark.parametrize(
    ("module", "kinds"),
    [
        (keras.initializers, INITIALIZERS),
        (keras.regularizers, REGULARIZERS),
        (keras.constraints, CONSTRAINTS),
    ],
)
def test_keras_knows_a_spelling_of_each_name(module: Any, kinds: Kinds) -> None:
    by_class = {getattr(module, name): name for name in kinds if name not in NEEDED_BY_US}
    for made, name in by_class.items():
        spelled = [word for word, meant in spellings(kinds).items() if meant == name]
        assert any(_is_identifier(module, word, made) for word in spelled), name


def _is_identifier(module: Any, word: str, made: type) -> bool:
    try:
        return word.islower() and type(module.get(word)) is made
    except ValueError:
        return False
