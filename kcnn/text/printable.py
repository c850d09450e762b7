"""Untrusted text made safe for a terminal, which obeys control characters."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """Escape control and unprintable characters as JSON does: `\\u001b` for escape.

    Line ends stay. JSON text keeps its meaning, since only its strings may have such characters.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )
