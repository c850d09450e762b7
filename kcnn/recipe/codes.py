"""A mistake of a recipe as a code with its facts; `kcnn.recipe.mistakes` puts them into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kcnn.recipe.source import Location, Source


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Args:
        code: Which kind: one of ours, as in `unknown_class`, or pydantic's, as in `int_type`.
        facts: What its words need, by name.
        loc: The location of the setting; empty if the mistake belongs to none.
        value: The value that was refused.
        line: The line of the YAML text, counted from 1; None if the location decides.
        override: The setting on the command line that has the mistake, as it was written.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    loc: Location = ()
    value: Any = None
    line: int | None = None
    override: str | None = None


class MistakesError(Exception):
    """Everything that is wrong with a recipe.

    Args:
        mistakes: The mistakes.
        source: The recipe, as far as it could be read.
    """

    def __init__(self, mistakes: Sequence[Mistake], source: Source) -> None:
        super().__init__(", ".join(mistake.code for mistake in mistakes))
        self.mistakes = tuple(mistakes)
        self.source = source
