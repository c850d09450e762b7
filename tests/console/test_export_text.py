from __future__ import annotations

from pathlib import Path

from kcnn.commands.export import Artefact, Exports
from kcnn.console.export import export_text

MEASURED = {
    "format": "litert_batch1",
    "runtime": "LiteRT 2.3.0",
    "size": 1_234_567,
    "images": 360,
    "accuracy": 0.95,
    "accuracy_low": 0.92,
    "accuracy_high": 0.97,
    "largest_difference": 3e-7,
    "mean_difference": 1e-7,
    "other_classes": 2,
    "ms_batch_1": 0.0234,
    "ms_batch_32": None,
    "peak_memory_mb": 1234.5,
}


def test_export() -> None:
    path = Path("export") / "litert_batch1"
    exports = Exports("net/run-001", "last", (Artefact(path, MEASURED, "use.py IMAGE"),))
    assert export_text(exports) == (
        f"{path}  1.23 MB\n"
        "  checked with LiteRT 2.3.0 on 360 test images: accuracy 95.00 %, largest difference of a "
        "probability 3e-07, 2 images get another class\n"
        "  0.0234 ms an image in batches of 1, 1,234 MB of memory\n"
        f"  use it: python {path / 'use.py'} IMAGE"
    )


def test_export_without_accuracy() -> None:
    measured = MEASURED | {"accuracy": None, "ms_batch_1": None}
    text = export_text(
        Exports("net/run-001", "last", (Artefact(Path("x"), measured, "use.py IMAGE"),))
    )
    assert "test images: largest difference" in text
    assert "\n  not timed, " in text
