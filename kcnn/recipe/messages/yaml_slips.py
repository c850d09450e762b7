"""Says in a student's words what a YAML parser says in its own, and in the line that is wrong.

A parser notices many slips one line late: after `epochs:5` it still waits for a colon.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from kcnn.recipe.messages.one_line import (
    LONGEST_IN_LINE,
    in_braces,
    in_braces_of_their_own,
    settings_in_a_row,
)

# What YAML counts as the end of a line.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PYTHON = re.compile(r"^(import \w|from [\w.]+ import |def \w+\(|model\.\w+\()", re.MULTILINE)
FOREIGN_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]")
PASTED_SPACE = "a space copied from a web page, which YAML takes for none; type the spaces anew"
_LINE_UP = "line it up with the lines around it"
_TAB = "a tab stands before the text; indent with spaces"
_BACKSLASH = (
    "a \\ in double quotes begins a special character; use single quotes, or / in place of \\"
)
_MARK_OF_YAML = (
    "put a text that begins with *, &, | or > in quotes; the items of a list begin with a dash"
)

_TEXTS = ("name", "about", "source", "note", "path")
_LISTS = ("augment", "layers", "body", "shortcut", "metrics", "published", "fidelity")

# What one line alone shows to be wrong. `{name}` and `{rest}` are what the pattern found.
_SLIPS_OF_A_LINE = (
    (r" *\t", _TAB),
    (r" *-(?P<name>\w+)", "a space is missing after the dash; write - {name}"),
    (
        r" *(- )?(?P<name>\w+):(?P<rest>[^\s:].*)",
        "a space is missing after the colon; write {name}: {rest}",
    ),
    (
        r" *(- )?(?P<name>\w+) *= *(?P<rest>\S.*)",
        "a colon stands between a setting and its value, not =; write {name}: {rest}",
    ),
    (r" *(- +)?(?P<name>\w+) *(?P<rest>[\[{].*)", "a colon is missing; write {name}: {rest}"),
    (r" *(?P<name>[a-z]\w*) +(?P<rest>\w\S*)$", "a colon is missing; write {name}: {rest}"),
    (r" *(?P<name>[a-z]\w*)$", "a colon is missing; write {name}:"),
)

Slip = tuple[int, str]


@dataclass(frozen=True)
class _Scene:
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
        return next((one for one in earlier if _code(self.lines[one])), self.line)


def explain_slip(error: yaml.YAMLError, text: str) -> Slip:
    """Says what is wrong with a text that is not YAML.

    Args:
        error: What the parser says.
        text: The text.

    Returns:
        The line, counted from 1, and what is wrong there with the mend.
    """
    lines = _LINE_END.split(text.rstrip())
    if python := find_python(text):
        return python
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _unreadable(error, text)
    scene = _scene(error, lines)
    problem = error.problem or ""
    for fragment, explain in _EXPLANATIONS:
        if fragment not in problem:
            continue
        slip = (scene.line, explain) if isinstance(explain, str) else explain(scene)
        if slip:
            return slip[0] + 1, slip[1]
    return scene.line + 1, f"not YAML: {problem}"


def find_python(text: str) -> Slip | None:
    """Gives line and message when a text is a Python program; None when it is none."""
    found = _PYTHON.search(text)
    if found is None:
        return None
    line = len(_LINE_END.split(text[: found.start()]))
    return line, "a Python program, not a recipe; a recipe is YAML, with data:, model: and train:"


def _scene(error: Any, lines: list[str]) -> _Scene:
    last = len(lines) - 1
    mark, begun = error.problem_mark, error.context_mark or error.problem_mark
    column = len(lines[last]) if mark.line > last else mark.column  # a missing ] is found there
    return _Scene(lines, min(mark.line, last), column, min(begun.line, last))


def _unreadable(error: Any, text: str) -> Slip:
    character = getattr(error, "character", None)
    if not isinstance(character, int):
        return 1, f"not YAML: {getattr(error, 'reason', None) or 'it cannot be read'}"
    line = len(_LINE_END.split(text[: max(text.find(chr(character)), 0)]))
    return line, f"a character that cannot be seen (U+{character:04X}); delete it"


def _late_colon(scene: _Scene) -> Slip | None:
    """A colon where none may stand: after another in its line, or below a line that is amiss."""
    around = re.match(r" *(?:- +)?([\w.]+): +(.+)", _code(scene.text))
    if around and scene.column > around.start(2):
        return scene.line, _two_colons(_short(around[1]), around[2])
    above = (_slip_of(scene.lines, line) for line in _unfinished(scene))
    return (
        next((slip for slip in above if slip), None)
        or _slip_of(scene.lines, scene.line)
        or _too_far(scene)
    )


def _two_colons(name: str, value: str) -> str:
    whole = len(value) <= LONGEST_IN_LINE and value.isprintable()
    if name in _TEXTS:
        quoted = "" if not whole else f"; write {name}: {_quoted(value)}"
        return f"put a text that holds ': ' in quotes{quoted}"
    if whole and (inside := in_braces(value)):
        inside = f"[{inside}]" if name in _LISTS else inside
        return f"settings in the same line stand in braces; write {name}: {inside}"
    if whole and (settings := settings_in_a_row(f"{name}: {value}")):
        return f"each setting stands on a line of its own; write {', below it '.join(settings)}"
    if named := re.match(r"([A-Z]\w{,40})[,;]? ", value):  # whose settings the others may be
        return (
            f"each setting stands on a line of its own, and those of {named[1]} in its braces, as "
            f"in {name}: {{{named[1]}: {{…}}}}"
        )
    return (
        "settings in the same line stand in braces, each with its name, as in "
        "Dense: {units: 10, activation: relu}"
    )


def _quoted(text: str) -> str:
    """Quotes a text; in double quotes a backslash would begin a special character."""
    if '"' in text or "\\" in text:
        text = text.replace("'", "''")
        return f"'{text}'"
    return f'"{text}"'


def _unfinished(scene: _Scene) -> list[int]:
    """Lists the lines right above that hold no colon, which were read as one text; first first."""
    lines: list[int] = []
    for line in range(scene.line - 1, -1, -1):
        code = _code(scene.lines[line])
        if ": " in code or code.endswith(":"):
            break
        if code:
            lines.insert(0, line)
    return lines


def _no_colon(scene: _Scene) -> Slip:
    no_setting = "no setting, as epochs: 5 is one; begin a comment with #"
    return _slip_of(scene.lines, scene.begun) or (scene.begun, no_setting)


def _too_far(scene: _Scene) -> Slip | None:
    if _indent(scene.text) <= _indent(scene.lines[scene.before]):
        return None
    if scene.text.lstrip().startswith("- "):
        return scene.line, "the dash is indented too far; line it up with the dash above"
    above = f"line {scene.before + 1}, which has its value already"
    return scene.line, f"indented further than {above}; {_LINE_UP}"


def _not_in_line(scene: _Scene) -> Slip:
    """Something that does not go on with the list or the settings before it."""
    if slip := _slip_of(scene.lines, scene.line):
        return slip
    if scene.character and scene.character in "}]":
        return scene.line, f"a {scene.character} too many; every one closes one that was opened"
    if scene.column > _indent(scene.text):
        return scene.line, (
            "a quote or a bracket ends before its line does; put a whole text in double quotes, "
            'as in "it\'s mine"'
        )
    return scene.line, f"indented unlike the lines before it; {_LINE_UP}"


def _no_dash(scene: _Scene) -> Slip | None:
    word = re.match(r" *([A-Z]\w*)\b", scene.text)
    if word and scene.column == _indent(scene.text):
        return scene.line, f"a dash is missing; write - {_short(word[1])}"
    return _not_in_line(scene)


def _brackets(scene: _Scene) -> Slip:
    opening = re.findall(r"[\[{]", scene.lines[scene.begun])[-1:] or ["{"]
    closing = {"[": "]", "{": "}"}[opening[0]]
    if scene.line > scene.begun or not scene.character or scene.character == "#":
        return scene.begun, f"the {opening[0]} is not closed; write {closing} at its end"
    if scene.character in "}]":
        return scene.line, f"opened by {opening[0]} and closed by {scene.character}; use a pair"
    if scene.character == ":" and (nested := in_braces_of_their_own(scene.text, scene.column)):
        return scene.line, nested
    return scene.line, "a comma is missing between two settings in { } or two values in [ ]"


def _open_quote(scene: _Scene) -> Slip:
    return scene.begun, "a quote is opened and not closed; write one at the text's end"


def _text_before(scene: _Scene) -> Slip:
    return scene.before, "a text stands before the settings; begin a comment with #"


def _odd_start(scene: _Scene) -> Slip:
    if scene.character == "\t":
        return scene.line, _TAB
    return scene.line, f"put a text that begins with {_short(scene.character)} in quotes"


# Which explanation goes with what libyaml or PyYAML says: of the line where it stopped, or one that
# looks at the lines around it and may decline.
_EXPLANATIONS: tuple[tuple[str, str | Callable[[_Scene], Slip | None]], ...] = (
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
        "a dash begins a line of its own; in one line a list is as in [a, b]",
    ),
    ("node content", "nothing stands before a comma; take it out, or write what is missing"),
    ("alphabetic or numeric", _MARK_OF_YAML),
    ("comment or", _MARK_OF_YAML),
    ("chomping", _MARK_OF_YAML),
    ("document start", _text_before),
    ("unexpected ':'", "a space is missing after the colon"),
    ("end of stream", _open_quote),
    ("hexdecimal", _BACKSLASH),
    ("hexadecimal", _BACKSLASH),
    ("unknown escape", _BACKSLASH),
    ("tab character", _TAB),
    ("cannot start any token", _odd_start),
)


def _slip_of(lines: list[str], line: int) -> Slip | None:
    """Gives what a line shows to be wrong, alone or by the one that follows it."""
    code = _code(lines[line])
    if FOREIGN_SPACE.search(code):
        return line, PASTED_SPACE
    for pattern, message in _SLIPS_OF_A_LINE:
        if found := re.match(pattern, code):
            parts = found.groupdict()
            if "(" in parts.get("rest", ""):  # Python's, which is not right yet
                message = message.partition("; write ")[0]
            return line, message.format(**{name: _short(part) for name, part in parts.items()})
    named = re.fullmatch(r" *(- +)?([A-Z]\w*)", code)
    if named is None:
        return None
    following = next(filter(_code, lines[line + 1 :]), "")
    if _indent(following) > _indent(code) and not following.lstrip().startswith("-"):
        return line, f"a colon is missing; write {named[1] or ''}{_short(named[2])}:"
    return None if named[1] else (line, f"a dash is missing; write - {_short(named[2])}")


def _code(line: str) -> str:
    """Gives a line without its comment; nothing when it holds only that."""
    comment = re.search(r"(?:^|\s)#", line)
    return (line[: comment.start()] if comment else line).rstrip(" ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _short(text: str) -> str:
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if text.isprintable() else repr(text)
