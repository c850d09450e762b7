"""export/summary.csv and the kcnn.json beside each artefact: what was exported, and how it did.

kcnn.json is where an artefact's facts are; summary.csv is a table of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv
from kcnn.files.read import MAX_JSON_BYTES, read_json, read_limited
from kcnn.text.numbers import six_digits

DESCRIPTION = "kcnn.json"
CLASS_NAMES = "class_names.json"
SUMMARY = "summary.csv"
MEASURED = "measured"  # the key of kcnn.json with the columns below
# The artefact's name and what was measured; an empty cell is a value that does not apply.
COLUMNS = (
    "format",  # name of the artefact's folder: litert, litert_int8
    "runtime",  # and its version
    "size",  # bytes of the model, for `web` with its page; without the files beside every model
    "images",  # test images compared
    "accuracy",
    "accuracy_low",  # 95 % interval
    "accuracy_high",
    "largest_difference",  # of a probability from the model's
    "mean_difference",
    "other_classes",  # images with another class than the model's
    "ms_batch_1",  # milliseconds an image
    "ms_batch_32",
    "peak_memory_mb",  # of the process that ran it
)


def read_description(artefact: Path) -> dict[str, Any]:
    """Read the kcnn.json of an artefact's folder.

    Raises:
        RunError: It is missing or damaged.
    """
    return read_json(artefact / DESCRIPTION)


def read_class_names(artefact: Path) -> list[str]:
    """Read the class_names.json of an artefact's folder.

    Raises:
        RunError: It is missing or damaged.
    """
    path = artefact / CLASS_NAMES
    try:
        names = json.loads(read_limited(path, MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise RunError(f"{path}: expected a list with the name of each class", "export it again")
    return names


def write_export_summary(exports: Path) -> Path:
    """Write summary.csv anew from the artefacts of a folder; return its path.

    Artefacts of an older kcnn, which have nothing measured, are left out.

    Raises:
        RunError: The file cannot be written.
    """
    rows = []
    for artefact in sorted(path for path in exports.iterdir() if (path / DESCRIPTION).is_file()):
        if artefact.name.startswith("."):  # unfinished, of another process
            continue
        try:
            measured = read_description(artefact).get(MEASURED)
        except RunError:
            continue
        if isinstance(measured, Mapping):
            rows.append([_cell(measured.get(column)) for column in COLUMNS])
    write_csv(exports / SUMMARY, COLUMNS, rows)
    return exports / SUMMARY


def _cell(value: Any) -> object:
    if value is None:
        return ""
    return six_digits(value) if isinstance(value, float) else value
