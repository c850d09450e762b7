"""The README is true: its commands exist, its examples do what it says."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.check import check
from kcnn.recipe.library import shipped_recipes

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def kcnn_lines() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith("kcnn ")]


def test_both_set_up_lines_are_single_lines_that_ci_runs() -> None:
    first, second = (block for block in blocks("bash") if "pip install" in block)
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    for line, ending in ((first, "kcnn fit recipes/digits.yaml"), (second, "pytest")):
        assert line.count("\n") == 1
        assert line.strip().endswith(ending)
        assert f"readme_line '{ending}'" in script
    assert "`pytest -m slow`" in README
    assert "pytest -m slow\n" in script


@pytest.mark.parametrize("line", kcnn_lines())
def test_commands_exist(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    command = cli.commands[name]
    # Parsing finds unknown options and missing arguments; nothing is run.
    with command.make_context(name, list(arguments), parent=click.Context(cli)) as context:
        assert context.params is not None


def test_the_lines_of_python_use_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras
    from PIL import Image

    from kcnn.export.saved_model import write_saved_model

    (lines,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    answers = keras.layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), answers])
    write_saved_model(model, ("cat", "dog"), {}, Path("outputs/cifar/run-001/export/saved_model"))
    Image.new("RGB", (30, 20), "red").save("cat.png")
    defined: dict[str, object] = {}
    exec(lines, defined)
    assert defined["probabilities"].shape == (1, 2)
    assert Path("outputs/cifar/run-001/export/saved_model/class_names.json").is_file()


def test_the_example_recipe_is_right(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    file = tmp_path / "mine.yaml"
    file.write_text(example, encoding="utf-8")
    result = check(file)
    assert result.plan is not None
    assert result.plan.classes == 10


def test_the_example_mistakes_are_reported_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        "name: mine\n"
        "data:\n"
        "  dataset: cifar10\n"
        "train: {epochs: 1, optimizer: Adam}\n"
        "\n"
        "model:\n"
        "  layers:\n"
        "    - Conv2D: {filtres: 16, kernel_size: 3}\n"
        "    - MaxPool2D\n"
        "    - Flatten\n"
        "    - Dense: {units: 10}\n",
        encoding="utf-8",
    )
    printed = CliRunner().invoke(cli, ["check", "mine.yaml"]).stderr
    (shown,) = (block for block in blocks("text") if block.startswith("error: "))
    assert printed.startswith(shown)


def test_every_recipe_has_its_row() -> None:
    rows = set(re.findall(r"^\| \[?`(\w+)`", README, flags=re.MULTILINE))
    assert rows == set(shipped_recipes())


def test_the_results_are_those_that_were_measured() -> None:
    spec = importlib.util.spec_from_file_location("results", REPOSITORY / "benchmarks/results.py")
    results = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(results)
    assert results.with_table(README) == README
    assert {file.stem for file in results.RESULTS.glob("*.json")} <= set(results.ORDER)


def test_pictures_are_there() -> None:
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (REPOSITORY / path).stat().st_size > 10_000
