"""An MLflow Model: a SavedModel with its signature, which needs no kcnn."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import numpy as np
from mlflow.models import Model, ModelSignature
from mlflow.pyfunc import add_to_model
from mlflow.types import Schema, TensorSpec

from kcnn.export.source import write_source
from kcnn.model.probabilities import probability_model
from kcnn.model.saved import load_model
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import has_several_labels

_CODE, _DATA, _REQUIREMENTS = "code", "saved_model", "requirements.txt"
_LOADER = Path(__file__).with_name("mlflow_loader.py")
# The loader's name in the model's folder, which must be no module of another package.
_MODULE = "kcnn_saved_model"


def write_mlflow_model(run: RunFolder, folder: Path, run_id: str) -> None:
    """Write a run's last weights, in float32, as an MLflow Model of the flavor `python_function`.

    `mlflow.pyfunc.load_model(...).predict` takes uint8 images, (count, height, width, channels),
    and returns probabilities, float32, (count, classes).

    Args:
        run: A finished run.
        folder: An empty folder.
        run_id: The id of its MLflow run.

    Raises:
        RunError: The run's model is missing or damaged.
        ExportError: The folder cannot be written.
        OSError: The disk is full.
    """
    model = probability_model(load_model(run, "last", "float32"), has_several_labels(run))
    images = TensorSpec(np.dtype(np.uint8), (-1, *model.input_shape[1:]))
    probabilities = TensorSpec(np.dtype(np.float32), (-1, model.output_shape[-1]))
    description = Model(
        artifact_path="model",
        run_id=run_id,
        signature=ModelSignature(Schema([images]), Schema([probabilities])),
    )
    add_to_model(description, loader_module=_MODULE, data=_DATA, code=_CODE)
    write_source(model, folder / _DATA)
    (folder / _CODE).mkdir()
    (folder / _CODE / f"{_MODULE}.py").write_bytes(_LOADER.read_bytes())
    versions = (f"{package}=={metadata.version(package)}\n" for package in ("tensorflow", "numpy"))
    (folder / _REQUIREMENTS).write_text("".join(versions), encoding="utf-8")
    description.save(str(folder / "MLmodel"))
