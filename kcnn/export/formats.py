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
# Other words for a format, which an error answers with kcnn's.
OTHER_NAMES = {"tflite": "litert", "tensorflow": "saved_model", "tf": "saved_model", "h5": "keras"}


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
    if not names:
        raise ExportError("--format: names no format", f"choose from {', '.join([*known, ALL])}")
    for name in names:
        if name != ALL and name not in known:
            meant = OTHER_NAMES.get(name.lower(), name)
            raise ExportError(
                f"--format {name}: unknown format{did_you_mean(meant, [*known, ALL])}",
                f"choose from {', '.join([*known, ALL])}",
            )
    chosen = []
    for form in FORMATS:
        if form.NAME in names or ALL in names:
            options = _options(form, quantize, batch_size, is_named=form.NAME in names)
            require_packages(form.TITLE, form.EXTRA or "", form.REQUIREMENTS)
            chosen.append((form, options))
    return chosen


def _options(form: Format, quantize: str | None, batch_size: int | None, is_named: bool) -> Options:
    """Return the options that a format takes, of those that a user wrote.

    Raises:
        ExportError: It was named, and does not take one of them.
    """
    takes_quantize = quantize is None or quantize in form.QUANTIZATIONS
    takes_batch_size = batch_size in (None, form.BATCH_SIZE) or form.CAN_FIX_BATCH
    if is_named and not takes_quantize:
        others = [other.NAME for other in FORMATS if quantize in other.QUANTIZATIONS]
        hint = f", or choose --format {' or '.join(others)}" if others else ""
        raise ExportError(
            f"--quantize {quantize}: not for {form.TITLE}", f"leave the option out{hint}"
        )
    if is_named and not takes_batch_size:
        takes = "any number of images" if form.BATCH_SIZE is None else "one image at a time"
        raise ExportError(
            f"--batch-size {batch_size}: {form.TITLE} takes {takes}", "leave the option out"
        )
    return Options(
        quantize if takes_quantize else None,
        form.BATCH_SIZE or (batch_size if takes_batch_size else None),
    )
