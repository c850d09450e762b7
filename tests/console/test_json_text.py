from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kcnn.console.json_text import json_text


def test_writes_ascii_json_if_the_output_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"path": Path("é")}
    for encoding, expected in (("utf-8", '"é"'), ("latin-1", '"\\u00e9"')):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert json_text(value) == f'{{\n  "path": {expected}\n}}'
