"""Run the converter of another project: silently, and with its errors in one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from kcnn.errors import ConversionError, KcnnError
from kcnn.files.atomic import full_disk
from kcnn.machine.native_stderr import held_back_standard_error


@contextmanager
def converting(title: str) -> Iterator[None]:
    """Hold back what the body writes to standard error, and word the errors it raises.

    Converters write much that is of no use to a user, from C++ and from Python, also where all
    goes well.

    Args:
        title: The format's title, such as `LiteRT`.

    Raises:
        ExportError: The converter failed.
        OSError: The disk is full, or a file cannot be written.
    """
    failure: Exception | None = None
    with held_back_standard_error(f"the model was being converted to {title}"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except (KcnnError, OSError, MemoryError) as error:
            failure = error
        except Exception as error:
            failure = full_disk(str(error)) or _failed(title, error)
    if failure is not None:  # only now, because what was written would be printed with it
        raise failure


def _failed(title: str, error: Exception) -> ConversionError:
    lines = str(error).strip().splitlines() or ["no reason given"]
    return ConversionError(
        f"the model cannot be converted to {title}: {type(error).__name__}: {lines[0][:300]}",
        "please report this with the run's resolved.yaml",
    )
