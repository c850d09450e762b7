"""Writes the command reference of the README from each command's --help.

`python -m kcnn.reference README.md` brings it up to date; a test sees that it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from kcnn.cli import cli

BEGIN = "<!-- command reference: python -m kcnn.reference README.md -->"
END = "<!-- end of command reference -->"
WIDTH = 88


def command_reference() -> str:
    """Gives the help of every command as Markdown, in the order of `kcnn --help`."""
    parts = [f"### `{path}`\n\n```text\n{text}\n```" for path, text in _help_texts(cli, "kcnn")]
    return "\n\n".join(parts)


def with_reference(readme: str) -> str:
    """Puts the reference between its two marks in a README's text."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{command_reference()}\n\n{END}{after}"


def _help_texts(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _help_texts(child, f"{path} {name}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    readme_file = Path(sys.argv[1])
    updated = with_reference(readme_file.read_text(encoding="utf-8"))
    readme_file.write_text(updated, encoding="utf-8", newline="\n")
