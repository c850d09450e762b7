"""Random changes that make a valid recipe or file invalid."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

# Values that a beginner's mistake, another program or an attacker may leave in a recipe.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.5, 1e-300, 1e300, 1.5, 10**6, 2**31, 10**9,
    2**63, 10**18, 10**400, "", " ", "relu", "same", "none", "auto", "0", "1e3", "true", "é", "🙂",
    "\x1b[31mred", "a\nb", "\0", "x" * 5000, "../../..", "/etc/passwd", "$(touch pwned)", "{}",
    "%s %d", "[bold]red[/]", [], [1], [1, 2], [0, 0], [3, 3, 3], [[1, 2], [3, 4]], [None], [[[]]],
    {}, {"a": 1}, {"Conv2D": None}, {"filters": 3}, {"Dense": {"units": 3}}, {"": {}},
)  # fmt: skip
# Words for the text of a recipe, where escapes, anchors and tags have a meaning.
WORDS = (
    "", "~", "null", "yes", "no", "on", "0", "-1", "1e9", "1e999", ".inf", ".nan", "0x10", "1_000",
    "9" * 400, "9" * 5000, "99999999999", "2**3", "[", "]", "{", "}", "[]", "{}", "[[[[", "&a",
    "*a", "&a [*a]", "<<: *a", "!!int 3", "!!python/object/apply:os.system [ls]", "!!binary aGk=",
    "|", ">", "- -",
    "? a", ":", ": :", "#", "'", '"', '"\\x1b[31m"', '"\\ud800"', "%TAG", "---", "...", "@", "`",
    "\t", "\u2028", "\ufeff", "\x85", "é", "🙂", "a" * 3000, "[" * 60, "{a: " * 60, "None", "True",
)  # fmt: skip
_WORD = re.compile(r"[^\s:,{}\[\]#]+")
_NUMBER = re.compile(r"\d+(\.\d+)?")

Node = dict[str, Any] | list[Any]


def mutate_text(text: str, others: Sequence[str], draw: random.Random) -> str:
    """Return a text with a few changes.

    Args:
        text: The text to change.
        others: Other texts of the same kind, whose lines and words may be inserted.
        draw: The random generator.
    """
    for _ in range(draw.choice([1, 1, 1, 2, 3, 8])):
        text = draw.choice(_TEXT_CHANGES)(text, draw.choice(others), draw)
    return text


def mutate_bytes(content: bytes, draw: random.Random) -> bytes:
    """Return bytes that are cut, changed, doubled, overwritten or removed."""
    for _ in range(draw.choice([1, 1, 2, 4])):
        content = draw.choice(_BYTE_CHANGES)(content, draw)
    return content


def mutate_value(root: Node, others: Sequence[Node], draw: random.Random) -> None:
    """Change a few values of a tree of mappings and lists, in place.

    Args:
        root: The tree.
        others: Other trees of the same kind, whose values may be inserted.
        draw: The random generator.
    """
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        node, key = _random_position(root, draw)
        if key is None:
            continue
        change = draw.randrange(6)
        if change == 0:
            del node[key]
        elif change == 1:
            node[key] = draw.choice(VALUES)
        elif change == 2 and isinstance(node[key], int | float):
            node[key] = node[key] * draw.choice([-1, 0, 0.5, 2, 10, 1000, 10**6])
        elif change == 3 and isinstance(node, dict):
            node[draw.choice(["", "lr", "Filters", f"{key}s", draw.choice(WORDS)])] = node.pop(key)
        elif change == 4 and isinstance(node, list):
            node.insert(draw.randrange(len(node) + 1), draw.choice(node))
        else:
            other, name = _random_position(draw.choice(others), draw)
            node[key] = draw.choice(VALUES) if name is None else other[name]


def _random_position(root: Node, draw: random.Random) -> tuple[Any, Any]:
    """Draw a mapping or list and one of its keys; the key is None if it is empty."""
    node: Any = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return node, None
        key = draw.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or draw.random() < 0.15:
            return node, key
        node = node[key]


def _remove_line(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    del lines[draw.randrange(len(lines))]
    return "\n".join(lines)


def _insert_line(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(other.split("\n")))
    return "\n".join(lines)


def _swap_lines(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def _change_indentation(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    index = draw.randrange(len(lines))
    line = lines[index]
    lines[index] = draw.choice([" " + line, "  " + line, "\t" + line, line[1:], line[2:]])
    return "\n".join(lines)


def _replace_word(text: str, other: str, draw: random.Random) -> str:
    word = draw.choice([*WORDS, *_WORD.findall(other)])
    return _replace_match(text, _WORD, word, draw)


def _replace_number(text: str, other: str, draw: random.Random) -> str:
    number = draw.choice(["0", "-1", "0.5", "1e9", "1000000", str(draw.randrange(200))])
    return _replace_match(text, _NUMBER, number, draw)


def _replace_match(text: str, pattern: re.Pattern[str], word: str, draw: random.Random) -> str:
    spans = [match.span() for match in pattern.finditer(text)]
    if not spans:
        return text + word
    begin, end = draw.choice(spans)
    return text[:begin] + word + text[end:]


def _insert_word(text: str, other: str, draw: random.Random) -> str:
    index = draw.randrange(len(text) + 1)
    return text[:index] + draw.choice(WORDS) + text[index:]


def _truncate(text: str, other: str, draw: random.Random) -> str:
    return text[: draw.randrange(len(text) + 1)]


def _remove_part(text: str, other: str, draw: random.Random) -> str:
    begin = draw.randrange(len(text) + 1)
    return text[:begin] + text[begin + draw.randrange(80) :]


_TEXT_CHANGES = (
    _remove_line, _insert_line, _swap_lines, _change_indentation,
    _replace_word, _replace_word, _replace_number, _replace_number,
    _insert_word, _truncate, _remove_part,
)  # fmt: skip


def _truncate_bytes(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _change_bytes(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 20)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _overwrite_four_bytes(content: bytes, draw: random.Random) -> bytes:
    """Overwrite four of the first bytes, which may be a length or a size in a header."""
    index = draw.randrange(min(len(content), 200) + 1)
    filling = draw.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\0\0"])
    return content[:index] + filling + content[index + 4 :]


def _remove_bytes(content: bytes, draw: random.Random) -> bytes:
    begin = draw.randrange(len(content) + 1)
    return content[:begin] + content[begin + draw.randrange(100) :]


def _double(content: bytes, draw: random.Random) -> bytes:
    return content * 2 if len(content) < 10**7 else content


def _remove_all(content: bytes, draw: random.Random) -> bytes:
    return b""


_BYTE_CHANGES = (
    _truncate_bytes, _change_bytes, _change_bytes, _change_bytes, _overwrite_four_bytes,
    _overwrite_four_bytes, _remove_bytes, _double, _remove_all,
)  # fmt: skip
