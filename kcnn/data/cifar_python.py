"""CIFAR-10 and CIFAR-100 in their Python layout: pickles, read without running what is in them."""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kcnn.data.cifar import PIXEL_BYTES, assemble
from kcnn.data.dataset import Dataset
from kcnn.data.locate import Location
from kcnn.data.members import mend
from kcnn.errors import DataError

MOST_OPERATIONS = 1_000_000  # of a pickle; a file of CIFAR has 200,000
MOST_TUPLES = 1000  # that no call takes: a few for each array; a hash walks down through them


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


class _Kind:
    """Stands for a NumPy dtype of numbers; NumPy's own takes any state, and reads past its end.

    Args:
        name: `u1`, `i4` or `i8`.
        flags: What NumPy passes besides, without a meaning here.
    """

    __slots__ = ("dtype",)

    def __init__(self, name: str | bytes, *flags: object) -> None:
        text = _text(name)
        if text not in ("u1", "i4", "i8"):
            raise pickle.UnpicklingError(f"it asks for an array of {_one_line(text)}")
        self.dtype = np.dtype(f"<{text}")

    def __setstate__(self, state: Any) -> None:
        _, order, *parts = state
        if _text(order) not in ("<", "|") or any(part is not None for part in parts[:3]):
            raise pickle.UnpicklingError("it asks for an array of more than numbers")


class _Array:
    """Stands for an array, whose numbers are looked at before NumPy sees them."""

    __slots__ = ("numbers",)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, is_fortran, content = state
        self.fill(content, kind, shape, "F" if is_fortran else "C")

    def fill(self, content: Any, kind: Any, shape: Any, order: Any) -> _Array:
        """Takes the numbers when there are as many of them as the shape has."""
        is_whole = (
            isinstance(content, bytes | bytearray)
            and isinstance(kind, _Kind)
            and isinstance(shape, tuple)
            and all(type(size) is int and size >= 0 for size in shape)
            and len(content) == math.prod(shape) * kind.dtype.itemsize
        )
        if not is_whole:
            raise pickle.UnpicklingError("it has an array that is not of its shape")
        flat = np.frombuffer(content, kind.dtype)
        self.numbers = flat.reshape(shape, order="F" if order == "F" else "C")
        return self


class _Function:
    """A function that a pickle may call but not change.

    Args:
        function: What to call.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes a function")


def _text(value: Any) -> str:
    """Gives text that Python 3 wrote as such, and Python 2 as bytes."""
    if isinstance(value, bytes):
        return value.decode("latin1")
    return value if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return ascii(text[:100])[1:-1]


_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _Function(lambda *arguments: _Array()),
    ("numpy.core.numeric", "_frombuffer"): _Function(lambda *parts: _Array().fill(*parts)),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays of numbers, strings, lists and dicts, and refuses everything else.

    Args:
        content: The pickle.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._uncopied = len(content)

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 1 and 2 name their inner modules differently.
        module = module.replace("numpy._core", "numpy.core")
        if (module, name) == ("_codecs", "encode"):
            return _Function(self._encode_latin1)
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {_one_line(f'{module}.{name}')}") from None

    def _encode_latin1(self, text: str, encoding: str) -> bytes:
        self._uncopied -= len(text)
        if encoding != "latin1" or self._uncopied < 0:
            raise pickle.UnpicklingError("it copies strings or spells them otherwise")
        return text.encode("latin1")


_KEEPS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_FETCHES = {"GET", "BINGET", "LONG_BINGET"}
_TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_NEVER = {"DUP", "FROZENSET", "EMPTY_SET", "ADDITEMS", "NEXT_BUFFER", "READONLY_BUFFER"}
# POP and an empty BUILD, APPENDS or SETITEMS uncover a tuple, which is then kept unseen.
_NEVER |= {"POP", "POP_MARK"}
_UNCOVERS = {"BUILD", "APPEND", "APPENDS", "SETITEM", "SETITEMS"}


def _require_modest(content: bytes) -> None:
    """Refuses small pickles that make much: by a far place of memory, or ever larger tuples.

    Raises:
        pickle.UnpicklingError: It is one.
        ValueError: It is no pickle, or cut off.
    """
    count, kept, unused, tuples, before = 0, 0, 0, set[Any](), ""
    for operation, argument, _ in pickletools.genops(content):
        name, count = operation.name, count + 1
        unused += (name in _TUPLES) - (name == "REDUCE" and before in _TUPLES)
        if name in _KEEPS:
            place = kept if argument is None else int(argument)
            kept += 1
            if place > MOST_OPERATIONS:
                raise pickle.UnpicklingError("it asks for more memory than CIFAR takes")
            tuples |= {place} if before in _TUPLES | _UNCOVERS else set()
        is_much = count > MOST_OPERATIONS or unused > MOST_TUPLES
        if name in _NEVER or (name in _FETCHES and argument in tuples) or is_much:
            raise pickle.UnpicklingError(f"it has what CIFAR has not ({name})")
        # These leave what lies on top of the stack as it is.
        if name not in _KEEPS | {"PROTO", "FRAME"}:
            before = name


def _unpickle(location: Location, name: str, content: bytes) -> dict[str, Any]:
    try:
        _require_modest(content)
        batch = _ArrayUnpickler(content).load()
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
        key.decode("latin1") if isinstance(key, bytes) else key: value
        for key, value in batch.items()
        if isinstance(key, bytes | str)
    }


def _array(
    location: Location, name: str, batch: Mapping[str, Any], key: str, shape: tuple[int, ...]
) -> np.ndarray:
    value = batch.get(key)
    array = np.empty(0)
    if isinstance(value, _Array):
        array = getattr(value, "numbers", array)
    elif isinstance(value, list) and all(type(one) is int and 0 <= one < 256 for one in value):
        array = np.array(value)
    right_shape = array.shape == shape and array.dtype.kind in "iu"
    if not right_shape or array.min() < 0 or array.max() > 255:
        raise DataError(
            f"{location.path}: {name}: {key} is {_describe(value)}, expected {shape} numbers from "
            "0 to 255"
        )
    return array.astype(np.uint8, copy=False)


def _describe(value: Any) -> str:
    if isinstance(value, _Array) and hasattr(value, "numbers"):
        return f"an array {value.numbers.shape} of {value.numbers.dtype}"
    return "missing" if value is None else f"a {type(value).__name__.lstrip('_')}"
