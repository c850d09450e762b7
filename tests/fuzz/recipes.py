"""Mutate shipped recipes and give them to the command line.

    python tests/fuzz/recipes.py --cases 100000 --workers 2

Each case is a recipe with changes in its text or its structure, or with overrides on the command
line, for `kcnn check` or `kcnn explain`. The command must end with status 0, 1 or 2 and without a
traceback, within 2 seconds and 500 MB. Each line of an error must name the file and the line, or
the override.
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
from harness import Report, find_fault, invoke, run_cases, time_limit, unstyled
from mutations import VALUES, WORDS, Node, mutate_bytes, mutate_text, mutate_value

COMMANDS = (("check",), ("check", "--json"), ("explain",), ("explain", "--json"))
LOCATION = re.compile(r"(\S*/recipe\.yaml:[0-9]+: |command line, )")


@dataclass(frozen=True)
class Case:
    """A command line and its recipe.

    Args:
        command: The command and its options.
        content: The recipe's bytes.
        overrides: Overrides on the command line.
    """

    command: tuple[str, ...]
    content: bytes
    overrides: list[str]


@cache
def shipped_recipes() -> tuple[str, ...]:
    """Return the text of every shipped recipe."""
    folder = Path(__file__).resolve().parents[2] / "recipes"
    return tuple(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))


def make_case(number: int) -> Case:
    """Return the case of a number."""
    draw = random.Random(number)
    text, other = draw.choice(shipped_recipes()), draw.choice(shipped_recipes())
    kind = draw.choice(["text", "text", "value", "value", "bytes", "overrides", "overrides"])
    content, overrides = text.encode(), []
    if kind == "text":
        content = mutate_text(text, shipped_recipes(), draw).encode("utf-8", "surrogateescape")
    elif kind == "bytes":
        content = mutate_bytes(content, draw)
    elif kind == "value":
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
    """Draw an override `setting=value`, mostly of a setting that the recipe has."""
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
    """Run the command of a case, with its recipe in a file of a folder."""
    file = folder / "recipe.yaml"
    file.write_bytes(case.content)
    return invoke([*case.command, str(file), *case.overrides])


def names_locations(result: Result) -> bool:
    """Return whether each problem in a command's output begins with its location."""
    lines = unstyled(result.stderr).removeprefix("error: ").splitlines()
    problems = [line for line in lines if not re.match(r"fix: |and \d+ more$", line)]
    return bool(problems) and all(LOCATION.match(line) for line in problems)


def run_case(number: int) -> Report:
    """Run the case of a number."""
    case = make_case(number)
    with tempfile.TemporaryDirectory() as folder, time_limit() as seconds:
        result = try_case(case, Path(folder))
        fault = find_fault(result)
        if fault is None and result.exit_code == 1 and not names_locations(result):
            fault = "an error without a location"
        details = f"{fault}\n{case.command} {case.overrides}\n{result.output[:2000]}"
        return Report(f"exit {result.exit_code}", seconds(), fault and details)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case))
