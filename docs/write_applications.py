"""Write `applications.json` in `kcnn/recipe/applications/` from `keras.applications`.

    python docs/write_applications.py [NAME ...]

It builds every application three times, which takes ten minutes or more; with names, only those.
Run it for a new version of Keras. `tests/recipe/applications/test_table.py` compares the
table with Keras.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

import keras
import numpy as np
from keras.src.applications.imagenet_utils import correct_pad
from keras.src.utils import file_utils

from kcnn.recipe.applications.names import ALPHAS, APPLICATIONS
from kcnn.recipe.applications.table import BASE, TABLE

# Image sizes that ImageNet weights depend on, the usual one last.
SIZES = {"MobileNet": (128, 160, 192, 224), "MobileNetV2": (96, 128, 160, 192, 224)}
# Maps of even sizes throughout, and of odd ones, which `correct_pad` pads differently. The first
# convolution of NASNet has no padding, so that its maps of 259 are odd.
SHAPES = (224, 257, 259)
ARGUMENTS = {
    "Conv2D": "filters kernel_size strides padding dilation_rate groups use_bias",
    "SeparableConv2D": "filters kernel_size strides padding depth_multiplier use_bias",
    "DepthwiseConv2D": "kernel_size strides padding depth_multiplier use_bias",
    "Dense": "units use_bias",
    "BatchNormalization": "axis scale center",
    "LayerNormalization": "axis",
    "ZeroPadding2D": "padding",
    "Cropping2D": "cropping",
    "MaxPooling2D": "pool_size strides padding",
    "AveragePooling2D": "pool_size strides padding",
    "GlobalAveragePooling2D": "keepdims",
    "Reshape": "target_shape",
    "Multiply": "",
    "Concatenate": "axis",
}
SAME_SHAPE = {"Activation", "ReLU", "Rescaling", "Dropout", "StochasticDepth"}
DEFAULTS = {
    "strides": 1, "dilation_rate": 1, "groups": 1, "depth_multiplier": 1, "use_bias": True,
    "scale": True, "center": True, "axis": -1, "keepdims": False, "padding": "valid",
}  # fmt: skip

Kind = tuple[str, dict[str, Any]]


def main(names: Sequence[str]) -> None:
    """Write the table, one line an application.

    Args:
        names: The applications to describe anew; all if there are none.
    """
    before = json.loads(TABLE.read_text(encoding="utf-8")) if names else []
    known = {(entry["name"], entry.get("alpha")): entry for entry in before}
    entries = []
    for name in APPLICATIONS:
        for alpha in ALPHAS.get(name, (None,)):
            if not names or name in names:
                known[name, alpha] = describe(name, {} if alpha is None else {"alpha": alpha})
            entries.append(known[name, alpha])
    lines = [json.dumps(entry, separators=(",", ":")) for entry in entries]
    TABLE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8", newline="\n")


def describe(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an application of one width."""
    first, *others = (build(name, size, **arguments) for size in SHAPES)
    kinds: list[Kind] = []
    rows: list[str] = []
    last_rows: dict[str, int] = {}
    for operation, *same in zip(*(model.operations for model in (first, *others)), strict=True):
        if isinstance(operation, keras.layers.InputLayer):
            last_rows[operation.name] = 0
            continue
        inputs = [last_rows[name] for name in inputs_of(operation)]
        assert all(inputs_of(operation) == inputs_of(other) for other in same)
        # ConvNeXt has Sequentials in it.
        parts = getattr(operation, "layers", [operation])
        for part, layer in enumerate(parts):
            is_layer = isinstance(operation, keras.Layer) and part == 0
            kind = kind_of(layer, [getattr(other, "layers", [other])[part] for other in same])
            if kind not in kinds:
                kinds.append(kind)
            rows.append(row(kinds.index(kind), layer, is_layer, inputs, len(rows) + 1))
            inputs = [len(rows)]
        last_rows[operation.name] = len(rows)
    return {
        "name": name,
        **arguments,
        "preprocessing": preprocessing(name),
        "least": least_size(name),
        "imagenet": {
            str(size): imagenet(name, size, arguments) for size in SIZES.get(name, (224,))
        },
        "kinds": kinds,
        "layers": rows,
    }


def row(
    kind: int, layer: keras.Operation, is_layer: bool, inputs: Sequence[int], number: int
) -> str:
    """Write one row.

    Args:
        kind: Number of its class and arguments.
        layer: The layer.
        is_layer: Whether it begins one of `layers` of the Keras model.
        inputs: Numbers of the rows that it reads; 0 is the image.
        number: Its own number.
    """
    words = [f"{kind}" if is_layer else f"+{kind}"]
    if weights := getattr(layer, "weights", ()):
        words.append(weights[0].path.rpartition("/")[0])
    if inputs != [number - 1]:
        words += [f"<{number - other}" for other in inputs]
    return " ".join(words)


def build(name: str, size: int, weights: str | None = None, **arguments: Any) -> keras.Model:
    """Build an application with the names that it has as the first model of a process."""
    keras.backend.clear_session()
    function = getattr(keras.applications, name)
    return function(weights=weights, include_top=False, input_shape=(size, size, 3), **arguments)


def inputs_of(operation: keras.Operation) -> list[str]:
    """List the names of what an operation reads, in its order."""
    return [
        tensor._keras_history.operation.name
        for tensor in operation._inbound_nodes[0].arguments.keras_tensors
    ]


def kind_of(operation: keras.Operation, others: Sequence[keras.Operation]) -> Kind:
    """Return a layer's class and arguments as the table has them.

    Args:
        operation: The layer.
        others: The same layer for images of other sizes.
    """
    kind = type(operation).__name__
    if not isinstance(operation, keras.Layer):
        assert kind in ("Add", "Multiply"), kind  # an operator
        return kind, {}
    config = operation.get_config()
    if kind == "ZeroPadding2D" and any(operation.padding != other.padding for other in others):
        return "CorrectPadding", {"kernel_size": corrected_kernel([operation, *others])}
    if kind in ("Add", "CustomScaleLayer"):
        return "Add", {}
    if kind == "LayerScale":
        return kind, {"weight": operation.gamma.name}
    if kind == "Normalization":
        return ("Same" if operation.input_mean is not None else "ChannelStatistics"), {}
    if kind in SAME_SHAPE:
        return "Same", {}
    written = {name: plain(config[name]) for name in ARGUMENTS[kind].split()}
    if kind == "BatchNormalization" and written["axis"] == 3:
        written["axis"] = -1
    # The strides of a pooling are its window's size when they are left out.
    defaults = {**DEFAULTS, "strides": None} if "pool_size" in written else DEFAULTS
    return kind, {name: value for name, value in written.items() if defaults.get(name) != value}


def corrected_kernel(paddings: Sequence[keras.layers.ZeroPadding2D]) -> int:
    """Return the kernel size for which `correct_pad` makes all these paddings."""
    for size in (3, 5, 7):
        if all(correct_pad(layer.input, size) == layer.padding for layer in paddings):
            return size
    raise ValueError(f"{paddings[0].name}: its paddings are not of correct_pad")


def plain(value: Any) -> Any:
    """Return a number for both axes or sides as one, and tuples as lists."""
    if not isinstance(value, list | tuple):
        return value
    values = [plain(item) for item in value]
    is_one = len(values) == 2 and values[0] == values[1] and not isinstance(values[0], list)
    return values[0] if is_one else values


def preprocessing(name: str) -> str:
    """Find what the application's own `preprocess_input` does."""
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype("float32")
    module = inspect.getmodule(getattr(keras.applications, name))
    assert module is not None
    found = np.asarray(module.preprocess_input(pixels.copy()))
    utils = keras.src.applications.imagenet_utils
    for mode in ("tf", "caffe", "torch"):
        if np.allclose(found, utils.preprocess_input(pixels.copy(), mode=mode)):
            return mode
    assert np.array_equal(found, pixels), name
    return "inside"


def least_size(name: str) -> int:
    """Return the height and width that images need at least."""
    try:
        build(name, 1)
    except ValueError as error:
        least = re.search(r"at least (\d+)", str(error))
        assert least is not None, error
        return int(least[1])
    raise AssertionError(name)


def imagenet(name: str, size: int, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the file of the ImageNet weights, where it lies, and Keras's hash of it if any."""
    with mock.patch.object(file_utils, "get_file", stop_at_file):
        try:
            build(name, size, "imagenet", **arguments)
        except _StoppedError as stopped:
            return stopped.file
    raise AssertionError(name)


class _StoppedError(Exception):
    def __init__(self, file: dict[str, str]) -> None:
        super().__init__()
        self.file = file


def stop_at_file(
    fname: str, origin: str, cache_subdir: str = "", md5_hash: str | None = None,
    file_hash: str | None = None, **_: Any,
) -> None:  # fmt: skip
    """Raise what Keras was about to download."""
    assert cache_subdir == "models", cache_subdir
    digest = md5_hash or file_hash
    assert digest is None or len(digest) in (32, 64), digest
    assert origin.startswith(BASE), origin
    published = {"file": fname, "path": origin.removeprefix(BASE)}
    raise _StoppedError({**published, **({"hash": digest} if digest else {})})


if __name__ == "__main__":
    main(sys.argv[1:])
