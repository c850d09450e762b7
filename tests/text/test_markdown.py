from __future__ import annotations

import pytest

from kcnn.text.markdown import code, plain, table


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("He et al. (2016), table 6", "He et al. (2016), table 6"),
        ("a\n\n# b", "a # b"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("[here](javascript:alert(1))", "\\[here\\](javascript:alert(1))"),
        ("![](https://tracker)", "!\\[\\](https://tracker)"),
        ("`code` \\[x](y)", "\\`code\\` \\\\\\[x\\](y)"),
        ("&lt;b>", "&amp;lt;b>"),
        ("\x1b[31m", "\\\\u001b\\[31m"),
    ],
)
def test_a_stranger_s_text_stays_text(text: str, written: str) -> None:
    assert plain(text) == written


def test_code() -> None:
    assert code("data.scaling") == "`data.scaling`"
    assert code("a` <script> `\nb") == "`a' <script> ' b`"


def test_table() -> None:
    assert table(("a", "b"), [(12345, None), ("x|y", True)], ("---", "---:")) == (
        "| a | b |\n| --- | ---: |\n| 12,345 | – |\n| x\\|y | True |"
    )
