from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kcnn.recipe import strict_yaml
from kcnn.recipe.mistakes.report import describe_yaml
from kcnn.recipe.strict_yaml import (
    MAX_FILE_BYTES,
    MAX_NAME_LENGTH,
    MAX_NESTING,
    MAX_VALUES,
    YamlMistakeError,
    read_yaml,
)

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(autouse=True, params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request, monkeypatch) -> None:
    """Use both of PyYAML's parsers: a wheel may come without libyaml."""
    monkeypatch.setattr(strict_yaml, "_Loader", request.param)


def refused(content: bytes) -> tuple[int, str]:
    with pytest.raises(YamlMistakeError) as caught:
        read_yaml(content)
    return describe_yaml(caught.value.mistake)


def mistakes(content: bytes) -> list[tuple[int, str]]:
    return [describe_yaml(mistake) for mistake in read_yaml(content).mistakes]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("1E5", 100000.0), (".5", 0.5), ("1.", 1.0), ("-3", -3), ("+3", 3),
        ("007", 7), ("-0.5e2", -50.0), ("12345678901234567890", 12345678901234567890.0),
        ("0x10", "0x10"), ("0o7", "0o7"), ("1_000", "1_000"), ("1:30", "1:30"), (".inf", ".inf"),
        (".nan", ".nan"), (".", "."), ("+", "+"), ("e5", "e5"), ("2019-01-06", "2019-01-06"),
        ("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("", None), ("NULL", None), ("nUll", "nUll"),
        ("'1'", "1"), ('"true"', "true"), ("''", ""), ('"yes"', "yes"), ("! 12", 12),
        ("a b", "a b"), ("größe", "größe"), ("😀", "😀"), ("|\n  x\n  y", "x\ny"),
        ("[]", []), ("{}", {}), ("[1, [a, {b: }]]", [1, ["a", {"b": None}]]),
    ],
)  # fmt: skip
def test_plain_values(text: str, value: object) -> None:
    read = read_yaml(f"a: {text}".encode()).value["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("word", "meant"),
    [("yes", "true"), ("on", "true"), ("No", "false"), ("OFF", "false")],
)
def test_words_that_yaml_1_1_reads_as_booleans(word: str, meant: str) -> None:
    content = f"a: 1\nb: {word}".encode()
    assert mistakes(content) == [(2, f'{word}: write {meant}, or "{word}" if the word is meant')]


def test_all_duplicates_are_named_with_both_lines() -> None:
    content = b"a: 1\nb: {c: 1,\n c: 2}\na: no\n"
    assert mistakes(content) == [
        (3, "c: is set twice; line 2 has it already"),
        (4, "a: is set twice; line 1 has it already"),
        (4, 'no: write false, or "no" if the word is meant'),
    ]


def test_the_same_name_in_two_mappings_is_no_duplicate() -> None:
    assert read_yaml(b"a: {c: 1}\nb: {c: 2}").mistakes == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{a: (2, 3)}", "a"),
        ("{a: (2, 2), b: (2, 2), c: 1}", "ab"),
        ("{a: (32,32,3), b: ((1, 1), (2, 2)), c: (3,)}", "abc"),
        ("{a: f(1, 2)}", "a"),
        ("{a: (x, y)}", "a"),
        ("[{a: {b: (-1, 0.5)}}]", "b"),
        ("{a: (2}", ""),
        ("{a: (2), b: 3)}", ""),
        ("{a: (2, b: 3)}", ""),
        ("{a: '(2', 3): }", ""),
        ("a: (2, 2)", ""),
    ],
)
def test_reports_python_s_tuples(text: str, names: str) -> None:
    advice = "(…) is Python; write a list in square brackets, as in [3, 3], and a text in quotes"
    assert mistakes(text.encode()) == [(1, f"{name}: {advice}") for name in names]


def test_tuples_of_python_among_names() -> None:
    ((_, message),) = mistakes(b"{a=1, b=(2, 2), c: 1}")
    assert message.startswith("b=(2: (…) is Python")
    assert read_yaml(b"{a: (2, 2), b: 1}").value == {"a": "(2", "b": 1}


def test_a_duplicate_beside_a_tuple_is_reported_too() -> None:
    first, second = mistakes(b"{a: (2, 2), a: 3}")
    assert "a: is set twice; line 1 has it already" in (first[1], second[1])


def test_records_the_line_of_every_setting() -> None:
    content = (
        b"# a comment\n"
        b"data:\n"
        b"\n"
        b"  path: >\n"
        b"    folded\n"
        b"    text\n"
        b"  sizes: [1,\n"
        b"    2, {a: 1,\n"
        b"    b: [3]}]\n"
        b"layers:\n"
        b"- Flatten\n"
        b"- Dense:\n"
        b"    units: 10\n"
    )
    assert read_yaml(content).lines == {
        (): 2,
        ("data",): 2,
        ("data", "path"): 4,
        ("data", "sizes"): 7,
        ("data", "sizes", 0): 7,
        ("data", "sizes", 1): 8,
        ("data", "sizes", 2): 8,
        ("data", "sizes", 2, "a"): 8,
        ("data", "sizes", 2, "b"): 9,
        ("data", "sizes", 2, "b", 0): 9,
        ("layers",): 10,
        ("layers", 0): 11,
        ("layers", 1): 12,
        ("layers", 1, "Dense"): 12,
        ("layers", 1, "Dense", "units"): 13,
    }


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_every_system(end: bytes) -> None:
    document = read_yaml(end.join([b"a: 1", b"b:", b"  - 2", b""]))
    assert document.value == {"a": 1, "b": [2]}
    assert document.lines["b", 0] == 3


def test_skips_a_byte_order_mark() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1").value == {"a": 1}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only\n# comments\n", b"---\n...\n"])
def test_empty_files(content: bytes) -> None:
    assert read_yaml(content).value is None


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a: !!int 3", 1, "tag tag:yaml.org,2002:int: tags are not part of a recipe"),
        (b"a:\n  - !!python/object/apply:os.system [ls]", 2, "tags are not part of a recipe"),
        (b"!!str a: 1", 1, "a setting's name must be a plain word"),
        (b"a: 1\n[b]: 1", 2, "a setting's name must be a plain word"),
        (b"? {a: 1}\n: 2", 1, "a setting's name must be a plain word"),
        (b"x: &x b\n*x : 1", 2, "a setting's name must be a plain word"),
        (b'"a\\nb": 1', 1, "1 to 100 printable characters"),
        (b'a: 1\n"": 1', 2, "1 to 100 printable characters"),
        (b"? " + b"a" * (MAX_NAME_LENGTH + 1), 1, "1 to 100 printable characters"),
        (b"a: &x {b: 1}\nc:\n  <<: *x", 3, "<<: merging mappings is not part of a recipe"),
        (b"a: 1\nb: *x", 2, "*x: no anchor of this name before it"),
        (b"&a [*a]", 1, "*a: no anchor of this name before it"),
        (b"a: &a {b: *a}", 1, "*a: no anchor of this name before it"),
        (b"a: 1\n---\nb: 2", 2, "a second document begins; a recipe is one document"),
        (b"a: 1\nb: \xff", 2, "not UTF-8 text; save the file as UTF-8"),
        ("a: ü".encode("utf-16"), 1, "not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0", 1, "not UTF-8 text"),
        (b"a: b\x00c", 1, "an invisible character (U+0000); delete it"),
        (b"a:\n\tb: 1", 2, "there is a tab before the text; indent with spaces"),
        (b"a: 1\nb: @x", 2, "put a text that begins with @ in quotes"),
        (b"a: 1\nb: [1, 2", 2, "the [ is not closed; write ] at its end"),
        (b"a: 1\nb: [1,\n2", 2, "the [ is not closed; write ] at its end"),
        (b"a: 1\n b: 2", 2, "indented unlike the lines around it"),
        (b"a: 'x\n\n", 1, "a quote is opened and not closed"),
        (b'a: "\\ud800"', 1, "not "),
    ],
)  # fmt: skip
def test_refuses_what_is_not_a_recipe_s_yaml(content: bytes, line: int, message: str) -> None:
    found_line, found = refused(content)
    assert message in found
    assert "\n" not in found
    assert found_line == line


def test_copies_an_anchor_where_it_is_used() -> None:
    document = read_yaml(b"a: &x {b: [1]}\nc: *x\nd: *x\n")
    assert document.value == {"a": {"b": [1]}, "c": {"b": [1]}, "d": {"b": [1]}}
    assert document.value["a"]["b"] is not document.value["c"]["b"]
    assert document.lines["d",] == 3


def test_refuses_anchors_that_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 30)]
    started = time.perf_counter()
    line, message = refused("\n".join(lines).encode())
    assert message == f"*a3: more than {MAX_VALUES:,} values"
    assert line == 5
    assert time.perf_counter() - started < 2


def test_refuses_anchors_that_nest_ever_deeper() -> None:
    lines = ["a0: &a0 [[[[[[[[[[1]]]]]]]]]]"]
    lines += [f"a{i}: &a{i} [[[[[[[[[[*a{i - 1}]]]]]]]]]]" for i in range(1, 60)]
    assert refused("\n".join(lines).encode()) == (4, "nested deeper than 40 levels")


@pytest.mark.parametrize("opening", [b"[", b"- ", b"{a: "])
def test_refuses_deep_nesting(opening: bytes) -> None:
    assert refused(opening * 10_000) == (1, "nested deeper than 40 levels")


def test_accepts_nesting_up_to_the_limit() -> None:
    text = "[" * MAX_NESTING + "1" + "]" * MAX_NESTING
    value = read_yaml(text.encode()).value
    for _ in range(MAX_NESTING):
        (value,) = value
    assert value == 1


def test_size_limits() -> None:
    assert read_yaml(b"a: " + b"x" * (MAX_FILE_BYTES - 3)).value == {
        "a": "x" * (MAX_FILE_BYTES - 3)
    }
    line, message = refused(b"a" * (MAX_FILE_BYTES + 1))
    assert (line, message) == (1, "262,145 bytes; a recipe has at most 262,144. Is it one?")
    assert refused(b"- 1\n" * (MAX_VALUES + 1)) == (50_000, "more than 50,000 values")


@given(st.binary(max_size=300))
@example(b"&a [*a, *a]")
@example(b"\xc2\x85")
def test_reads_or_refuses_any_bytes(content: bytes) -> None:
    _assert_document_or_mistake(content)


@given(
    st.text(st.sampled_from("ab:-?,[]{}&*!|>'\"%@`#~ \n\t01.\\x\ud7ff\u2028\ufeff"), max_size=60)
)
@example("---")
def test_reads_or_refuses_any_text(text: str) -> None:
    _assert_document_or_mistake(text.encode())


def _assert_document_or_mistake(content: bytes) -> None:
    lines = len(content.decode("utf-8", "replace").splitlines())
    try:
        document = read_yaml(content)
    except YamlMistakeError as error:
        line, message = describe_yaml(error.mistake)
        assert 1 <= line <= max(lines, 1)
        assert message.isprintable()
    else:
        assert all(1 <= line <= lines for line in document.lines.values())
        assert all(describe_yaml(mistake)[1].isprintable() for mistake in document.mistakes)
