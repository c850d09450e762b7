"""Names of folders that hold what was made of several runs or settings."""

from __future__ import annotations

import hashlib
import re

LONGEST_WORDS = 80


def folder_name(words: str, content: str) -> str:
    """Names a folder so that the same content always meets in the same one, and no other does.

    Args:
        words: What people know it by; what is unfit for a path becomes a dash.
        content: What decides whether it is the same.

    Returns:
        The words, as many as a path has room for, and eight digits of the content.
    """
    fit = re.sub(r"[^A-Za-z0-9._-]+", "-", words)
    digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{fit[:LONGEST_WORDS]}-{digest[:8]}"
