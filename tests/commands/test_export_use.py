"""The script beside an export of every format classifies image files as kcnn predict does."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.export import export
from kcnn.commands.predict import predict
from kcnn.errors import PackageError
from kcnn.export import artefact
from kcnn.export.formats import FORMATS, choose_formats
from kcnn.export.gate import RuntimeResult
from kcnn.export.runner import load_module
from kcnn.files.atomic import write_text
from kcnn.runs.folder import RunFolder

pytestmark = pytest.mark.slow

_SPEC = importlib.util.spec_from_file_location(
    "image_files", Path(__file__).parents[1] / "export" / "test_image_file.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
image_files = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(image_files)

# The seed is one of which both classes are predicted for about half of the images.
LAYERS = "[Flatten, Dense: {units: 2, kernel_initializer: {RandomNormal: {stddev: 0.3, seed: 33}}}]"


@pytest.fixture
def run(fruit_run: RunFolder, put_model) -> RunFolder:
    text = fruit_run.resolved.read_text(encoding="utf-8")
    settings = text.replace("image_size: [8, 8]", "image_size: [24, 18], resize: crop")
    write_text(fruit_run.resolved, settings)
    put_model(fruit_run, LAYERS, (24, 18, 3))
    return fruit_run


def run_here(form, options, path, images, batch_size, progress) -> RuntimeResult:
    """Take the place of the check in a fresh process, which another test is for."""
    runtime = load_module(str(form.RUNTIME))
    predict = runtime.load(str(path), *form.SIGNATURES[:1])
    size = options.batch_size or 1
    predicted = [predict(image[None].repeat(size, axis=0))[0] for image in images.read_all()]
    return RuntimeResult([np.stack(predicted)], runtime.version(), {}, 0.0)


@pytest.mark.timeout(300)
def test_answers_as_kcnn_predict_in_every_format(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, "run_artefact", run_here)
    folder = tmp_path / "images"
    folder.mkdir()
    for name, (image, options) in image_files.FILES.items():
        image.save(folder / name, **options)
    files = sorted(folder.iterdir())
    outputs = run.path.parents[1]
    expected = predict(files, None, outputs).as_json()
    apples = [row["classes"][0]["class"] for row in expected].count("apple")
    assert 10 < apples < len(files) - 10
    folders = []
    for form in FORMATS:
        try:
            choose_formats([form.NAME])
        except PackageError:
            continue
        batch_size = 3 if form.CAN_FIX_BATCH else None
        result = export(None, outputs, [form.NAME], batch_size=batch_size)
        folders += [exported.path for exported in result.artefacts]
    assert len(folders) >= 1
    for exported in folders:
        script = exported / "use.py"
        command = [sys.executable, str(script), *map(str, files), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), exported.name
        found = json.loads(done.stdout)
        assert [row["image"] for row in found] == [row["image"] for row in expected]
        for row, wanted in zip(found, expected, strict=True):
            for this, that in zip(row["classes"], wanted["classes"], strict=True):
                where = f"{exported.name}: {row['image']}"
                assert this["class"] == that["class"], where
                assert this["probability"] == pytest.approx(that["probability"], abs=1e-3), where
