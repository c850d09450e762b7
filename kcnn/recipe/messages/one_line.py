"""Mends settings that stand in one line without the braces that part them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from kcnn.recipe.messages.python_text import read_tuple

LONGEST_IN_LINE = 160
_NAME = r"[A-Za-z_]\w*"
# A class and its settings, with or without what parts them: `Adam: {…}`, `Adam{…}`, `Adam(…)`.
_CLASS = re.compile(rf"({_NAME}) *:? *(\{{.*\}}|\([^()]*\))")
_CLASS_BEFORE_SETTINGS = re.compile(rf"({_NAME}): +({_NAME}: .*)")
_SETTING = re.compile(rf"({_NAME}): +([^\s:()\[\]{{}}][^:()\[\]{{}}]*|\[.*\]|\{{.*\}}|\(.*\))")
_BETWEEN_SETTINGS = re.compile(rf"[,;]? +(?={_NAME}: )")
_OWN_BRACES = "settings inside settings stand in braces of their own"


def in_braces(text: str) -> str | None:
    """Puts settings that stand in one line into braces, and those of a class into its own.

    Args:
        text: What stands behind a name, at most `LONGEST_IN_LINE` characters.

    Returns:
        `{units: 10, name: a}` or `{Adam: {learning_rate: 0.001}}`; None where some setting has no
        name.
    """
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        return in_braces(text[1:-1])
    if found := _CLASS.fullmatch(text):
        inside = found[2] if found[2].startswith("{") else in_braces(found[2])
        if inside:
            return f"{{{found[1]}: {inside}}}"
    if found := _CLASS_BEFORE_SETTINGS.fullmatch(text):
        inside = in_braces(found[2])
        return f"{{{found[1]}: {inside}}}" if inside else None
    settings = [_setting(part) for part in _parts(text)]
    named = [setting for setting in settings if setting]
    return f"{{{', '.join(named)}}}" if len(named) == len(settings) else None


def settings_in_a_row(text: str) -> list[str] | None:
    """Parts settings that stand in one line and belong on lines of their own.

    Args:
        text: The line, as in `epochs: 2, batch_size: 32`.

    Returns:
        The settings; None where there are not several, or one is a class, whose own settings the
        others may be.
    """
    settings = [_setting(part) for part in _BETWEEN_SETTINGS.split(text)]
    plain = [one for one in settings if one and not re.search(r"^[A-Z]|: [A-Z]", one)]
    return plain if len(plain) == len(settings) > 1 else None


def in_braces_of_their_own(line: str, colon: int) -> str | None:
    """Says how to write `{Adam: learning_rate: 0.001}`; None when a line is not like that.

    Args:
        line: A line.
        colon: Where the colon stands in it that is one too many.
    """
    if not re.search(r": +\w+$", line[:colon]):
        return None
    found = re.search(rf"\{{ *({_NAME}): +({_NAME})$", line[:colon])
    behind = line[found.start(2) :] if found else ""
    inside = behind[: _closing(behind)]
    if found and len(inside) <= LONGEST_IN_LINE and (braces := in_braces(inside)):
        return f"{_OWN_BRACES}; write {{{found[1]}: {braces}}}"
    return f"{_OWN_BRACES}, as in {{Adam: {{learning_rate: 0.001}}}}"


def _setting(text: str) -> str | None:
    """Gives a setting and its value, a tuple in square brackets; None for what is none."""
    found = _SETTING.fullmatch(text.strip())
    if found is None:
        return None
    value = found[2]
    if read_tuple(value) is not None:
        value = value.replace("(", "[").replace(")", "]")
    return None if value.startswith("(") else f"{found[1]}: {value}"


def _parts(text: str) -> list[str]:
    """Parts a text at the commas outside of brackets."""
    commas = [at for at, character, depth in _depths(text) if character == "," and depth == 0]
    edges = pairwise([-1, *commas, len(text)])
    return [text[before + 1 : behind] for before, behind in edges]


def _closing(text: str) -> int | None:
    """Finds the bracket that closes what was opened before a text; None when there is none."""
    return next((at for at, _, depth in _depths(text) if depth < 0), None)


def _depths(text: str) -> Iterator[tuple[int, str, int]]:
    """Gives each character of a text, and how many brackets are open behind it."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        yield at, character, depth
