"""Text of files and strangers made fit for a terminal, which obeys some characters."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """Writes characters that a terminal obeys, or cannot show, as JSON does: `\\u001b` for escape.

    Line ends stay. JSON itself, whose texts alone may have such characters, means the same after.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text
    )
