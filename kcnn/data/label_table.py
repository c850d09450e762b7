"""A table of images and their labels, as people make them: CSV, Excel's CSV, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.errors import DataError
from kcnn.files.read import opened
from kcnn.text.did_you_mean import nearest

MAX_PROBLEMS = 10  # rows in one error
MAX_BYTES = 1_000_000_000
# What people call the columns, in lower case; the first name of each decides where several fit.
COLUMNS = {
    "path": ("path", "file", "filename", "file_name", "filepath", "file_path", "image"),
    "label": ("label", "labels", "class", "category"),
    "split": ("split",),
    "group": ("group",),
}
NEEDED = ("path", "label")
_DELIMITERS = ",;\t|"
_FIRST_LINE = "the first line names the columns, as in path,label or path,label,split"
_AS_CSV = "save it as CSV; in Excel: Save as, CSV UTF-8"
_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class LabelTable:
    """A table's cells, by what kcnn calls the columns.

    Args:
        file: The file.
        columns: `path` and `label`, and what there is of `split` and `group`: a cell for each row,
            without spaces around it.
        lines: The line of each row in the file; the row's number in a Parquet file.
        ignored: Names of further columns.
    """

    file: Path
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    ignored: tuple[str, ...]

    def where(self, row: int) -> str:
        """Return where a row is, as messages name it: `labels.csv:12`."""
        return f"{self.file}:{self.lines[row]}"


def read_label_table(path: Path) -> LabelTable:
    """Read a table that has a column of paths and one of labels.

    The columns may come in any order, and their names in any case. Cells are separated by commas,
    semicolons, tabs or bars.

    Args:
        path: A CSV file in UTF-8 or UTF-16, or a Parquet file.

    Raises:
        DataError: It is not there, no table, or without one of the columns.
        OSError: It cannot be read.
    """
    _require_table(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        from kcnn.data.parquet import read_parquet

        names, columns, count = read_parquet(path)
        chosen = _choose_columns(f"{path}", names)
        cells = {role: columns(index) for role, index in chosen.items()}
        return LabelTable(path, cells, range(1, count + 1), _ignored(names, chosen))
    text = _decode(path, _read(path))
    names, rows, lines = _split(path, text)
    chosen = _choose_columns(f"{path}:{lines[0]}", names)
    cells = {role: [row[index].strip() for row in rows] for role, index in chosen.items()}
    return LabelTable(path, cells, lines[1:], _ignored(names, chosen))


def require_rows(problems: Sequence[str], hint: str) -> None:
    """Raise if rows of a table are wrong; the error names the first of them.

    Args:
        problems: What is wrong, one sentence for each row; empty if all are right.
        hint: How to fix them.

    Raises:
        DataError: There are problems.
    """
    if not problems:
        return
    more = len(problems) - MAX_PROBLEMS
    listed = "; ".join(problems[:MAX_PROBLEMS])
    raise DataError(f"{listed}; and {more:,} more rows" if more > 0 else listed, hint)


def _require_table(path: Path) -> None:
    if path.is_dir():
        raise DataError(
            f"{path}: is a folder, expected a CSV file",
            "name the file, as in path: photos/labels.csv; dataset: folder reads folders of "
            "classes",
        )
    if not path.exists():
        raise DataError(
            f"{path}: no such file",
            "data.path names the CSV file: relative to the recipe or, on the command line, to the "
            "current folder",
        )


def _read(path: Path) -> bytes:
    with opened(path) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DataError(
            f"{path}: more than {MAX_BYTES:,} bytes, too long for a list of images",
            "leave out the columns that kcnn does not read",
        )
    return content


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise DataError(f"{path}: an Excel workbook or a zip archive, expected CSV", _AS_CSV)
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # Excel's "Unicode text"
    try:
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text", _AS_CSV) from None


def _split(path: Path, text: str) -> tuple[list[str], list[list[str]], list[int]]:
    """Split a text into the names of its columns, the rows below, and the lines of all of these."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for line, row in _numbered(reader):
            if names is None:
                if row[0].lower() == "sep=" and not any(row[1:]):  # Excel's own first line
                    continue
                names = row
            else:
                rows.append(_fitted(f"{path}:{line}", row, names))
            lines.append(line)
    except csv.Error as error:
        raise DataError(
            f"{path}:{reader.line_num}: not a table: {error}",
            'a quotation mark within a cell is written twice: ""',
        ) from None
    if not rows:
        what = "only the names of columns" if names else "empty"
        raise DataError(f"{path}: {what}, expected a row for each image", _FIRST_LINE)
    assert names is not None
    return names, rows, lines


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that are not empty with their first lines: a cell may have line ends."""
    line = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield line, row
        line = reader.line_num + 1


def _fitted(where: str, row: list[str], names: Sequence[str]) -> list[str]:
    """Return a row with a cell for each column; spreadsheets add and leave out empty ones."""
    if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
        raise DataError(
            f"{where}: {len(row)} cells, and {len(names)} columns",
            "put a cell that has the separator in it into quotation marks",
        )
    return row[: len(names)] + [""] * (len(names) - len(row))


def _delimiter(text: str) -> str:
    """Return what separates the cells: what makes the names of columns that are needed."""
    first = text.lstrip("\r\n").split("\n", 1)[0].strip("\r")
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        return first[-1]

    def rank(delimiter: str) -> tuple[int, int]:
        names = [_plain(name) for name in first.split(delimiter)]
        known = sum(any(name in COLUMNS[role] for name in names) for role in NEEDED)
        return known, len(names)

    return max(_DELIMITERS, key=rank)


def _plain(name: str) -> str:
    return name.strip().strip('"').strip().lower().replace(" ", "_").replace("-", "_")


def _choose_columns(where: str, names: Sequence[str]) -> dict[str, int]:
    """Return the number of each column that kcnn reads, by what kcnn calls it."""
    plain = [_plain(name) for name in names]
    _require_names_of_their_own(where, names, plain)
    chosen = {}
    for role, known in COLUMNS.items():
        found = [index for index, name in enumerate(plain) if name in known]
        if known[0] in plain:
            chosen[role] = plain.index(known[0])
        elif len(found) > 1:
            both = " and ".join(names[index].strip() for index in found)
            raise DataError(f"{where}: {both} may both be the {role}", f"call one of them {role}")
        elif found:
            chosen[role] = found[0]
    missing = [role for role in NEEDED if role not in chosen]
    if missing:
        raise _missing(where, missing, names, plain)
    return chosen


def _require_names_of_their_own(where: str, names: Sequence[str], plain: Sequence[str]) -> None:
    for index, name in enumerate(plain):
        if name and name in plain[:index]:
            first = plain.index(name)
            raise DataError(
                f"{where}: columns {first + 1} and {index + 1} are both called "
                f"{names[index].strip()}",
                "rename one of them",
            )


def _missing(
    where: str, missing: Sequence[str], names: Sequence[str], plain: Sequence[str]
) -> DataError:
    found = ", ".join(name.strip() or "(no name)" for name in names[:10])
    if any(name.strip().lower().endswith(_IMAGE_ENDINGS) for name in names):
        return DataError(f"{where}: an image, expected the names of the columns", _FIRST_LINE)
    near = nearest(missing[0], plain)
    hint = f"rename {near} to {missing[0]}" if near else _FIRST_LINE
    return DataError(f"{where}: no column {' and '.join(missing)}; found {found}", hint)


def _ignored(names: Sequence[str], chosen: Mapping[str, int]) -> tuple[str, ...]:
    read = set(chosen.values())
    return tuple(
        name.strip() for index, name in enumerate(names) if index not in read and name.strip()
    )
