"""Values of settings."""

from __future__ import annotations

from typing import Any

import yaml


def value_text(value: Any) -> str | None:
    """Return a setting's value as a recipe has it; None for one that is not set."""
    if isinstance(value, dict | list):
        return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6).strip()
    return None if value is None else str(value)
