"""The command line, which imports no tables, names all that is in them."""

from __future__ import annotations

import click

from kcnn.cli import cli
from kcnn.commands.serve import SERVED_FORMATS
from kcnn.console import usage
from kcnn.export.formats import ALL, FORMATS
from kcnn.trackers.trackers import TRACKERS


def option(command: str, name: str) -> click.Option:
    [found] = [given for given in cli.commands[command].params if name in given.opts]
    assert isinstance(found, click.Option)
    return found


def choices(command: str, name: str) -> set[str]:
    kind = option(command, name).type
    assert isinstance(kind, click.Choice)
    return set(kind.choices)


def test_export_names_each_format_and_quantization() -> None:
    names = ", ".join(form.NAME for form in FORMATS)
    assert f": {names}; or {ALL}." in str(option("export", "--format").help)
    assert choices("export", "--quantize") == {q for form in FORMATS for q in form.QUANTIZATIONS}


def test_serve_names_its_formats() -> None:
    assert choices("serve", "--format") == set(SERVED_FORMATS)
    assert set(SERVED_FORMATS) <= {form.NAME for form in FORMATS}


def test_trackers_are_options() -> None:
    assert tuple(tracker.name for tracker in TRACKERS) == usage.TRACKERS
    for command in ("fit", "track"):
        for name in usage.TRACKERS:
            assert option(command, f"--{name}").flag_value == ""
