"""Print what a command found: as text, or as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import click

from kcnn.console.failure import FAILED, echo_failure
from kcnn.console.json_text import json_text
from kcnn.console.streams import echo
from kcnn.errors import KcnnError


class Result(Protocol):
    """What a command returns."""

    def as_json(self) -> Any:
        """Return what json.dumps takes."""


R = TypeVar("R", bound=Result)


def show(
    result: R,
    text_of: Callable[[R], str],
    as_json: bool,
    problem: KcnnError | None = None,
    passed: bool = True,
) -> None:
    """Print the result of a command; exit with status 1 if it is not all that was asked for.

    Args:
        result: The result.
        text_of: Returns its text.
        as_json: Whether to print it as JSON instead.
        problem: What is missing from the result, and why; printed on standard error after it.
        passed: Whether the result is what the user hopes for; False for a check that failed.
    """
    echo(json_text(result.as_json()) if as_json else text_of(result))
    if problem is not None:
        echo_failure(problem)
    if problem is not None or not passed:
        click.get_current_context().exit(FAILED)
