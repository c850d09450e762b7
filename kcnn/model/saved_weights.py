"""The weights in a `.keras` file, which a stranger may have written.

Such a file is a zip archive of `config.json`, `metadata.json` and `model.weights.h5`. Only the
weights are taken from it, and the two lists of numbers by which standard scaling normalizes: Keras
keeps those in the configuration. The file's configuration creates no layer, function or object.
"""

from __future__ import annotations

import json
import math
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras

from kcnn.files.atomic import writing
from kcnn.files.zips import open_zip, read_member
from kcnn.machine.memory import free_memory
from kcnn.model.build import SCALING, ChannelStatistics
from kcnn.model.plan import Plan

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MAX_CONFIG_BYTES = 8 * 2**20
BYTES_OF_WEIGHT = 4  # Keras keeps weights in float32 under each of our dtype policies
# HDF5's own records, of which a layer has several.
BYTES_OF_LAYER, BYTES_OF_FILE = 2**16, 2**20


def require_size(path: Path, plan: Plan) -> None:
    """Compare the size of a file's weights with the plan's, before anything is read or built.

    Args:
        path: A `.keras` file.
        plan: The layers whose weights it should hold.

    Raises:
        ValueError: They have another size, or do not fit into memory.
        Exception: The file is damaged, which raises nearly anything.
    """
    with open_zip(path) as archive:
        size = _member(archive, WEIGHTS).file_size
    least = BYTES_OF_WEIGHT * plan.cost.parameters
    layers = sum(node.layer.layer_count for node in plan.nodes)
    most = least + BYTES_OF_LAYER * layers + BYTES_OF_FILE
    if not least <= size <= most:
        raise ValueError(
            f"{WEIGHTS} has {size:,} bytes, expected {least:,} for the layers of resolved.yaml"
        )
    require_room(size)


def read_statistics(path: Path, channels: int) -> ChannelStatistics:
    """Read the mean and variance of each channel, by which standard scaling normalizes.

    Args:
        path: A `.keras` file.
        channels: How many there are.

    Raises:
        ValueError: They are missing or are not such numbers.
        Exception: The file is damaged, which raises nearly anything.
    """
    with open_zip(path) as archive:
        config = json.loads(read_member(archive, CONFIG, MAX_CONFIG_BYTES))
    layers = [layer["config"] for layer in config["config"]["layers"]]
    (scaling,) = (layer for layer in layers if layer["name"] == SCALING)
    mean, variance = (list(_flat(scaling[name])) for name in ("mean", "variance"))
    if not len(mean) == len(variance) == channels or min(variance) < 0:
        raise ValueError(f"{CONFIG}: expected the mean and variance of {channels} channels")
    return mean, variance


def load_weights(model: keras.Model, path: Path) -> None:
    """Load the weights of a model that was built from the plan of the same layers.

    Keras's own `load_weights` looks up each weight by its path in the HDF5 file and makes no
    object from it.

    Args:
        model: The model, of Keras's own layers.
        path: A `.keras` file that passed `require_size`.

    Raises:
        RunError: The folder for temporary files is full.
        ValueError: It has other weights, or weights that are not plain numbers inside the file.
        Exception: The file is damaged, which raises nearly anything.
    """
    with unpacked(path) as file:
        _require_shapes(model, file)
        model.load_weights(file)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack the weights of a `.keras` file for a while, so that what is checked is what is read.

    HDF5 also reads them faster.

    Args:
        path: The file.

    Raises:
        RunError: The folder for temporary files is full.
        ValueError: The file has not exactly one member of weights, or they do not fit into memory.
        Exception: The file is damaged, which raises nearly anything.
    """
    with tempfile.TemporaryDirectory(prefix="kcnn-") as folder:
        file = Path(folder) / WEIGHTS
        with open_zip(path) as archive:
            require_room(_member(archive, WEIGHTS).file_size)
            content = archive.read(WEIGHTS)
        with writing(file, len(content)):
            file.write_bytes(content)
        yield file


def require_room(size: int) -> None:
    """Raise if weights and the file that they are read from do not fit into memory.

    Args:
        size: Bytes of the HDF5 file.

    Raises:
        ValueError: They do not.
    """
    free = free_memory()
    if free is not None and 2 * size > free:
        raise ValueError(
            f"{WEIGHTS} has {size:,} bytes, and loading it takes twice that; {free:,} are free"
        )


def _require_shapes(model: keras.Model, file: Path) -> None:
    """Raise unless an HDF5 file has as many weights of each shape as the model."""
    found = _shapes(file, sum(1 for _ in model._flatten_layers(include_self=False)))
    expected = Counter(tuple(weight.shape) for weight in model.weights)
    for shape in (expected - found) | (found - expected):
        raise ValueError(
            f"{WEIGHTS} has {found[shape]} weights of shape {shape}, and the layers of "
            f"resolved.yaml {expected[shape]}"
        )


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if member.filename == name]
    if len(members) != 1:
        raise ValueError(f"expected one {name} in it, found {len(members)}")
    return members[0]


def _flat(value: Any) -> Iterator[float]:
    """List the numbers in lists of lists, as Keras writes them for one channel or several."""
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    elif isinstance(value, int | float) and math.isfinite(value):
        yield value
    else:
        raise ValueError(f"{CONFIG}: expected finite numbers to scale by")


def _shapes(file: Path, layers: int) -> Counter[tuple[int, ...]]:
    """Count the arrays of each shape in an HDF5 file.

    Links that lead out of the file are not followed, so their arrays are missing here.

    Raises:
        ValueError: There are more arrays than layers have, or one is not plain numbers.
    """
    with h5py.File(file, "r") as content:
        items = items_of(content, layers).values()
        arrays = [item for item in items if isinstance(item, h5py.Dataset)]
        for array in arrays:
            require_numbers(array)
        return Counter(array.shape for array in arrays)


def items_of(content: h5py.File, layers: int) -> dict[str, h5py.Dataset | h5py.Group]:
    """Return the arrays and groups of an HDF5 file by name, without following links out of it.

    Args:
        content: The file.
        layers: How many layers its weights may have.

    Raises:
        ValueError: There is more in it.
    """
    most = 20 * (layers + 1)
    items: dict[str, h5py.Dataset | h5py.Group] = {}

    def collect(name: str, item: h5py.Dataset | h5py.Group) -> bool | None:
        items[name] = item
        return len(items) > most or None  # what is not None ends the visit

    if content.visititems(collect):
        raise ValueError(f"{WEIGHTS} holds more than {layers:,} layers have")
    return items


def require_numbers(array: h5py.Dataset) -> None:
    """Raise unless an array is plain numbers, all of them stored in the file.

    Raises:
        ValueError: It is not.
    """
    # An array may claim to be larger than what is stored of it (a bomb), or lie in another file.
    is_whole = array.external is None and array.id.get_storage_size() >= array.nbytes
    if not is_whole or array.is_virtual or array.dtype.kind not in "fiu":
        name = ascii(array.name)[:60]
        raise ValueError(f"{WEIGHTS}: {name}: expected plain numbers, all in the file")
