from __future__ import annotations

import os
import shlex

import pytest

from kcnn.text import shell
from kcnn.text.shell import shell_word


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize("name", ["photos", "my photos", "Zoë's", 'a"b', "$HOME", "a\nb", "猫"])
def test_a_shell_reads_the_name(name: str) -> None:
    assert shlex.split(f"kcnn init {shell_word(name)}") == ["kcnn", "init", name]


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
def test_a_leading_dash_is_no_option() -> None:
    assert shell_word("-photos") == "./-photos"


def test_windows_has_double_quotes(monkeypatch) -> None:
    monkeypatch.setattr(shell.os, "name", "nt")
    assert shell_word(r"outputs\cifar\run-001") == r"outputs\cifar\run-001"
    assert shell_word("my photos") == '"my photos"'
