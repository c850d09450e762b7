"""A built wheel holds every package and recipe, and runs from outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # From a copy of what git tracks, since setuptools leaves a build folder in its source.
    source = tmp_path_factory.mktemp("source")
    folder = tmp_path_factory.mktemp("wheel")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, files):
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((REPOSITORY / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, source],
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_holds_every_module_and_recipe(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    modules = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "kcnn").rglob("*.py")}
    recipes = {f"kcnn/recipes/{path.name}" for path in (REPOSITORY / "recipes").glob("*.yaml")}
    page = {f"kcnn/export/page/{name}" for name in ("index.html", "use.js", "style.css")}
    assert modules | recipes | page | {"kcnn/export/litertjs.zip"} <= inside
    assert {name for name in inside if name.endswith(".py")} == modules


@pytest.mark.slow
def test_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    environment = os.environ | {"PYTHONPATH": str(installed)}

    def run(*command: str) -> str:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    assert str(installed) in run("-c", "import kcnn; print(kcnn.__file__)")
    assert str(installed) in run("-m", "kcnn", "recipes", "--json")
    settings = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")
    assert "test accuracy" in run("-m", "kcnn", "fit", "digits", *settings)
    assert (tmp_path / "outputs" / "digits" / "run-001" / "model.keras").is_file()
