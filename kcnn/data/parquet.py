"""Parquet files, as pandas and Hugging Face write them; needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kcnn.errors import DataError

Columns = Callable[[int], Sequence[str]]


def read_parquet(path: Path) -> tuple[list[str], Columns, int]:
    """Read the names of a Parquet file's columns, and its columns when they are asked for.

    Args:
        path: The file.

    Returns:
        The names; a function from a column's number to its cells as text, empty where there is no
        value; and the number of rows.

    Raises:
        DataError: pyarrow is not installed, or the file is damaged.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow, which is not installed",
            'pip install "kcnn[parquet]", or save the table as CSV',
        ) from None
    try:
        file = parquet.ParquetFile(path)
        names = list(file.schema_arrow.names)
        count = int(file.metadata.num_rows)
    # A damaged file raises nearly anything.
    except Exception:
        raise DataError(f"{path}: damaged, or no Parquet file", "save it anew") from None

    def column(index: int) -> list[str]:
        try:
            values = file.read(columns=[names[index]]).column(0).to_pylist()
        except Exception:
            raise DataError(f"{path}: column {names[index]} is damaged", "save it anew") from None
        return [_text(path, names[index], value) for value in values]

    return names, column, count


def _text(path: Path, name: str, value: Any) -> str:
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value).strip()
    raise DataError(
        f"{path}: column {name} has {type(value).__name__} values, expected text",
        "a column of paths and one of labels are needed; images in the table are not read",
    )
