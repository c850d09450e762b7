"""Write an artefact's folder: the model, proven in its own runtime, and the files beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kcnn.data.dataset import Images
from kcnn.export.agreement import Agreement, compare, disagreement
from kcnn.export.card.card import MODEL_CARD, model_card
from kcnn.export.format import Format, Options, variant
from kcnn.export.gate import RuntimeResult, run_artefact
from kcnn.export.source import Source
from kcnn.files.atomic import atomic, encoded
from kcnn.progress import Progress
from kcnn.runs.exports import CLASS_NAMES, DESCRIPTION, MEASURED
from kcnn.runs.folder import RunFolder
from kcnn.stats import wilson_interval

RUNTIME = "runtime.py"
# The script that classifies images with an artefact, and what it reads them with.
SCRIPTS = ("use.py", "image_file.py")
PACKAGES_OF_SCRIPTS = ("numpy", "pillow")


@dataclass(frozen=True)
class Reference:
    """What an artefact is compared with.

    Args:
        images: All test images.
        probabilities: The model's predictions for them, float32, (count, classes).
        batch_size: The batch size of those predictions, so that both sides add in the same order.
        several_labels: Whether the model predicts several labels an image, yes or no.
        is_scored: Whether the labels are those of the run, so that an accuracy means something.
    """

    images: Images
    probabilities: np.ndarray
    batch_size: int
    several_labels: bool
    is_scored: bool

    def compare(self, predictions: Sequence[np.ndarray]) -> Agreement:
        """Compare predictions of other programs for the images with the model's, one by one."""
        return compare(predictions, self.probabilities, self.images.labels, self.several_labels)


def write_artefact(
    form: Format,
    options: Options,
    source: Source,
    reference: Reference,
    folder: Path,
    run: RunFolder,
    description: Mapping[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Write a model in one format; the folder gets its name only after the proof.

    Args:
        form: The format.
        options: What the user chose.
        source: The model.
        reference: What the model predicts.
        folder: The artefact's folder. An earlier one is replaced.
        run: The run, for the model card.
        description: Facts about the model, written to kcnn.json.
        progress: Where converting and checking are reported.

    Returns:
        The values of the columns of `kcnn.runs.exports`.

    Raises:
        ExportError: The model cannot be converted or run, or the artefact predicts something else.
        DataError: The images cannot be read.
        RunError: The folder cannot be written, or the disk is full.
    """
    with atomic(folder) as temporary:
        temporary.mkdir()
        artefact = temporary / form.FILE
        with progress.task(f"Writing {form.TITLE}"):
            form.write(source, options, artefact)
        size = _size(temporary)
        ran = run_artefact(
            form, options, artefact, reference.images, reference.batch_size, progress
        )
        agreement = reference.compare(ran.predictions)
        tolerance = form.tolerance(options)
        if not agreement.within(tolerance):
            raise disagreement(agreement, tolerance, options.quantize)
        measured = _measured(variant(form, options), size, agreement, ran, reference)
        about = {
            **description,
            "format": form.NAME,
            "file": form.FILE,
            "use": form.USE,
            "install": " ".join(["pip install", *form.PACKAGES, *PACKAGES_OF_SCRIPTS]),
            "takes": form.TAKES,
            "quantize": options.quantize,
            "batch_size": options.batch_size,
            MEASURED: measured,
        }
        _write_beside(temporary, form, about, run, source.class_names)
    return measured


def _write_beside(
    folder: Path, form: Format, about: Mapping[str, Any], run: RunFolder, names: Sequence[str]
) -> None:
    """Write the files beside a model: its facts, classes, model card and scripts."""
    texts = {
        DESCRIPTION: json.dumps(about, indent=2, ensure_ascii=False) + "\n",
        CLASS_NAMES: json.dumps(list(names), ensure_ascii=False) + "\n",
        MODEL_CARD: model_card(run, about, names),
    }
    for name, text in texts.items():  # not by `write_text`, whose errors name its own path
        (folder / name).write_bytes(encoded(text))
    shutil.copyfile(form.RUNTIME, folder / RUNTIME)
    for script in SCRIPTS:
        shutil.copyfile(Path(__file__).with_name(script), folder / script)


def _measured(
    name: str, size: int, agreement: Agreement, ran: RuntimeResult, reference: Reference
) -> dict[str, Any]:
    """Return the values of the columns of `kcnn.runs.exports`."""
    accuracy = interval = None
    if reference.is_scored:
        accuracy = agreement.accuracy
        interval = wilson_interval(round(agreement.right), agreement.images)
    return {
        "format": name,
        "runtime": ran.runtime,
        "size": size,
        "images": agreement.images,
        "accuracy": accuracy,
        "accuracy_low": interval and interval.low,
        "accuracy_high": interval and interval.high,
        "largest_difference": agreement.largest_difference,
        "mean_difference": agreement.mean_difference,
        "other_classes": agreement.other_classes,
        "ms_batch_1": ran.milliseconds.get(1),
        "ms_batch_32": ran.milliseconds.get(32),
        "peak_memory_mb": ran.peak_memory_mb,
    }


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
