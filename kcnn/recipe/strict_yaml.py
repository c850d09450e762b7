"""Reads YAML strictly: nothing guessed, nothing executed, and the line of every value kept.

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

from kcnn.recipe.messages.yaml_slips import FOREIGN_SPACE, PASTED_SPACE, explain_slip
from kcnn.recipe.source import Place

# libyaml's parser where the wheel has it: ten times faster, so that large files are refused fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LARGEST_FILE = 256 * 1024
DEEPEST_NESTING = 40
MOST_VALUES = 50_000
LONGEST_NAME = 100
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


class YamlMistake(Exception):  # noqa: N818  a mistake of the file, not an error of ours
    """Something that a strict reader refuses.

    Args:
        line: Where it is, counted from 1.
        message: What is wrong and what to write.
        place: The way to the value, where there is one.
    """

    def __init__(self, line: int, message: str, place: Place = ()) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.place = place


@dataclass
class Document:
    """What a YAML text holds.

    Args:
        value: Mappings, lists, words, numbers, booleans and None.
        lines: The line of each value by the way to it, counted from 1.
        mistakes: What can be told beside each other, in order: duplicate keys, `yes` and the like.
    """

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
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
        self._document = Document()
        self._last_line = max(1, len(text.splitlines()))
        self._anchors: dict[str, Any] = {}
        self._count = 0

    def read(self) -> Document:
        next(self._events)  # the stream begins
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return self._document
        self._document.value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise YamlMistake(
                _line(following), "a second document begins; a recipe is one document"
            )
        return self._document

    def _value(self, event: Any, place: Place) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"more than {MOST_VALUES:,} values")
        if len(place) > DEEPEST_NESTING:
            raise _too_deep(_line(event))
        # The value of an empty document is found after its last line.
        self._document.lines.setdefault(place, min(_line(event), self._last_line))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        if event.tag not in (None, "!"):
            raise YamlMistake(_line(event), f"tag {event.tag}: tags are not part of a recipe")
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(place)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(place)
        else:
            value = self._scalar(event, place)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: Any, place: Place) -> Any:
        if event.anchor not in self._anchors:
            raise YamlMistake(_line(event), f"*{event.anchor}: no anchor of this name before it")
        value = self._anchors[event.anchor]
        size, depth = _extent(value)
        self._count += size
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"*{event.anchor}: more than {MOST_VALUES:,} values")
        if len(place) + depth > DEEPEST_NESTING:
            raise _too_deep(_line(event))
        return copy.deepcopy(value)  # so that an override of one place leaves the other alone

    def _mapping(self, place: Place) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key in mapping:
                first = self._document.lines[(*place, key)]
                self._refuse(
                    event, (*place, key), f"{key}: is set twice; line {first} has it already"
                )
            self._document.lines.setdefault((*place, key), _line(event))
            mapping[key] = self._value(next(self._events), (*place, key))
        return mapping

    def _sequence(self, place: Place) -> list[Any]:
        sequence: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            sequence.append(self._value(event, (*place, len(sequence))))
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

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if any("\ud800" <= one <= "\udfff" for one in text):  # libyaml refuses these by itself
            raise YamlMistake(_line(event), "not Unicode: half of a surrogate pair")
        if event.style:  # quoted; libyaml says '' for plain text, PyYAML None
            return text
        meant = _YAML_1_1_BOOLEANS.get(text.lower())
        if meant is not None:
            message = f'{text}: write {meant}, or "{text}" if the word is meant'
            self._refuse(event, place, message)
            return meant == "true"  # for what else there is to find
        return read_plain(text)

    def _refuse(self, event: Any, place: Place, message: str) -> None:
        self._document.mistakes.append(YamlMistake(_line(event), message, place))


def read_plain(text: str) -> Any:
    """Reads text without quotes as YAML 1.2's core schema has it: null, boolean, number or text."""
    lower = text.lower()
    if lower in _WORDS and text in (lower, lower.capitalize(), lower.upper()):
        return _WORDS[lower]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


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
