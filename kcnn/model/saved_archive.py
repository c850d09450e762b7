"""What a `.keras` file of a stranger holds, looked at before Keras makes anything of it.

Such a file may be of a few kilobytes and ask for more memory than there is, or name classes that
no recipe names. Nothing here unpacks more than a bounded part of it, or makes a layer.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import h5py

from kcnn.machine.memory import free_memory
from kcnn.model.graph import MOST_LAYERS
from kcnn.recipe.constraints import CONSTRAINTS
from kcnn.recipe.initializers import INITIALIZERS
from kcnn.recipe.layers import LAYERS
from kcnn.recipe.regularizers import REGULARIZERS
from kcnn.recipe.schema import LARGEST_SIDE, PRECISIONS

MOST_SAVED_LAYERS = MOST_LAYERS + 2  # with the images and their scaling, which no recipe names
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
MOST_BYTES_OF_DIRECTORY = 2**17
MOST_BYTES_OF_JSON = 8 * 2**20
# Keras stores without compression; who packs a model again gains a few per cent.
MOST_EXPANSION, EXPANSION_COUNTS_FROM = 100, 64 * 2**20
LARGEST_SETTING = 1_000_000
BYTES_OF_WEIGHT = 4
_H5_OBJECTS_OF_LAYER = 20

_NETWORKS = {
    ("keras.src.models.functional", "Functional", "Functional"),
    ("keras", "Functional", None),
    ("keras", "Sequential", None),
}
# Our own, and the Keras layer whose weights it has.
_OUR_LAYERS = {
    "LocalResponseNormalization": None,
    "FusedBatchNormalization": "BatchNormalization",
    "NarrowBatchNormalization": "BatchNormalization",
    "WholeMapConvolution": "Conv2D",
}
_KERAS_LAYERS = {"InputLayer", "Identity", "Normalization", *LAYERS} - {
    "Residual", "Repeat", *_OUR_LAYERS,
}  # fmt: skip
_PARTS = {
    "keras.initializers": set(INITIALIZERS),
    "keras.regularizers": set(REGULARIZERS),
    "keras.constraints": set(CONSTRAINTS),
    "keras": {"DTypePolicy"},
    "kcnn.model.initializers": {"Dirac"},
}
_POLICIES = set(PRECISIONS) - {"auto"}
# Not sizes: any number may stand here.
_FREE_SETTINGS = {"seed", "shared_object_id", "target_shape"}
# Both add weights that no model of kcnn has.
_FOREIGN_SETTINGS = ("lora_rank", "quantization_config")


def check_archive(path: Path) -> None:
    """Makes sure that a model file holds what kcnn writes, and no more than memory has room for.

    Args:
        path: A `.keras` file.

    Raises:
        ValueError: It holds something else; gives the reason in one line.
        Exception: It is damaged, which raises nearly anything.
    """
    with _DirectoryBound(path) as file, zipfile.ZipFile(file) as archive:
        _check_members(archive.infolist())
        layers = _check_network(json.loads(archive.read(CONFIG)))
        size = archive.getinfo(WEIGHTS).file_size
        wanted = BYTES_OF_WEIGHT * sum(_weights(layer) for layer in layers)
        if wanted > size:
            raise ValueError(
                f"{CONFIG} asks for {wanted:,} bytes of weights, but {WEIGHTS} has {size:,}"
            )
        _check_weights(archive.read(WEIGHTS), len(layers))


class _DirectoryBound(io.FileIO):
    """A file whose list of members, which `zipfile` reads at once, may not be long."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MOST_BYTES_OF_DIRECTORY and self._lists_members():
            raise ValueError(f"it holds more files than {METADATA}, {CONFIG} and {WEIGHTS}")
        return super().read(size) or b""

    def _lists_members(self) -> bool:
        start = self.tell()
        signature = super().read(4)
        self.seek(start)
        return signature == b"PK\x01\x02"


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    foreign = sorted({name for name in names if name not in (METADATA, CONFIG, WEIGHTS)})
    if foreign:
        raise ValueError(f"it holds {foreign[0]!r:.60}, which kcnn never writes")
    if len(set(names)) != len(names) or not {CONFIG, WEIGHTS} <= set(names):
        raise ValueError(f"expected {CONFIG} and {WEIGHTS} once each")
    for member in members:
        _check_size(member)


def _check_size(member: zipfile.ZipInfo) -> None:
    size = member.file_size
    if member.filename != WEIGHTS and size > MOST_BYTES_OF_JSON:
        raise ValueError(
            f"{member.filename} unpacks to {size:,} bytes, expected at most {MOST_BYTES_OF_JSON:,}"
        )
    if size > max(EXPANSION_COUNTS_FROM, MOST_EXPANSION * member.compress_size):
        raise ValueError(
            f"{member.filename} unpacks {member.compress_size:,} bytes to {size:,}, "
            f"expected at most {MOST_EXPANSION} times as many"
        )
    free = free_memory()
    if free is not None and 2 * size > free:  # the file, and the weights read from it
        raise ValueError(
            f"{member.filename} unpacks to {size:,} bytes, and loading it takes twice that; "
            f"{free:,} are free"
        )


def _check_network(network: Any) -> list[dict[str, Any]]:
    if _origin(network) not in _NETWORKS:
        raise ValueError(f"{CONFIG}: expected a network of layers; got {_named(network)}")
    settings = dict(network["config"])
    layers = settings.pop("layers")
    _check_settings(settings)
    if len(layers) > MOST_SAVED_LAYERS:
        count, most = f"{len(layers):,}", f"{MOST_SAVED_LAYERS:,}"
        raise ValueError(f"{CONFIG}: {count} layers, expected at most {most}")
    for layer in layers:
        _check_layer(layer)
    if [layer["class_name"] for layer in layers].count("InputLayer") != 1:
        raise ValueError(f"{CONFIG}: expected one InputLayer")
    return list(layers)


def _check_layer(layer: dict[str, Any]) -> None:
    module, name, registered = _origin(layer)
    of_keras = module == "keras.layers" and name in _KERAS_LAYERS and registered is None
    ours = str(module).startswith("kcnn.model.") and name in _OUR_LAYERS
    if not of_keras and not (ours and registered == f"kcnn>{name}"):
        raise ValueError(f"{CONFIG}: no recipe has the layer {_named(layer)}")
    _check_settings(layer["config"])
    nodes = layer.get("inbound_nodes") or []
    if len(nodes) > 1 or any(one["class_name"] != "__keras_tensor__" for one in _objects(nodes)):
        raise ValueError(f"{CONFIG}: layer {_named(layer)}: expected to be called once, on tensors")
    if name == "InputLayer":
        _check_image(layer["config"]["batch_shape"])
    if name == "Normalization" and layer["config"]["axis"] not in (-1, [-1]):
        raise ValueError(f"{CONFIG}: Normalization: expected axis -1")


def _check_image(shape: Sequence[int | None]) -> None:
    if any(side is not None and not 0 < side <= LARGEST_SIDE for side in shape):
        raise ValueError(
            f"{CONFIG}: takes images of shape {shape!s:.60}, expected sides up to {LARGEST_SIDE}"
        )


def _check_settings(settings: dict[str, Any]) -> None:
    name = settings["name"]
    if not isinstance(name, str) or not name.isprintable() or "/" in name or len(name) > 1000:
        raise ValueError(f"{CONFIG}: {name!r:.60} is no name, expected letters and digits")
    for part in _objects(settings):
        module, kind, registered = _origin(part)
        if kind not in _PARTS.get(module, ()) or registered not in (None, kind, f"kcnn>{kind}"):
            raise ValueError(f"{CONFIG}: {name}: no recipe has {_named(part)}")
    policy = settings.get("dtype", "float32")
    policy = policy["config"]["name"] if isinstance(policy, dict) else policy
    if policy not in _POLICIES:
        raise ValueError(f"{CONFIG}: {name}: computes in {policy!r:.60}, which no recipe does")
    if any(settings.get(foreign) for foreign in _FOREIGN_SETTINGS):
        raise ValueError(f"{CONFIG}: {name}: expected no {' or '.join(_FOREIGN_SETTINGS)}")
    for setting, number in _whole_numbers(settings):
        if abs(number) > LARGEST_SETTING:
            raise ValueError(
                f"{CONFIG}: {name}: {setting}: {number:.3g}, expected at most {LARGEST_SETTING:,}"
            )


def _origin(value: dict[str, Any]) -> tuple[Any, Any, Any]:
    return value.get("module"), value["class_name"], value.get("registered_name")


def _named(value: dict[str, Any]) -> str:
    module, name, _ = _origin(value)
    return f"{name!r:.60} of {module!r:.60}"


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Gives all mappings within a value that Keras would make an object of."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _objects(one)


def _whole_numbers(value: Any, setting: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in _FREE_SETTINGS:
                yield from _whole_numbers(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _whole_numbers(one, setting)
    elif type(value) is int:
        yield setting, value


def _weights(layer: dict[str, Any]) -> int:
    """Gives how many weights a layer has at least: nearly all of them.

    Keras makes them for the shape that the layer was built for, before it sees a tensor.
    """
    kind, settings = layer["class_name"], layer["config"]
    kind = _OUR_LAYERS.get(kind, kind)
    if kind not in _HAVE_WEIGHTS:
        return 0
    shape = layer["build_config"]["input_shape"]
    if set(layer["build_config"]) != {"input_shape"} or not all(
        type(side) is int and side > 0 for side in shape[1:]
    ):
        raise ValueError(f"{CONFIG}: {_named(layer)}: expected the input_shape it was built for")
    return _HAVE_WEIGHTS[kind](settings, shape)


def _of_convolution(settings: dict[str, Any], shape: Sequence[int]) -> int:
    inputs = max(1, shape[-1] // settings.get("groups", 1))
    return prod(settings["kernel_size"]) * inputs * int(settings["filters"])


def _of_depthwise(settings: dict[str, Any], shape: Sequence[int]) -> int:
    return prod(settings["kernel_size"]) * shape[-1] * int(settings["depth_multiplier"])


def _of_separable(settings: dict[str, Any], shape: Sequence[int]) -> int:
    pointwise = shape[-1] * settings["depth_multiplier"] * settings["filters"]
    return _of_depthwise(settings, shape) + int(pointwise)


def _of_dense(settings: dict[str, Any], shape: Sequence[int]) -> int:
    return shape[-1] * int(settings["units"])


def _of_normalization(settings: dict[str, Any], shape: Sequence[int]) -> int:
    axes = settings["axis"] if isinstance(settings["axis"], list) else [settings["axis"]]
    return (bool(settings["center"]) + bool(settings["scale"])) * prod(shape[one] for one in axes)


def _of_batch_normalization(settings: dict[str, Any], shape: Sequence[int]) -> int:
    return 2 * shape[settings["axis"]] + _of_normalization(settings, shape)


def _of_slopes(settings: dict[str, Any], shape: Sequence[int]) -> int:
    slopes = list(shape)
    for axis in settings["shared_axes"] or []:
        slopes[axis] = 1
    return prod(slopes[1:])


_HAVE_WEIGHTS = {
    "Conv2D": _of_convolution,
    "Conv2DTranspose": _of_convolution,
    "DepthwiseConv2D": _of_depthwise,
    "SeparableConv2D": _of_separable,
    "Dense": _of_dense,
    "BatchNormalization": _of_batch_normalization,
    "LayerNormalization": _of_normalization,
    "GroupNormalization": _of_normalization,
    "PReLU": _of_slopes,
}


def _check_weights(content: bytes, layers: int) -> None:
    with h5py.File(io.BytesIO(content), "r") as file:
        names: list[str] = []

        def look(name: str, link: Any) -> str | None:
            # What it gives ends the visit; of an exception raised here h5py makes a SystemError.
            names.append(name)
            if len(names) > _H5_OBJECTS_OF_LAYER * (layers + 1):
                return f"holds more than {layers:,} layers have"
            if not isinstance(link, h5py.HardLink):
                return f"{name!r:.60} lies elsewhere, expected all in the file"
            return None

        wrong = file.visititems_links(look)
        if wrong is not None:
            raise ValueError(f"{WEIGHTS}: {wrong}")
        for name in names:
            if isinstance(file[name], h5py.Dataset):
                _check_array(file[name])


def _check_array(array: h5py.Dataset) -> None:
    # An array may claim to be larger than what is stored of it.
    whole = array.external is None and array.id.get_storage_size() >= array.nbytes
    if not whole or not re.fullmatch("[fiu]", array.dtype.kind):
        raise ValueError(f"{WEIGHTS}: {array.name!r:.60}: expected plain numbers, all in the file")
