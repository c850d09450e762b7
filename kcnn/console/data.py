"""The texts of kcnn data, fetch and verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.numbers import count_text, shape_text

if TYPE_CHECKING:
    from kcnn.commands.data import DatasetTable, FetchedDataset, Verification

_FILES = {
    True: "the original download",
    False: "not byte for byte the original download",
    None: "of a form for which no hash of the original is known",
}


def datasets_text(datasets: DatasetTable) -> str:
    """Return a row per dataset."""
    rows = [
        (
            row.name, row.train_count, row.test_count, shape_text(row.image_shape),
            len(row.class_names), row.found or f"not here; kcnn data fetch {row.name}",
        )
        for row in datasets.rows
    ]  # fmt: skip
    return table(("dataset", "training", "test", "images", "classes", "found"), rows)


def fetched_text(fetched: FetchedDataset) -> str:
    """Return where the dataset is."""
    return str(fetched.path)


def verification_text(result: Verification) -> str:
    """Return whether a dataset can be read and whether its files are the original ones."""
    files = _FILES[result.original]
    if result.original is False and result.readable:
        files += "; the images can be read all the same"
    lines = [f"{result.name}: {result.path}"]
    lines += [f"sha256 {digest}  {name}" for name, digest in result.sha256.items()]
    lines.append(f"files: {files}")
    if result.train_count is not None and result.test_count is not None:
        test = count_text(result.test_count, "test image")
        lines.append(f"readable: {result.train_count:,} training and {test}")
    else:
        lines.append(f"not readable: {result.problem}")
    return "\n".join(lines)
