"""Mutates the recipes that kcnn brings and sees what the command line makes of them.

    python tests/fuzz/recipes.py --cases 100000 --workers 2

Each case is a recipe changed in its text or its structure, or settings given on the command line,
given to `kcnn check` or `kcnn explain`. Whatever it is, the command ends with 0, 1 or 2 and no
traceback, within 2 seconds and 500 MB, and each line of an error names the file and its line, or
the setting on the command line.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from click.testing import Result
from harness import Report, at_most, fault_of, invoke, run_cases, unstyled
from mutations import VALUES, WORDS, Node, mutate_bytes, mutate_text, mutate_value

COMMANDS = (("check",), ("check", "--json"), ("explain",), ("explain", "--json"))
PLACE = re.compile(r"(\S*/recipe\.yaml:[0-9]+: |command line, )")


@dataclass(frozen=True)
class Case:
    """What is given to the command line.

    Args:
        command: The command and its options.
        content: The recipe's bytes.
        overrides: Settings on the command line.
    """

    command: tuple[str, ...]
    content: bytes
    overrides: list[str]


@cache
def shipped_recipes() -> tuple[str, ...]:
    """Gives the text of every recipe that kcnn brings."""
    folder = Path(__file__).resolve().parents[2] / "recipes"
    return tuple(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))


def make_case(number: int) -> Case:
    """Draws the case of this number."""
    draw = random.Random(number)
    text, other = draw.choice(shipped_recipes()), draw.choice(shipped_recipes())
    way = draw.choice(["text", "text", "value", "value", "bytes", "overrides", "overrides"])
    content, overrides = text.encode(), []
    if way == "text":
        content = mutate_text(text, shipped_recipes(), draw).encode("utf-8", "surrogateescape")
    elif way == "bytes":
        content = mutate_bytes(content, draw)
    elif way == "value":
        content = _mutated_settings(text, other, draw)
    else:
        settings = yaml.load(text, yaml.CSafeLoader)
        overrides = [_override(settings, draw) for _ in range(draw.choice([1, 1, 2, 3]))]
    return Case(draw.choice(COMMANDS), content, overrides)


def _mutated_settings(text: str, other: str, draw: random.Random) -> bytes:
    settings = yaml.load(text, yaml.CSafeLoader)
    mutate_value(settings, [yaml.load(other, yaml.CSafeLoader)], draw)
    written = yaml.dump(settings, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    return written.encode("utf-8", "surrogateescape")


def _override(settings: Node, draw: random.Random) -> str:
    """Draws one `setting=value`, with a setting that the recipe has more often than not."""
    steps: list[str] = []
    node: object = settings
    while isinstance(node, dict | list) and node and draw.random() < 0.9:
        key = draw.choice(list(node) if isinstance(node, dict) else list(range(len(node))))
        steps.append(f"[{key}]" if isinstance(key, int) else f".{key}")
        node = node[key]
    value = draw.choice([*WORDS, *map(repr, VALUES)])
    override = f"{''.join(steps).lstrip('.')}={value}"
    return mutate_text(override, [override], draw) if draw.random() < 0.3 else override


def try_case(case: Case, folder: Path) -> Result:
    """Gives a case to the command line, its recipe in a file of this folder."""
    file = folder / "recipe.yaml"
    file.write_bytes(case.content)
    return invoke([*case.command, str(file), *case.overrides])


def names_a_place(result: Result) -> bool:
    """Whether each problem that a command told begins with where it is."""
    lines = unstyled(result.stderr).removeprefix("error: ").splitlines()
    problems = [line for line in lines if not re.match(r"hint: |and \d+ more$", line)]
    return bool(problems) and all(PLACE.match(line) for line in problems)


def run_case(number: int) -> Report:
    """Runs the case of this number."""
    case = make_case(number)
    with tempfile.TemporaryDirectory() as folder, at_most() as seconds:
        result = try_case(case, Path(folder))
        fault = fault_of(result)
        if fault is None and result.exit_code == 1 and not names_a_place(result):
            fault = "an error that names no place"
        told = f"{fault}\n{case.command} {case.overrides}\n{result.output[:2000]}"
        return Report(f"exit {result.exit_code}", seconds(), fault and told)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case))
