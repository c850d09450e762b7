"""Names of folders for the results of several runs or settings."""

from __future__ import annotations

import hashlib
import re

MAX_WORDS_LENGTH = 80


def folder_name(words: str, content: str) -> str:
    """Return a name that is the same for the same content, and different for any other.

    Args:
        words: A name for people; what is unfit for a path becomes a dash.
        content: What the folder is for, in full.

    Returns:
        The words, as far as they fit into a path, and eight digits of the content's hash.
    """
    fit = re.sub(r"[^A-Za-z0-9._-]+", "-", words)
    digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{fit[:MAX_WORDS_LENGTH]}-{digest[:8]}"
