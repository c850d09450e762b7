"""Reads YAML strictly: nothing guessed, nothing executed, and the line of every value kept.

The words and numbers are those of YAML 1.2's core schema; what YAML 1.1 would quietly turn into
something else (`on`, `yes`), duplicate keys, tags and anchors that grow are refused.
"""

from __future__ import annotations

import copy
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from kcnn.recipe.messages.python_text import read_tuple
from kcnn.recipe.messages.yaml_slips import FOREIGN_SPACE, PASTED_SPACE, explain_slip
from kcnn.recipe.source import Location

# libyaml's parser where the wheel has it: ten times faster, so that large files are refused fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LARGEST_FILE = 256 * 1024
DEEPEST_NESTING = 40
MOST_VALUES = 50_000
LONGEST_NAME = 100
LONGEST_TUPLE = 20
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


class YamlMistake(Exception):  # noqa: N818  a mistake of the file, not an error of ours
    """Something that a strict reader refuses.

    Args:
        line: Where it is, counted from 1.
        message: What is wrong and what to write.
        loc: The way to the value, where there is one.
    """

    def __init__(self, line: int, message: str, loc: Location = ()) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.loc = loc


@dataclass
class Document:
    """What a YAML text holds.

    Args:
        value: Mappings, lists, words, numbers, booleans and None; and Python's tuples, which no
            setting takes, so that they can be told of as what they are.
        lines: The line of each value by the way to it, counted from 1.
        mistakes: What can be told beside each other, in order: duplicate keys, `yes` and the like.
    """

    value: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[YamlMistake] = field(default_factory=list)


def read_yaml(content: bytes) -> Document:
    """Reads one YAML document.

    Args:
        content: The file's bytes.

    Raises:
        YamlMistake: It is not text, not YAML, too large, too deep, or more than one document.
    """
    if len(content) > LARGEST_FILE:
        raise YamlMistake(
            1, f"{len(content):,} bytes; a recipe has at most {LARGEST_FILE:,}. Is it one?"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlMistake(line, "not UTF-8 text; save the file as UTF-8") from None
    try:
        return _Reader(text).read()
    except yaml.YAMLError as error:
        raise _syntax_mistake(error, text) from None


def _syntax_mistake(error: yaml.YAMLError, text: str) -> YamlMistake:
    line, message = explain_slip(error, text)
    # libyaml, which reads ahead, has a limit of its own
    return _too_deep(line) if "maximum nesting depth" in message else YamlMistake(line, message)


class _Reader:
    """Builds a document from the parser's events, so that depth and size are known at each step."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._ahead: deque[Any] = deque()
        self._document = Document()
        self._last_line = max(1, len(text.splitlines()))
        self._anchors: dict[str, Any] = {}
        self._count = 0

    def read(self) -> Document:
        self._next()  # the stream begins
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return self._document
        self._document.value = self._value(self._next(), ())
        self._next()  # the document ends
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise YamlMistake(
                _line(following), "a second document begins; a recipe is one document"
            )
        return self._document

    def _next(self) -> Any:
        return self._ahead.popleft() if self._ahead else next(self._events)

    def _peek(self, index: int) -> Any:
        """Gives one of the events to come; None behind the last."""
        while len(self._ahead) <= index:
            self._ahead.append(next(self._events, None))
        return self._ahead[index]

    def _value(self, event: Any, loc: Location) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"more than {MOST_VALUES:,} values")
        if len(loc) > DEEPEST_NESTING:
            raise _too_deep(_line(event))
        # The value of an empty document is found after its last line.
        self._document.lines.setdefault(loc, min(_line(event), self._last_line))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, loc)
        if event.tag not in (None, "!"):
            raise YamlMistake(_line(event), f"tag {event.tag}: tags are not part of a recipe")
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(loc, in_braces=bool(event.flow_style))
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(loc)
        else:
            value = self._scalar(event, loc)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: Any, loc: Location) -> Any:
        if event.anchor not in self._anchors:
            raise YamlMistake(_line(event), f"*{event.anchor}: no anchor of this name before it")
        value = self._anchors[event.anchor]
        size, depth = _extent(value)
        self._count += size
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"*{event.anchor}: more than {MOST_VALUES:,} values")
        if len(loc) + depth > DEEPEST_NESTING:
            raise _too_deep(_line(event))
        return copy.deepcopy(value)  # so that an override of one location leaves the other alone

    def _mapping(self, loc: Location, in_braces: bool) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, following = self._key(event), self._next()
            if in_braces and _is_left_out(following):
                key = self._with_tuple(key)
            if key in mapping:
                first = self._document.lines[(*loc, key)]
                self._refuse(
                    event, (*loc, key), f"{key}: is set twice; line {first} has it already"
                )
            self._document.lines.setdefault((*loc, key), _line(event))
            value = self._value(following, (*loc, key))
            if in_braces and _is_plain(following):
                value = self._tuple(following.value) or value
            mapping[key] = value
        return mapping

    def _with_tuple(self, key: str) -> str:
        """Gives a name without a value whole that braces part: `kernel_size=(3, 3)`."""
        name, equals, begun = key.partition("=")
        found = self._tuple(begun.strip()) if equals else None
        return f"{name}={found}" if found else key

    def _tuple(self, begun: str) -> tuple[Any, ...] | None:
        """Reads Python's `(3, 3)`, which braces part: `3)` is there the name of a setting.

        Args:
            begun: What stands before the first comma: `(3`.

        Returns:
            The tuple, with its end taken from the events; None, and none taken, when it is none.
        """
        parts = [begun]
        while begun.startswith("(") and len(parts) < LONGEST_TUPLE:
            name, value = self._peek(2 * len(parts) - 2), self._peek(2 * len(parts) - 1)
            if not (_is_plain(name) and _is_left_out(value)):
                return None
            parts.append(name.value)
            if name.value.endswith(")") and (whole := read_tuple(", ".join(parts))):
                for _ in range(2 * len(parts) - 2):
                    self._next()
                return whole
        return None

    def _sequence(self, loc: Location) -> list[Any]:
        sequence: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            sequence.append(self._value(event, (*loc, len(sequence))))
        return sequence

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!"):
            raise YamlMistake(_line(event), "a setting's name must be a plain word")
        if event.value == "<<" and not event.style:
            raise YamlMistake(_line(event), "<<: merging mappings is not part of a recipe")
        name: str = event.value
        if FOREIGN_SPACE.search(name):
            raise YamlMistake(_line(event), PASTED_SPACE)
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise YamlMistake(
                _line(event), f"a setting's name has 1 to {LONGEST_NAME} printable characters"
            )
        return name

    def _scalar(self, event: Any, loc: Location) -> Any:
        text: str = event.value
        if any("\ud800" <= one <= "\udfff" for one in text):  # libyaml refuses these by itself
            raise YamlMistake(_line(event), "not Unicode: half of a surrogate pair")
        if event.style:  # quoted; libyaml says '' for plain text, PyYAML None
            return text
        meant = _YAML_1_1_BOOLEANS.get(text.lower())
        if meant is not None:
            message = f'{text}: write {meant}, or "{text}" if the word is meant'
            self._refuse(event, loc, message)
            return meant == "true"  # for what else there is to find
        return read_plain(text)

    def _refuse(self, event: Any, loc: Location, message: str) -> None:
        self._document.mistakes.append(YamlMistake(_line(event), message, loc))


def read_plain(text: str) -> Any:
    """Reads text without quotes as YAML 1.2's core schema has it: null, boolean, number or text."""
    lower = text.lower()
    if lower in _WORDS and text in (lower, lower.capitalize(), lower.upper()):
        return _WORDS[lower]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _is_plain(event: Any) -> bool:
    """Whether an event is text without quotes."""
    return isinstance(event, yaml.ScalarEvent) and not event.style


def _is_left_out(event: Any) -> bool:
    return _is_plain(event) and not (event.value or event.tag or event.anchor)


def _line(event: Any) -> int:
    return event.start_mark.line + 1


def _too_deep(line: int) -> YamlMistake:
    return YamlMistake(line, f"nested deeper than {DEEPEST_NESTING} levels")


def _extent(value: Any) -> tuple[int, int]:
    """Counts the values in a value, itself among them, and the levels below it."""
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not parts:
        return 1, 0
    sizes, depths = zip(*map(_extent, parts), strict=True)
    return 1 + sum(sizes), 1 + max(depths)
