"""Values of settings as messages show them."""

from __future__ import annotations

from typing import Any

from kcnn.text.printable import shorten

_MAX_LENGTH = 60


def shown(value: object) -> str:
    """Return a value as YAML spells it, shortened if it is long."""
    return shorten("nothing" if value is None else _spelled(value), _MAX_LENGTH)


def _spelled(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_spelled(inner)}' for name, inner in value.items())}}}"
    return repr(value)


def limit_text(value: Any) -> str:
    """Return a limit: `2,147,483,647`, `0.5`; a value that is no number as it is."""
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 or not value.is_integer() else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
