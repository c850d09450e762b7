"""Results as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any


def json_text(value: Any) -> str:
    """Return JSON, in ASCII unless standard output has a Unicode encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    # Escapes keep a path as it is; a look-alike of a character would change it.
    in_unicode = encoding.lower().startswith("utf")
    return json.dumps(value, indent=2, ensure_ascii=not in_unicode, default=str)
