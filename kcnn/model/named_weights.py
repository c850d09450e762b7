"""The weights of each layer in a file, by the layer's name, whatever model they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from kcnn.files.zips import open_zip
from kcnn.model.graph import MAX_LAYERS
from kcnn.model.saved_weights import items_of, require_numbers, require_room, unpacked

LayerName = tuple[str, ...]  # a layer inside another one comes after that one's name
_VARIABLES = "vars"  # Keras's name of the group with a layer's own weights
_Items = Mapping[str, h5py.Dataset | h5py.Group]


@contextmanager
def named_weights(path: Path) -> Iterator[Mapping[LayerName, Sequence[h5py.Dataset]]]:
    """Open a file of weights; no array is read before it is asked for.

    Args:
        path: A `.keras` file, an HDF5 file of Keras 3, or one of Keras 2.

    Yields:
        The arrays of each layer that has any, in the order of the layer's `weights`.

    Raises:
        ValueError: It holds something else, or does not fit into memory.
        Exception: The file is damaged, which raises nearly anything.
    """
    with _hdf5(path) as file, h5py.File(file, "r") as content:
        items = items_of(content, MAX_LAYERS)
        weights = dict(_keras_2(items) or _keras_3(items))
        for arrays in weights.values():
            for array in arrays:
                require_numbers(array)
        yield weights


def read_finite(array: h5py.Dataset) -> np.ndarray:
    """Read an array whose numbers are all finite.

    Raises:
        ValueError: Some are not.
    """
    values = np.asarray(array[()])
    if not np.isfinite(values).all():
        raise ValueError(f"{ascii(array.name)[:60]}: numbers that are not finite")
    return values


def _hdf5(path: Path) -> AbstractContextManager[Path]:
    if is_zip(path):
        return unpacked(path)
    require_room(path.stat().st_size)
    return nullcontext(path)


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip archive, as `.keras` files are."""
    try:
        with open_zip(path):
            return True
    except Exception:  # h5py reports what is wrong with a file that is neither
        return False


def _keras_3(items: _Items) -> Iterator[tuple[LayerName, list[h5py.Dataset]]]:
    """Find the layers in a file whose paths come from classes: their names are attributes."""
    names = {
        path.removesuffix(_VARIABLES).rstrip("/"): _text(group.attrs.get("name"))
        for path, group in items.items()
        if path.rpartition("/")[2] == _VARIABLES and isinstance(group, h5py.Group)
    }
    for path, name in names.items():
        arrays = _numbered(f"{path}/{_VARIABLES}", items)
        if name is None or not arrays:
            continue
        parts = path.split("/")
        around = ("/".join(parts[:end]) for end in range(1, len(parts)))
        outer = [outer for place in around if (outer := names.get(place)) is not None]
        yield (*outer, name), arrays


def _numbered(folder: str, items: _Items) -> list[h5py.Dataset]:
    arrays: list[h5py.Dataset] = []
    while isinstance(array := items.get(f"{folder}/{len(arrays)}"), h5py.Dataset):
        arrays.append(array)
    return arrays


def _keras_2(items: _Items) -> dict[LayerName, list[h5py.Dataset]]:
    """Find the layers in a file of Keras 2, which keras.applications still downloads."""
    weights: dict[LayerName, list[h5py.Dataset]] = {}
    for path, group in items.items():
        names = group.attrs.get("weight_names") if "/" not in path else None
        if not isinstance(names, np.ndarray) or not isinstance(group, h5py.Group):
            continue
        found = [items.get(f"{path}/{_text(name)}") for name in names.tolist()]
        arrays = [array for array in found if isinstance(array, h5py.Dataset)]
        if arrays and len(arrays) == len(found):
            weights[path,] = arrays
    return weights


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None
