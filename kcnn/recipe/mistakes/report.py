"""All mistakes of a recipe as one error: a line each, in the order of the recipe's lines."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from kcnn.errors import RecipeError
from kcnn.recipe.codes import Mistake, MistakesError
from kcnn.recipe.library import HINT
from kcnn.recipe.mistakes.sentences import CONFLICTS, SENTENCES
from kcnn.recipe.mistakes.settings import describe_setting, explains_missing
from kcnn.recipe.mistakes.syntax import describe_no_mapping, describe_syntax
from kcnn.recipe.mistakes.words import suggest
from kcnn.recipe.source import Location, Source
from kcnn.text.values import shown

_OVERRIDE_HINT = "write setting=value, as in train.epochs=5"


def recipe_error(error: MistakesError) -> RecipeError:
    """Build the error that a user sees."""
    mistakes = _without_echoes(error.mistakes, error.source)
    lines = [_line(mistake, error.source) for mistake in mistakes]
    problems = [text for *_, text in sorted(lines, key=itemgetter(0, 1))]
    return RecipeError(problems, _hint(error.mistakes))


def describe_yaml(mistake: Mistake) -> tuple[int, str]:
    """Return the line of a mistake in a YAML text, and the sentence."""
    if mistake.code == "syntax":
        return describe_syntax(**mistake.facts)
    if mistake.code == "no_mapping":
        return describe_no_mapping(**mistake.facts)
    return mistake.line or 1, describe(mistake)


def describe(mistake: Mistake) -> str:
    """Return the sentence of a mistake, without where it is."""
    if mistake.code == "syntax":
        return describe_syntax(**mistake.facts)[1]
    facts = {**mistake.facts, "found": shown(mistake.facts.get("found"))}
    sentence = SENTENCES[mistake.code].format(**facts)
    if names := mistake.facts.get("names"):
        return sentence + (suggest(facts["word"], names) or f"; known are {', '.join(names)}")
    return sentence


def _line(mistake: Mistake, source: Source) -> tuple[float, int, str]:
    """Return the line and position of a mistake, and what to print about it."""
    if (override := mistake.override) is not None:
        shown_override = override if override.isprintable() else repr(override)
        return float("inf"), 0, f"command line, {shown_override}: {describe(mistake)}"
    if mistake.line is not None:
        line, text = describe_yaml(mistake)
        return line, -1, f"{source.file}:{line}: {text}"
    loc = mistake.loc
    is_conflict = mistake.code in CONFLICTS
    text = describe(mistake) if is_conflict else describe_setting(mistake, source)
    return source.line(loc), source.position(loc), source.problem(loc, text)


def _without_echoes(mistakes: Sequence[Mistake], source: Source) -> list[Mistake]:
    """Leave out what follows from another mistake.

    A setting that is there with a typo is not reported as missing too. A value that could not be
    read has no other mistakes.
    """
    refused = {mistake.loc for mistake in mistakes if mistake.line is not None and mistake.loc}
    meant = [loc for mistake in mistakes if (loc := explains_missing(mistake, source))]
    explained = {outer for loc in meant for outer in _from_the_root(loc)}

    def is_echo(mistake: Mistake) -> bool:
        if mistake.line is not None:  # of the text itself
            return False
        is_explained = _is_absent(mistake) and mistake.loc in explained
        return is_explained or bool(refused.intersection(_from_the_root(mistake.loc)))

    return [mistake for mistake in mistakes if not is_echo(mistake)]


def _from_the_root(loc: Location) -> list[Location]:
    """Return a location and those that contain it, except the whole recipe."""
    return [loc[:end] for end in range(1, len(loc) + 1)]


def _is_absent(mistake: Mistake) -> bool:
    """Return whether a setting or a whole section is left out, or has its name and no more."""
    return mistake.code == "missing" or (mistake.code == "model_type" and mistake.value is None)


def _hint(mistakes: Sequence[Mistake]) -> str | None:
    if any(mistake.override is not None for mistake in mistakes):
        return _OVERRIDE_HINT
    return None if all(mistake.code in CONFLICTS for mistake in mistakes) else HINT
