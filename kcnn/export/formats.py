"""The table of export formats, and choosing among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from kcnn.errors import ExportError
from kcnn.export import keras_file, litert, onnx, openvino, saved_model, web
from kcnn.export.format import Format, Options
from kcnn.machine.packages import require_packages
from kcnn.text.did_you_mean import did_you_mean

# In the order in which `--format all` writes them, and the documentation lists them.
FORMATS: tuple[Format, ...] = (
    cast(Format, saved_model),
    cast(Format, keras_file),
    cast(Format, litert),
    cast(Format, onnx),
    cast(Format, openvino),
    cast(Format, web),
)
ALL = "all"
QUANTIZATIONS = ("float16", "dynamic", "int8")


def choose_formats(
    names: Sequence[str], quantize: str | None = None, batch_size: int | None = None
) -> list[tuple[Format, Options]]:
    """Return the formats that a user named, with the options of each.

    Of `all` formats, each gets the options that it takes. A format that was named must take them.

    Args:
        names: Names of formats, or `all`.
        quantize: How to make the model smaller: float16, dynamic or int8; None for float32.
        batch_size: The only number of images that it shall take at once; None for any.

    Raises:
        ExportError: There is no such format, or it does not take an option.
        PackageError: A package that a format needs is missing or too old.
    """
    known = {form.NAME: form for form in FORMATS}
    for name in names:
        if name != ALL and name not in known:
            raise ExportError(
                f"--format {name}: unknown format{did_you_mean(name, [*known, ALL])}",
                f"choose from {', '.join([*known, ALL])}",
            )
    chosen = []
    for form in FORMATS:
        if form.NAME not in names and ALL not in names:
            continue
        takes_quantize = quantize is None or quantize in form.QUANTIZATIONS
        takes_batch_size = batch_size in (None, form.BATCH_SIZE) or form.CAN_FIX_BATCH
        if form.NAME in names and not takes_quantize:
            raise ExportError(
                f"--quantize {quantize}: not for {form.TITLE}",
                f"{_titles(quantize)} can be quantized",
            )
        if form.NAME in names and not takes_batch_size:
            raise ExportError(
                f"--batch-size {batch_size}: {form.TITLE} takes "
                f"{'any number of images' if form.BATCH_SIZE is None else 'one image at a time'}",
                "leave the option out",
            )
        require_packages(form.TITLE, form.EXTRA or "", form.REQUIREMENTS)
        options = Options(
            quantize if takes_quantize else None,
            form.BATCH_SIZE or (batch_size if takes_batch_size else None),
        )
        chosen.append((form, options))
    return chosen


def _titles(quantize: str | None) -> str:
    return " and ".join(form.NAME for form in FORMATS if quantize in form.QUANTIZATIONS) or "none"
