"""Names of files in commands that a person can paste."""

from __future__ import annotations

import os
import re
import shlex


def shell_word(value: object) -> str:
    """Return a path or an argument as it is typed in a shell.

    A leading `-` is no option: `./` goes before it. Windows has double quotes; a name there cannot
    have one.

    Args:
        value: A path, or a word of a command.
    """
    text = str(value)
    if text.startswith("-"):
        text = f".{os.sep}{text}"
    if os.name != "nt":
        return shlex.quote(text)
    return text if re.fullmatch(r"[\w@%+=:,./\\-]+", text) else f'"{text}"'
