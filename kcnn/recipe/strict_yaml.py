"""Read YAML strictly: nothing guessed, nothing executed, and the line of every value kept.

The words and numbers are those of YAML 1.2's core schema; what YAML 1.1 would quietly turn into
something else (`on`, `yes`), duplicate keys, tags and anchors that grow are refused.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from kcnn.recipe.codes import Mistake
from kcnn.recipe.source import Location

# libyaml's parser where the wheel has it: ten times faster, so that large files are refused fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_FILE_BYTES = 256 * 1024
MAX_NESTING = 40
MAX_VALUES = 50_000
MAX_NAME_LENGTH = 100
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
# Spaces that YAML takes for letters, as copied from a web page.
FOREIGN_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]")
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


class YamlMistakeError(Exception):
    """What ends the reading of a text.

    Args:
        mistake: What is wrong, with its line.
    """

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.code)
        self.mistake = mistake


@dataclass
class Document:
    """What a YAML text holds.

    Args:
        value: Mappings, lists, words, numbers, booleans and None.
        lines: The line of each value by its location, counted from 1.
        mistakes: Mistakes beside which reading goes on, in order: duplicate keys, `yes`, tuples.
    """

    value: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def read_yaml(content: bytes) -> Document:
    """Read one YAML document.

    Args:
        content: The file's bytes.

    Raises:
        YamlMistakeError: It is not text, not YAML, too large, too deep, or more than one document.
    """
    if len(content) > MAX_FILE_BYTES:
        raise _error(1, "too_large", size=len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(content.count(b"\n", 0, error.start) + 1, "not_utf_8") from None
    try:
        return _Reader(text).read()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        if "maximum nesting depth" in (getattr(error, "problem", None) or ""):
            raise _too_deep(line) from None  # libyaml, which reads ahead, has its own limit
        raise _error(line, "syntax", error=error, text=text) from None


class _Reader:
    """Build a document from the parser's events, so that depth and size are known at each step."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
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
            raise _error(_line(following), "second_document")
        return self._document

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, loc: Location) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _error(_line(event), "too_many_values")
        if len(loc) > MAX_NESTING:
            raise _too_deep(_line(event))
        # The value of an empty document is found after its last line.
        self._document.lines.setdefault(loc, min(_line(event), self._last_line))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, loc)
        if event.tag not in (None, "!"):
            raise _error(_line(event), "tag", tag=event.tag)
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
            raise _error(_line(event), "unknown_anchor", name=event.anchor)
        value = self._anchors[event.anchor]
        size, depth = _extent(value)
        self._count += size
        if self._count > MAX_VALUES:
            raise _error(_line(event), "anchor_too_large", name=event.anchor)
        if len(loc) + depth > MAX_NESTING:
            raise _too_deep(_line(event))
        return copy.deepcopy(value)  # so that an override of one leaves the other alone

    def _mapping(self, loc: Location, in_braces: bool) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        key, parentheses = "", 0  # how many of Python's the last setting leaves open
        tuples: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            last, key, following = key, self._key(event), self._next()
            if parentheses > 0 and _is_left_out(following):
                # Braces part `(3, 3)` at its comma: `3)` looks like a setting without a value.
                tuples.setdefault(last, event)
                parentheses += _opened(key)
                key = last
                continue
            if key in mapping:
                first = self._document.lines[(*loc, key)]
                self._refuse(event, (*loc, key), "duplicate", name=key, first=first)
            self._document.lines.setdefault((*loc, key), _line(event))
            mapping[key] = self._value(following, (*loc, key))
            if in_braces and _is_plain(following):
                parentheses = _opened(key + following.value)
        for name, event in tuples.items():
            self._refuse(event, (*loc, name), "tuple", name=name)
        return mapping

    def _sequence(self, loc: Location) -> list[Any]:
        sequence: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            sequence.append(self._value(event, (*loc, len(sequence))))
        return sequence

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!"):
            raise _error(_line(event), "name_no_word")
        if event.value == "<<" and not event.style:
            raise _error(_line(event), "merge_key")
        name: str = event.value
        if FOREIGN_SPACE.search(name):
            raise _error(_line(event), "pasted_space")
        if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise _error(_line(event), "name_length")
        return name

    def _scalar(self, event: Any, loc: Location) -> Any:
        text: str = event.value
        if any(
            "\ud800" <= character <= "\udfff" for character in text
        ):  # libyaml refuses these by itself
            raise _error(_line(event), "surrogate")
        if event.style:  # quoted; libyaml says '' for plain text, PyYAML None
            return text
        meant = _YAML_1_1_BOOLEANS.get(text.lower())
        if meant is not None:
            self._refuse(event, loc, "yaml_1_1_boolean", text=text, meant=meant)
            return meant == "true"  # so that checking can go on
        return read_plain(text)

    def _refuse(self, event: Any, loc: Location, code: str, **facts: Any) -> None:
        self._document.mistakes.append(Mistake(code, facts, loc, line=_line(event)))


def read_plain(text: str) -> Any:
    """Read text without quotes as YAML 1.2's core schema has it: null, boolean, number or text."""
    lower = text.lower()
    if lower in _WORDS and text in (lower, lower.capitalize(), lower.upper()):
        return _WORDS[lower]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _is_plain(event: Any) -> bool:
    """Return whether an event is text without quotes."""
    return isinstance(event, yaml.ScalarEvent) and not event.style


def _is_left_out(event: Any) -> bool:
    return _is_plain(event) and not (event.value or event.tag or event.anchor)


def _line(event: Any) -> int:
    return event.start_mark.line + 1


def _opened(text: str) -> int:
    return text.count("(") - text.count(")")


def _error(line: int, code: str, **facts: Any) -> YamlMistakeError:
    return YamlMistakeError(Mistake(code, facts, line=line))


def _too_deep(line: int) -> YamlMistakeError:
    return _error(line, "too_deep")


def _extent(value: Any) -> tuple[int, int]:
    """Return how many values a value holds, itself included, and how many levels below it."""
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not parts:
        return 1, 0
    sizes, depths = zip(*map(_extent, parts), strict=True)
    return 1 + sum(sizes), 1 + max(depths)
