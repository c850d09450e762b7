"""The protocol of export formats, and the options of an artefact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    from kcnn.export.source import Source


@dataclass(frozen=True)
class Tolerance:
    """How far an artefact's predictions may differ from the model's.

    Args:
        largest_difference: Of two probabilities; None for any.
        other_classes: The fraction of images that may get another class.
        moved: The fraction of the probability that may move to other classes, over all images; None
            for any.
    """

    largest_difference: float | None
    other_classes: float
    moved: float | None = None

    def allowed_images(self, count: int) -> int:
        """Return how many of `count` images may get another class.

        In a small test set chance may bring more than the fraction: two standard deviations more.
        """
        expected = self.other_classes * count
        return int(expected + 2 * math.sqrt(expected * (1 - self.other_classes)))


# Of formats that compute in float32, but add in another order than TensorFlow. Probabilities
# differed by 1e-6 for small models, 4e-6 for a MobileNetV2 (1,000 test images), 8e-6 for a ResNet50
# and 5e-5 for an EfficientNetB0 that had hardly learned (500 images each), in LiteRT 2.3, ONNX
# Runtime 1.32 and OpenVINO 2026.4 alike, and less than 5e-5 of the probability moved; by 4e-3 and
# more in bfloat16. Of many images, one may lie so near to a border between two classes that
# rounding decides.
FLOAT32 = Tolerance(largest_difference=2e-4, other_classes=0.001, moved=5e-5)


@dataclass(frozen=True)
class Options:
    """What a user may choose about an artefact.

    Args:
        quantize: `float16`, `dynamic` or `int8`; None for float32.
        batch_size: The only number of images that it takes at once; None for any.
    """

    quantize: str | None = None
    batch_size: int | None = None


class Format(Protocol):
    """A module that writes one format. `kcnn.export.formats.FORMATS` lists them."""

    NAME: str  # as in --format
    TITLE: str  # for people
    FILE: str  # the name of the model in the artefact's folder
    EXTRA: str | None  # the extra of kcnn that installs REQUIREMENTS
    REQUIREMENTS: tuple[Requirement, ...]  # what writing and checking need
    QUANTIZATIONS: tuple[str, ...]  # the values of --quantize that it takes
    CAN_FIX_BATCH: bool  # whether it takes --batch-size
    BATCH_SIZE: int | None  # the batch size that it always has; None for any
    RUNTIME: Path  # the module that loads and runs it: no kcnn, and no TensorFlow where possible
    SIGNATURES: tuple[str, ...]  # passed to the runtime's `load`, one after the other; () for none
    WITHOUT: tuple[str, ...]  # modules that its runtime must not import
    USE: str  # the script in the artefact's folder that a user starts first, with its arguments
    PACKAGES: tuple[str, ...]  # what RUNTIME needs, as `pip install` takes them
    TAKES: str  # the types of its images, for people

    @staticmethod
    def tolerance(options: Options) -> Tolerance:
        """Return how far its predictions may differ from the model's."""

    @staticmethod
    def write(source: Source, options: Options, path: Path) -> None:
        """Write the model.

        Args:
            source: What to write.
            options: What the user chose.
            path: FILE, in a folder that exists.

        Raises:
            ExportError: The model cannot be converted.
            DataError: The training images for int8 cannot be read.
            OSError: The disk is full.
        """


def variant(form: Format, options: Options) -> str:
    """Return the name of an artefact: `litert`, `litert_int8`, `litert_int8_batch1`."""
    parts = [form.NAME]
    if options.quantize is not None:
        parts.append(options.quantize)
    if options.batch_size is not None and form.BATCH_SIZE is None:
        parts.append(f"batch{options.batch_size}")
    return "_".join(parts)
