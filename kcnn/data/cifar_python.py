"""CIFAR-10 and CIFAR-100 in their Python layout: pickles, read without running what is in them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np

from kcnn.data.cifar import PIXEL_BYTES, assemble
from kcnn.data.dataset import Dataset
from kcnn.data.locate import Location
from kcnn.data.members import mend
from kcnn.errors import DataError


def read_cifar_python(location: Location) -> Dataset:
    """Reads the Python layout, from a folder or out of a tar file.

    Args:
        location: CIFAR-10 or CIFAR-100, found on disk.

    Returns:
        The set; CIFAR-100 with its fine labels.

    Raises:
        DataError: A file is missing or damaged, asks for code to be run, or has other arrays or
            labels than CIFAR's.
    """
    is_cifar10 = location.named_set.name == "cifar10"
    labels_key = "labels" if is_cifar10 else "fine_labels"
    names_key = "label_names" if is_cifar10 else "fine_label_names"

    def decode(name: str, content: bytes, count: int) -> tuple[np.ndarray, np.ndarray]:
        batch = _unpickle(location, name, content)
        return (
            _array(location, name, batch, "data", (count, PIXEL_BYTES)),
            _array(location, name, batch, labels_key, (count,)),
        )

    def decode_class_names(name: str, content: bytes) -> tuple[str, ...]:
        names = _unpickle(location, name, content).get(names_key)
        if not isinstance(names, list) or not all(isinstance(one, bytes | str) for one in names):
            raise DataError(f"{location.path}: {name} has no list called {names_key}")
        return tuple(
            one.decode("utf-8", errors="replace") if isinstance(one, bytes) else one
            for one in names
        )

    return assemble(location, decode, decode_class_names)


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays of numbers, strings, lists and dicts, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 1 and 2 name their inner modules differently.
        module = module.replace("numpy._core", "numpy.core")
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _number_dtype(kind: str, *flags: bool) -> np.dtype:
    if kind not in {"u1", "i4", "i8"}:
        raise pickle.UnpicklingError(f"it asks for an array of {kind!r}")
    return np.dtype(kind, *flags)


def _frombuffer(buffer: bytes, dtype: np.dtype, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(buffer, dtype).reshape(shape, order=order)


def _encode_latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding!r}")
    return text.encode("latin1")


_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _number_dtype,
    # The function that an array's own pickle names; NumPy keeps it in a private module.
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _encode_latin1,
}


def _unpickle(location: Location, name: str, content: bytes) -> dict[str, Any]:
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{location.path}: {name} is refused: {error}, and CIFAR needs nothing but numbers "
            "and strings",
            f"do not trust this file; {mend(location)}",
        ) from None
    # A damaged pickle raises nearly anything.
    except Exception as error:
        raise DataError(
            f"{location.path}: {name} is damaged or no pickle ({type(error).__name__})",
            mend(location),
        ) from None
    if not isinstance(batch, dict):
        raise DataError(f"{location.path}: {name} holds a {type(batch).__name__}, expected a dict")
    return {
        key.decode("latin1") if isinstance(key, bytes) else str(key): value
        for key, value in batch.items()
    }


def _array(
    location: Location, name: str, batch: Mapping[str, Any], key: str, shape: tuple[int, ...]
) -> np.ndarray:
    value = batch.get(key)
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0)
    is_bytes = array.dtype.kind in "iu" and array.size > 0 and 0 <= array.min() <= array.max() < 256
    if array.shape != shape or not is_bytes:
        raise DataError(
            f"{location.path}: {name}: {key} is {_describe(value)}, expected {shape} numbers from "
            "0 to 255"
        )
    return array.astype(np.uint8, copy=False)


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    return "missing" if value is None else f"a {type(value).__name__}"
