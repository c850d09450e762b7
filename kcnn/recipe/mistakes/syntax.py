"""YAML's syntax errors in a learner's words, and in the line that is wrong.

A parser notices many of them one line late: after `epochs:5` it still waits for a colon.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from kcnn.recipe.mistakes.sentences import PASTED_SPACE
from kcnn.recipe.strict_yaml import FOREIGN_SPACE

# What YAML counts as the end of a line.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PYTHON = re.compile(r"^(import \w|from [\w.]+ import |def \w+\(|model\.\w+\()", re.MULTILINE)
_PYTHON_PROGRAM = "a Python program, not a recipe; a recipe is YAML, with data:, model: and train:"
_TEXTS = ("name", "about", "source", "note", "path")
_TAB = "there is a tab before the text; indent with spaces"
_COLON = "a colon is missing, as in epochs: 5"
_DASH = "a dash is missing, as in - Flatten"
_SPACE_AFTER_COLON = "a space is missing after the colon, as in epochs: 5"
_INDENTED = "indented unlike the lines around it; line it up with them"
_QUOTE_MARK = (
    "put a text that begins with *, &, | or > in quotes; the items of a list begin with a dash"
)
_BACKSLASH = "a \\ in double quotes begins a special character; use single quotes, or / for \\"
_BRACES = "settings in one line need braces, as in Dense: {units: 10, activation: relu}"
_OWN_LINE = "each setting needs its own line"

# What one line alone shows to be wrong.
_LINE_ERRORS = (
    (r" *\t", _TAB),
    (r" *-\w", "a space is missing after the dash, as in - Flatten"),
    (r" *(- )?\w+:[^\s:]", _SPACE_AFTER_COLON),
    (r" *(- )?\w+ *= *\S", "write a colon, not =, as in epochs: 5"),
    (r" *(- +)?\w+ *[\[{]", _COLON),
    (r" *[a-z]\w*( +\w\S*)?$", _COLON),
)

SyntaxProblem = tuple[int, str]


@dataclass(frozen=True)
class _Stop:
    """Where a parser stopped.

    Args:
        lines: The text's lines.
        line: The line it stopped in, counted from 0.
        column: The column, counted from 0.
        begun: The line in which what it was reading begins.
    """

    lines: list[str]
    line: int
    column: int
    begun: int

    @property
    def text(self) -> str:
        """The line it stopped in."""
        return self.lines[self.line]

    @property
    def character(self) -> str:
        """The character it stopped at; none at a line's end."""
        return self.text[self.column : self.column + 1]

    @property
    def before(self) -> int:
        """The last line before it that is neither empty nor a comment; itself in the first."""
        earlier = range(self.line - 1, -1, -1)
        return next((line for line in earlier if _code(self.lines[line])), self.line)


def describe_syntax(error: yaml.YAMLError, text: str) -> SyntaxProblem:
    """Return what is wrong with a text that is not YAML.

    Args:
        error: The parser's error.
        text: The text.

    Returns:
        The line, counted from 1, and the sentence.
    """
    if python := _find_python(text):
        return python
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _unreadable(error, text)
    stop = _stop(error, _LINE_END.split(text.rstrip()))
    problem = error.problem or ""
    for fragment, explain in _EXPLANATIONS:
        if fragment not in problem:
            continue
        found = (stop.line, explain) if isinstance(explain, str) else explain(stop)
        if found:
            return found[0] + 1, found[1]
    return stop.line + 1, f"not YAML: {problem}"


def describe_no_mapping(text: str, value: Any) -> SyntaxProblem:
    """Return what is wrong with a YAML text that holds no settings.

    Args:
        text: The text.
        value: What it holds.
    """
    kinds = {type(None): "an empty file", list: "a list", str: "text", bool: "true or false"}
    found = kinds.get(type(value), "a number")
    expected = f"expected settings (data:, model:, train:); found {found}"
    return _find_python(text) or (1, expected)


def _find_python(text: str) -> SyntaxProblem | None:
    found = _PYTHON.search(text)
    return (len(_LINE_END.split(text[: found.start()])), _PYTHON_PROGRAM) if found else None


def _stop(error: Any, lines: list[str]) -> _Stop:
    last = len(lines) - 1
    mark, begun = error.problem_mark, error.context_mark or error.problem_mark
    column = len(lines[last]) if mark.line > last else mark.column  # a missing ] is found there
    return _Stop(lines, min(mark.line, last), column, min(begun.line, last))


def _unreadable(error: Any, text: str) -> SyntaxProblem:
    character = getattr(error, "character", None)
    if not isinstance(character, int):
        return 1, f"not YAML: {getattr(error, 'reason', None) or 'it cannot be read'}"
    line = len(_LINE_END.split(text[: max(text.find(chr(character)), 0)]))
    return line, f"an invisible character (U+{character:04X}); delete it"


def _late_colon(stop: _Stop) -> SyntaxProblem | None:
    """Explain a colon that may not be there: a second one in its line, or below a wrong line."""
    around = re.match(r" *(?:- +)?([\w.]+): +(.+)", _code(stop.text))
    if around and stop.column > around.start(2):
        name, value = around.groups()
        if name in _TEXTS:
            return stop.line, "put a text that holds ': ' in quotes"
        is_row = name[0].islower() and re.match(r"[^:]*[,;] *\w+: ", value)
        return stop.line, _OWN_LINE if is_row else _BRACES
    above = (_error_of(stop.lines, line) for line in _unfinished(stop))
    return (
        next((found for found in above if found), None)
        or _error_of(stop.lines, stop.line)
        or _too_far(stop)
    )


def _unfinished(stop: _Stop) -> list[int]:
    """Return the lines right above without a colon, which were read as one text; first first."""
    lines: list[int] = []
    for line in range(stop.line - 1, -1, -1):
        code = _code(stop.lines[line])
        if ": " in code or code.endswith(":"):
            break
        if code:
            lines.insert(0, line)
    return lines


def _no_colon(stop: _Stop) -> SyntaxProblem:
    no_setting = "not a setting such as epochs: 5; begin a comment with #"
    return _error_of(stop.lines, stop.begun) or (stop.begun, no_setting)


def _too_far(stop: _Stop) -> SyntaxProblem | None:
    is_too_far = _indent(stop.text) > _indent(stop.lines[stop.before])
    return (stop.line, _INDENTED) if is_too_far else None


def _not_in_line(stop: _Stop) -> SyntaxProblem:
    """Explain a line that does not continue the list or the settings before it."""
    if found := _error_of(stop.lines, stop.line):
        return found
    if stop.character and stop.character in "}]":
        return stop.line, f"a {stop.character} too many; each closes one that was opened"
    if stop.column > _indent(stop.text):
        return stop.line, (
            "a quote or a bracket ends before its line does; put a whole text in double quotes, "
            'as in "it\'s mine"'
        )
    return stop.line, _INDENTED


def _no_dash(stop: _Stop) -> SyntaxProblem:
    is_class = re.match(r" *[A-Z]\w*\b", stop.text) and stop.column == _indent(stop.text)
    return (stop.line, _DASH) if is_class else _not_in_line(stop)


def _brackets(stop: _Stop) -> SyntaxProblem:
    opening = re.findall(r"[\[{]", stop.lines[stop.begun])[-1:] or ["{"]
    closing = {"[": "]", "{": "}"}[opening[0]]
    if stop.line > stop.begun or not stop.character or stop.character == "#":
        return stop.begun, f"the {opening[0]} is not closed; write {closing} at its end"
    if stop.character in "}]":
        return stop.line, f"opened by {opening[0]} and closed by {stop.character}; use a pair"
    if stop.character == ":" and re.search(r": +\w+$", stop.text[: stop.column]):
        return stop.line, (
            "settings inside settings need their own braces, as in {Adam: {learning_rate: 0.001}}"
        )
    return stop.line, "a comma is missing between two settings in { } or two values in [ ]"


def _open_quote(stop: _Stop) -> SyntaxProblem:
    return stop.begun, "a quote is opened and not closed; write one at the text's end"


def _text_before(stop: _Stop) -> SyntaxProblem:
    return stop.before, "there is text before the settings; begin a comment with #"


def _odd_start(stop: _Stop) -> SyntaxProblem:
    character = stop.character if stop.character.isprintable() else repr(stop.character)
    return stop.line, _TAB if stop.character == "\t" else (
        f"put a text that begins with {character} in quotes"
    )


# What each message of libyaml or PyYAML means: a sentence about the line where the parser stopped,
# or a function that looks at the lines around it and may return None.
_EXPLANATIONS: tuple[tuple[str, str | Callable[[_Stop], SyntaxProblem | None]], ...] = (
    ("mapping values are not allowed", _late_colon),
    ("could not find expected ':'", _no_colon),
    ("did not find expected key", _not_in_line),
    ("did not find expected '-' indicator", _no_dash),
    ("but found '?'", _no_dash),
    ("expected <block end>", _not_in_line),
    ("did not find expected ','", _brackets),
    ("expected ',' or", _brackets),
    (
        "sequence entries are not allowed",
        "a dash begins a new line; in one line, write a list as [a, b]",
    ),
    ("node content", "there is nothing before a comma; remove it, or write what is missing"),
    ("alphabetic or numeric", _QUOTE_MARK),
    ("comment or", _QUOTE_MARK),
    ("chomping", _QUOTE_MARK),
    ("document start", _text_before),
    ("unexpected ':'", _SPACE_AFTER_COLON),
    ("end of stream", _open_quote),
    ("hexdecimal", _BACKSLASH),
    ("hexadecimal", _BACKSLASH),
    ("unknown escape", _BACKSLASH),
    ("tab character", _TAB),
    ("cannot start any token", _odd_start),
)


def _error_of(lines: list[str], line: int) -> SyntaxProblem | None:
    """Return what a line shows to be wrong, alone or by the one that follows it."""
    code = _code(lines[line])
    if FOREIGN_SPACE.search(code):
        return line, PASTED_SPACE
    for pattern, message in _LINE_ERRORS:
        if re.match(pattern, code):
            return line, message
    named = re.fullmatch(r" *(- +)?[A-Z]\w*", code)
    if named is None:
        return None
    following = next(filter(_code, lines[line + 1 :]), "")
    if _indent(following) > _indent(code) and not following.lstrip().startswith("-"):
        return line, _COLON
    return None if named[1] else (line, _DASH)


def _code(line: str) -> str:
    """Return a line without its comment; nothing if it holds only that."""
    comment = re.search(r"(?:^|\s)#", line)
    return (line[: comment.start()] if comment else line).rstrip(" ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
