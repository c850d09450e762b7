from __future__ import annotations

from pathlib import Path

from kcnn.commands.export import ExportResult
from kcnn.console.export import export_text


def test_export() -> None:
    result = ExportResult("net/run-001", "last", Path("saved"), 1_234_567, 360, 3e-7, 2, 0.95, "x")
    assert export_text(result) == (
        "saved  1.2 MB\n"
        "checked in a fresh process with plain TensorFlow on 360 test images: accuracy 95.00 %, "
        "largest difference of a probability 3.0e-07, 2 different classes\n"
        "use it: x"
    )
