"""Ways to make a sound recipe or file unsound, each drawn from one random generator."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

# What a newcomer's slip, another program or a stranger may leave in place of a value.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.5, 1e-300, 1e300, 1.5, 10**6, 2**31, 10**9,
    2**63, 10**18, 10**400, "", " ", "relu", "same", "none", "auto", "0", "1e3", "true", "é", "🙂",
    "\x1b[31mred", "a\nb", "\0", "x" * 5000, "../../..", "/etc/passwd", "$(touch pwned)", "{}",
    "%s %d", "[bold]red[/]", [], [1], [1, 2], [0, 0], [3, 3, 3], [[1, 2], [3, 4]], [None], [[[]]],
    {}, {"a": 1}, {"Conv2D": None}, {"filters": 3}, {"Dense": {"units": 3}}, {"": {}},
)  # fmt: skip
# The same for the text of a recipe, where an escape, an anchor or a tag means something.
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
    """Changes a few places of a text.

    Args:
        text: What is changed.
        others: Texts of the same kind, whose lines and words may turn up in it.
        draw: Chooses.
    """
    for _ in range(draw.choice([1, 1, 1, 2, 3, 8])):
        text = draw.choice(_TEXT_CHANGES)(text, draw.choice(others), draw)
    return text


def mutate_bytes(content: bytes, draw: random.Random) -> bytes:
    """Cuts, scrambles, doubles, fills or empties some of a file's bytes."""
    for _ in range(draw.choice([1, 1, 2, 4])):
        content = draw.choice(_BYTE_CHANGES)(content, draw)
    return content


def mutate_value(root: Node, others: Sequence[Node], draw: random.Random) -> None:
    """Changes a few places of a tree of mappings and lists.

    Args:
        root: The tree; it is changed in place.
        others: Trees of the same kind, whose parts may turn up in it.
        draw: Chooses.
    """
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        node, key = _any_place(root, draw)
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
            other, name = _any_place(draw.choice(others), draw)
            node[key] = draw.choice(VALUES) if name is None else other[name]


def _any_place(root: Node, draw: random.Random) -> tuple[Any, Any]:
    """Draws a mapping or list and one of its keys; None for the key when it is empty."""
    node: Any = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return node, None
        key = draw.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or draw.random() < 0.15:
            return node, key
        node = node[key]


def _without_a_line(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    del lines[draw.randrange(len(lines))]
    return "\n".join(lines)


def _with_another_line(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(other.split("\n")))
    return "\n".join(lines)


def _with_lines_swapped(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def _indented_otherwise(text: str, other: str, draw: random.Random) -> str:
    lines = text.split("\n")
    index = draw.randrange(len(lines))
    line = lines[index]
    lines[index] = draw.choice([" " + line, "  " + line, "\t" + line, line[1:], line[2:]])
    return "\n".join(lines)


def _with_another_word(text: str, other: str, draw: random.Random) -> str:
    word = draw.choice([*WORDS, *_WORD.findall(other)])
    return _with(text, _WORD, word, draw)


def _with_another_number(text: str, other: str, draw: random.Random) -> str:
    number = draw.choice(["0", "-1", "0.5", "1e9", "1000000", str(draw.randrange(200))])
    return _with(text, _NUMBER, number, draw)


def _with(text: str, pattern: re.Pattern[str], word: str, draw: random.Random) -> str:
    places = [match.span() for match in pattern.finditer(text)]
    if not places:
        return text + word
    begin, end = draw.choice(places)
    return text[:begin] + word + text[end:]


def _with_a_word_inserted(text: str, other: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice(WORDS) + text[place:]


def _cut(text: str, other: str, draw: random.Random) -> str:
    return text[: draw.randrange(len(text) + 1)]


def _without_a_piece(text: str, other: str, draw: random.Random) -> str:
    begin = draw.randrange(len(text) + 1)
    return text[:begin] + text[begin + draw.randrange(80) :]


_TEXT_CHANGES = (
    _without_a_line, _with_another_line, _with_lines_swapped, _indented_otherwise,
    _with_another_word, _with_another_word, _with_another_number, _with_another_number,
    _with_a_word_inserted, _cut, _without_a_piece,
)  # fmt: skip


def _cut_bytes(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _scrambled(content: bytes, draw: random.Random) -> bytes:
    scrambled = bytearray(content)
    for _ in range(draw.randint(1, 20)):
        if scrambled:
            scrambled[draw.randrange(len(scrambled))] = draw.randrange(256)
    return bytes(scrambled)


def _one_number_large(content: bytes, draw: random.Random) -> bytes:
    """Fills four bytes, as of a length or a size, in the beginning where headers stand."""
    place = draw.randrange(min(len(content), 200) + 1)
    filling = draw.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\0\0"])
    return content[:place] + filling + content[place + 4 :]


def _without_some(content: bytes, draw: random.Random) -> bytes:
    begin = draw.randrange(len(content) + 1)
    return content[:begin] + content[begin + draw.randrange(100) :]


def _doubled(content: bytes, draw: random.Random) -> bytes:
    return content * 2 if len(content) < 10**7 else content


def _emptied(content: bytes, draw: random.Random) -> bytes:
    return b""


_BYTE_CHANGES = (
    _cut_bytes, _scrambled, _scrambled, _scrambled, _one_number_large, _one_number_large,
    _without_some, _doubled, _emptied,
)  # fmt: skip
