"""What TensorFlow Serving tells about a model.

https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcnn.serve.model import VERSION, ServedModel
from kcnn.serve.serving_request import INPUT, OUTPUT, SIGNATURE


def status() -> dict[str, Any]:
    """Return the answer to `GET /v1/models/NAME`."""
    right = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": right}]}


def metadata(model: ServedModel) -> dict[str, Any]:
    """Return the answer to `GET /v1/models/NAME/metadata`."""
    signature = {
        "inputs": {INPUT: _tensor("DT_UINT8", model.image_shape, f"{SIGNATURE}_{INPUT}:0")},
        "outputs": {
            OUTPUT: _tensor("DT_FLOAT", [len(model.class_names)], "StatefulPartitionedCall:0")
        },
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": VERSION},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
    }


def _tensor(dtype: str, shape: Sequence[int], name: str) -> dict[str, Any]:
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]  # any number of images
    return {
        "dtype": dtype,
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": name,
    }
