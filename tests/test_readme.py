"""Check the README and the pages of docs: commands and links exist, examples work."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import results
from kcnn.cli import cli
from kcnn.commands.check import check
from kcnn.data.digits import read_digits
from kcnn.data.image.read import read_image
from kcnn.recipe.library import shipped_recipes

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "benchmarks/README.md"]
)


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def kcnn_lines() -> list[str]:
    """Return the commands of all pages, each once."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    lines = [
        line for text in texts for block in blocks("bash", text) for line in block.splitlines()
    ]
    commands = [line.split("#")[0].strip() for line in lines]
    return list(dict.fromkeys(line for line in commands if line.startswith("kcnn ")))


def links(text: str) -> list[tuple[str, str]]:
    """Return the links inside the repository: a path, which may be empty, and an anchor."""
    targets = re.findall(r"\]\(([^)]*)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    local = [target for target in targets if "://" not in target]
    return [(path, anchor) for path, _, anchor in (target.partition("#") for target in local)]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_have_targets(page: Path) -> None:
    for path, anchor in links(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), anchor


def test_the_readme_links_to_every_page() -> None:
    pages = {path for path, _ in links(README) if path.endswith(".md")}
    assert {str(page.relative_to(REPOSITORY).as_posix()) for page in PAGES} - {"README.md"} == pages


def test_both_set_up_lines_are_single_lines_that_ci_runs() -> None:
    first, second = (block for block in blocks("bash") if "pip install" in block)
    script = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    for line, ending in ((first, "kcnn fit recipes/digits.yaml"), (second, "pytest")):
        assert line.count("\n") == 1
        assert line.strip().endswith(ending)
        assert f"readme_line '{ending}'" in script
    assert "`pytest -m slow`" in (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "pytest -m slow\n" in script


@pytest.mark.parametrize("line", kcnn_lines())
def test_commands_exist(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    command = cli.commands[name]
    parent = click.Context(cli, help_option_names=["-h", "--help"])
    # Parsing finds unknown options and missing arguments; nothing is run.
    with command.make_context(name, list(arguments), parent=parent) as context:
        assert context.params is not None


def test_the_python_example_uses_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras
    from PIL import Image

    from kcnn.export import artefact, saved_model
    from kcnn.export.format import Options
    from kcnn.export.source import Source

    (command,) = re.findall(r"^python (\S+) photo.jpg$", README, flags=re.MULTILINE)
    folder = (tmp_path / command).parent
    predictions = keras.layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), predictions])
    saved_model.write(Source(model, tmp_path, ("cat", "dog")), Options(), folder / "1")
    for script in artefact.SCRIPTS:
        shutil.copyfile(REPOSITORY / "kcnn" / "export" / script, folder / script)
    shutil.copyfile(saved_model.RUNTIME, folder / artefact.RUNTIME)
    about = {"image_size": [8, 8], "channels": 3, "resize": "stretch", "file": "1"}
    (folder / "kcnn.json").write_text(json.dumps(about))
    (folder / artefact.CLASS_NAMES).write_text('["cat", "dog"]')
    Image.new("RGB", (30, 20), "red").save(folder / "photo.jpg")
    assert (tmp_path / command).is_file()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(".")
    (lines,) = blocks("python")
    try:
        exec(lines, {})
    finally:
        for name in ("use", "image_file", "runtime"):
            sys.modules.pop(name, None)
    printed = capsys.readouterr().out
    assert sorted(name for name, _ in ast.literal_eval(printed)) == ["cat", "dog"]


def test_the_example_recipe_has_no_mistakes(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    file = tmp_path / "mine.yaml"
    file.write_text(example, encoding="utf-8")
    result = check(file)
    assert result.plan is not None
    assert result.plan.classes == 10


def test_the_example_mistakes_are_reported_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = (REPOSITORY / "recipes" / "cifar.yaml").read_text(encoding="utf-8")
    for right, wrong in (
        ("{filters: 16", "{filtres: 16"),
        ("MaxPooling2D: {pool_size: 2}", "MaxPool2D"),
    ):
        copy = copy.replace(right, wrong, 1)
    Path("mine.yaml").write_text(copy, encoding="utf-8")
    printed = CliRunner().invoke(cli, ["check", "mine.yaml"]).stderr
    (shown,) = (block for block in blocks("text") if block.startswith("error: "))
    assert printed.startswith(shown)


def test_every_recipe_has_a_row() -> None:
    rows = set(re.findall(r"^\| \[?`(\w+)`", README, flags=re.MULTILINE))
    assert rows == set(shipped_recipes())


def test_the_results_are_as_measured() -> None:
    assert results.with_table(README) == README
    assert {file.stem for file in results.RESULTS.glob("*.json")} <= set(results.ORDER)


def test_the_example_digit_is_a_seven_of_the_test_set() -> None:
    digits = read_digits()
    image = read_image(REPOSITORY / "docs" / "seven.png", None, 1)  # 20 pixels for each of 8
    assert (image[::20, ::20] == digits.test.read_all()[1]).all()
    assert digits.test.labels[1] == 7


@pytest.mark.slow
def test_the_first_network_recognizes_the_seven(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "kcnn", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    run("fit", "digits", "--quiet")
    (row,) = json.loads(run("predict", str(REPOSITORY / "docs" / "seven.png"), "--json"))
    best = row["classes"][0]
    assert best["class"] == "7"
    assert best["probability"] > 0.9
