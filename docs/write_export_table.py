"""Measure each layer and activation in each export format, and write `docs/export-layers.md`.

    python docs/write_export_table.py

It takes some minutes. Run it for a new layer or format, or a new version of a runtime.
`tests/export/test_all_layers.py` measures the same, and `tests/docs/test_export_table.py` checks
that the page has all layers and formats.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from export_cases import CASES, variants
from kcnn.errors import ExportError
from kcnn.export.agreement import Agreement
from kcnn.export.format import Tolerance
from kcnn.text.markdown import table

PAGE = Path(__file__).with_name("export-layers.md")
INTRODUCTION = """\
# Layers and export formats

<!-- Measured: python docs/write_export_table.py -->

Each layer and activation that a recipe can name, with random weights, in each
[export format](export.md), computed by the format's own runtime in a process of its own. A number
is the largest difference of a probability from Keras's over 256 images, so `4e-07` is 0.0000004.
**wrong** is what `kcnn export` refuses, as it refuses all that differs more than the format may.

LiteRT's `float16` and `dynamic` are smaller weights, and `int8` computes with 8-bit integers. They
differ more, and how much depends on the model: look at the accuracy that `kcnn export` prints."""

Found = Agreement | ExportError


def page(found: Mapping[str, Mapping[str, Found]], versions: Sequence[str]) -> str:
    """Return the page.

    Args:
        found: For each of `variants`, what was found for each of CASES.
        versions: The runtimes and their versions.
    """
    columns = variants()
    limits = {name: form.tolerance(options) for name, (form, options) in columns.items()}
    rows = [[case, *(_cell(found[name][case], limits[name]) for name in columns)] for case in CASES]
    return "\n\n".join(
        [
            INTRODUCTION,
            f"Measured with {', '.join(versions)}.",
            table(["layer", *columns], rows, ["---", *["---:"] * len(columns)]) + "\n",
        ]
    )


def _cell(found: Found, tolerance: Tolerance) -> str:
    if isinstance(found, ExportError):
        return "**not converted**"
    if not found.within(tolerance):
        return f"**wrong** ({found.largest_difference:.2f})"
    return f"{found.largest_difference:.0e}" if found.largest_difference else "0"


def main() -> None:
    """Measure all formats, and write the page."""
    from export_layers import build_groups, measure

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups = build_groups(folder)
        found: dict[str, Mapping[str, Found]] = {}
        runtimes: dict[str, None] = {}  # in order, each once
        for title, (form, options) in variants().items():
            measured = measure(form, options, groups, folder / title)
            found[title] = measured.found
            runtimes[measured.runtime] = None
    PAGE.write_text(page(found, list(runtimes)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
