"""Rooms import only the rooms below them; slow modules are imported when they are needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "kcnn"

# What each part may import besides itself: only parts above it in this list.
FOUNDATIONS = {"text", "errors", "progress", "stats", "machine", "files", "runs", "recipe"}
MIDDLE = {"data", "model", "training", "figures", "export"}
MAY_IMPORT = {
    "kcnn": set(),
    "text": set(),
    "errors": set(),
    "progress": {"errors"},
    "stats": {"errors"},
    "machine": {"errors", "progress", "text"},
    "files": {"errors", "machine", "text"},
    "runs": {"errors", "progress", "files", "text"},
    "recipe": {"errors", "text", "runs"},
    "data": FOUNDATIONS,
    "model": {"data"} | FOUNDATIONS,
    **{room: {"data", "model"} | FOUNDATIONS for room in ("training", "figures", "export")},
    "starter": {"data", "model"} | FOUNDATIONS,
    "serve": {"data"} | FOUNDATIONS,
    "trackers": {"export", "data", "model"} | FOUNDATIONS,
    "studies": MIDDLE | FOUNDATIONS,
    "commands": {"studies", "starter", "serve", "trackers"} | MIDDLE | FOUNDATIONS,
    "console": {"commands", "studies"} | FOUNDATIONS,
    "cli": {"console", "commands", "errors", "studies"},
    "__main__": {"cli", "console"},
}


def part_of(module: str) -> str:
    """Return a module's part of the package: `data` for `kcnn.data.idx`, `kcnn` for `kcnn`."""
    return module.split(".")[1] if "." in module else module


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """List the modules of kcnn that a file imports, at the top or in functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "kcnn")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            if (node.module or "").split(".")[0] == "kcnn":
                for alias in node.names:
                    submodule = f"{node.module}.{alias.name}"
                    yield submodule if is_module(submodule) else str(node.module)


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_of)
def test_imports_only_what_its_part_may_import(path: Path) -> None:
    part = part_of(module_of(path))
    wrong = {
        module
        for module in imports(path)
        if part_of(module) not in {"kcnn", part} | MAY_IMPORT[part]  # kcnn holds the version
    }
    assert not wrong


def test_the_parts_have_no_import_cycle() -> None:
    left = {part: set(others) for part, others in MAY_IMPORT.items()}
    while left:
        lowest = {part for part, others in left.items() if not others & left.keys()}
        assert lowest, f"these import each other in a cycle: {sorted(left)}"
        left = {part: others for part, others in left.items() if part not in lowest}


HEAVY = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "sklearn", "scipy", "pooch")


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        ["--help"],
        ["--version"],
        ["fit", "--help"],
        ["check", "cifar"],
        ["explain", "cifar"],
        ["recipes"],
    ],
    ids=lambda arguments: "import" if arguments is None else " ".join(arguments),
)
def test_slow_modules_are_imported_only_when_needed(arguments: list[str] | None) -> None:
    run = "pass" if arguments is None else f"kcnn.cli.cli.main({arguments}, standalone_mode=False)"
    program = (
        "import sys, json, kcnn.cli\n"
        f"{run}\n"
        f"print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_fit_and_resume_import_no_matplotlib_at_first() -> None:
    program = (
        "import sys, kcnn.commands.fit, kcnn.commands.resume; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_files_that_only_posix_runs_exist() -> None:
    """A file that moved would be collected again, and only Windows would notice."""
    conftest = ast.parse((PACKAGE.parent / "tests" / "conftest.py").read_text(encoding="utf-8"))
    names = next(
        ast.literal_eval(node.value)
        for node in conftest.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "POSIX_ONLY"
    )
    missing = [name for name in names if not (PACKAGE.parent / "tests" / name).is_file()]
    assert names
    assert missing == []
