"""How a message writes values of a recipe."""

from __future__ import annotations

from typing import Any

_LONGEST = 60


def shown(value: object) -> str:
    """Return a value as YAML spells it, shortened if it is long."""
    text = "nothing" if value is None else _spelled(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _spelled(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_spelled(inner)}' for name, inner in value.items())}}}"
    return repr(value)


def number(value: Any) -> str:
    """Return a limit as text: `2,147,483,647`, `0.5`; other values as they are."""
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 or not value.is_integer() else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
