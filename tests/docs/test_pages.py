"""The generated pages are up to date, and the programs that write them work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from write_commands import commands_page
from write_recipe import recipe_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_command_reference_is_up_to_date() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert commands_page() == page, "run python docs/write_commands.py"


def test_the_page_of_recipes_is_up_to_date() -> None:
    page = (DOCS / "recipe.md").read_text(encoding="utf-8")
    assert recipe_page() == page, "run python docs/write_recipe.py"


@pytest.mark.parametrize("page", ["commands", "recipe"])
def test_a_program_writes_the_page_beside_it(page: str, tmp_path: Path) -> None:
    for program in DOCS.glob("*.py"):
        shutil.copy(program, tmp_path)
    subprocess.run([sys.executable, tmp_path / f"write_{page}.py"], check=True)
    assert (tmp_path / f"{page}.md").read_bytes() == (DOCS / f"{page}.md").read_bytes()
