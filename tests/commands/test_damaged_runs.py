"""Whatever a run folder holds, a command ends with a word to the user, and never a traceback."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.fit import fit
from kcnn.runs import RunFolder

RECIPE = """\
name: tiny
data: {dataset: digits, validation: 0.2}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
    - Flatten
    - Dense: {units: 10}
train: {epochs: 2, batch_size: 64, optimizer: Adam}
"""
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("runs", "tiny/run-001", "--watch"),
    ("plot", "tiny/run-001", "--quiet"),
    ("compare", "tiny/run-001", "tiny/sound"),
    ("evaluate", "tiny/run-001", "--quiet"),
    ("fit", "--resume", "tiny/run-001", "train.epochs=3", "--quiet"),
)
# What a stranger, or a bad day, may have left in place of a value.
VALUES = (
    None, [], {}, "", "\x1b[31mred", 1e999, float("nan"), -1, 10**400, True, "x" * 10_000,
    {"accuracy": "high"}, [[[[[]]]]], "../../..", "$(touch pwned)", "<script>",
)  # fmt: skip


def cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def scramble(content: bytes, draw: random.Random) -> bytes:
    scrambled = bytearray(content)
    for _ in range(draw.randint(1, 20)):
        if scrambled:
            scrambled[draw.randrange(len(scrambled))] = draw.randrange(256)
    return bytes(scrambled)


def change_json(content: bytes, draw: random.Random) -> bytes:
    """Changes one value somewhere in an object; all of it, when it is none."""
    try:
        whole: Any = json.loads(content)
    except ValueError:
        return json.dumps(draw.choice(VALUES)).encode()
    inside = whole
    while isinstance(inside, dict) and inside:
        name = draw.choice(list(inside))
        if not isinstance(inside[name], dict) or draw.random() < 0.4:
            inside[name] = draw.choice(VALUES)
            break
        inside = inside[name]
    return json.dumps(whole).encode()


def change_cell(content: bytes, draw: random.Random) -> bytes:
    """Changes one cell of a table."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = str(draw.choice(VALUES)).encode()
    return b"\n".join(b",".join(row) for row in rows)


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut, scramble, change_json, change_cell, lambda content, draw: b"",
    lambda content, draw: content * 2,
)  # fmt: skip


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with two sound ones."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    for name in ("run-001", "sound"):
        fit(folder / "tiny.yaml", output_dir=folder / "outputs", name=name)
    return folder / "outputs"


def damage(run: RunFolder, draw: random.Random) -> str:
    """Damages one or two files of a run; says how."""
    files = sorted(path for path in run.path.rglob("*") if path.is_file() and path.suffix != ".png")
    said = []
    for path in draw.sample(files, draw.choice([1, 1, 2])):
        how = draw.choice(["gone", "folder", "link", *WAYS, *WAYS, *WAYS])
        content = path.read_bytes()
        if callable(how):
            path.write_bytes(how(content, draw))
        else:
            path.unlink()
            if how == "folder":
                path.mkdir()
            elif how == "link":
                path.symlink_to("nowhere")
        said.append(f"{path.name}: {getattr(how, '__name__', how)}")
    return ", ".join(said)


@pytest.mark.slow
def test_no_damage_ends_in_a_traceback(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(pytestconfig.getoption("--damages")):
        draw = random.Random(seed)
        folder = tmp_path / f"outputs-{seed}"
        shutil.copytree(outputs, folder)
        how = damage(RunFolder(folder / "tiny" / "run-001"), draw)
        command = (*draw.choice(COMMANDS), "--output-dir", str(folder))
        result = CliRunner().invoke(cli, command, prog_name="kcnn")
        told = f"seed {seed}, {' '.join(command)}, {how}:\n{result.output[-3000:]}"
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(told) from result.exception
        assert result.exit_code in (0, 1, 2), told
        assert "\x1b" not in result.output, told
        assert (result.exit_code == 0) or "error: " in result.output.lower(), told
        shutil.rmtree(folder)
