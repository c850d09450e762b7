"""A run folder that a training has just written to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from kcnn.recipe import read_recipe
from kcnn.recipe.library import library_folder
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.folder import RunFolder


@pytest.fixture
def tracked_run(tmp_path: Path) -> RunFolder:
    """Return a run of the recipe digits that has two epochs and its results, but no model."""
    run = RunFolder(tmp_path / "digits" / "run-001")
    run.plots.mkdir(parents=True)
    settings = resolved_yaml(read_recipe(library_folder() / "digits.yaml"))
    run.resolved.write_bytes(settings.encode())
    run.environment.write_text(json.dumps({"git_commit": "abc"}))
    summary = {
        "status": "finished",
        "test": {"weights": "last", "images": 360, "loss": 0.25, "accuracy": 0.9},
        "best": {"epoch": 2, "val_accuracy": 0.8, "test_accuracy": 0.85},
    }
    run.summary.write_text(json.dumps(summary))
    Image.new("RGBA", (6, 4)).save(run.plots / "loss.png")
    run.metrics.write_text(
        "epoch,loss,accuracy,learning_rate,seconds\n"
        "1,0.333333,0.1,0.001,2.000\n2,0.166667,0.2,0.001,3.000\n"
    )
    return run
