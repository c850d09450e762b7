"""Write `docs/commands.md`, the reference of all commands, from their `--help`.

    python docs/write_commands.py

A test checks that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from kcnn.cli import cli

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 88
INTRODUCTION = """\
# Commands

<!-- Written from --help: python docs/write_commands.py -->

`kcnn COMMAND --help` prints the help of one command. This page has all of them.

Results go to standard output; progress, warnings and errors go to standard error. `--json` prints
the result as JSON, for programs. A command without the name of a run takes the newest one.

| exit status | meaning |
| --- | --- |
| 0 | done |
| 1 | an error that you can fix: one line says what is wrong, the next one what to do |
| 2 | wrong usage: an unknown option, a missing argument |
| 3 | a bug in kcnn; please report it with the file `kcnn-crash-….txt` |
| 130, 143 | stopped by Ctrl-C, by SIGTERM |

For completion with the Tab key, add `eval "$(_KCNN_COMPLETE=bash_source kcnn)"` to `~/.bashrc`.
Write `zsh_source` for zsh, `fish_source` for fish."""


def commands_page() -> str:
    """Return the whole page: an introduction, a list of links, and the help of every command."""
    helps = dict(_help_texts(cli, "kcnn"))
    links = " · ".join(f"[{path}](#{path.replace(' ', '-')})" for path in helps)
    sections = [f"## {path}\n\n```text\n{text}\n```" for path, text in helps.items()]
    return "\n\n".join([INTRODUCTION, links, *sections]) + "\n"


def _help_texts(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield the words that call a command and its help, then those of its subcommands."""
    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from _help_texts(subcommand, f"{path} {name}")


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8", newline="\n")
