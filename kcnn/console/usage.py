"""Which arguments and options of a command go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click


def refuse_explain_of_two_kinds(
    solve: str | None, layer: str | None, markdown: bool, as_json: bool, **of_layer: object
) -> None:
    """Refuses options of kcnn explain that ask for two answers, or for nothing without --layer."""
    for first, second, together in (
        ("--solve", "--layer", solve and layer),
        ("--markdown", "--json", markdown and as_json),
        ("--markdown", "--solve", markdown and solve),
        ("--markdown", "--layer", markdown and layer),
    ):
        if together:
            raise click.UsageError(f"{first} and {second} do not go together; choose one")
    alone = [f"--{name}" for name, value in of_layer.items() if value is not None]
    if layer is None and alone:
        raise click.UsageError(f"{', '.join(alone)}: only with --layer NAME")


def refuse_without_gradients(gradients: bool, **of_gradients: object) -> None:
    """Refuses options of kcnn check that mean nothing without --gradients."""
    alone = [f"--{name.replace('_', '-')}" for name, value in of_gradients.items() if value]
    if alone and not gradients:
        raise click.UsageError(f"{', '.join(alone)}: only with --gradients")


def refuse_runs_of_two_kinds(run: str | None, watched: bool, as_json: bool) -> None:
    """Refuses what goes with only one of kcnn runs and kcnn runs --watch."""
    if run is not None and not watched:
        raise click.UsageError(f"{run}: only with --watch; kcnn runs lists all runs")
    if watched and as_json:
        raise click.UsageError("--watch and --json do not go together; choose one")


def for_a_new_run(
    recipe: str | None, overrides: Sequence[str], resume: None, **others: Any
) -> dict[str, Any]:
    """Sorts the arguments of kcnn fit for a run that begins."""
    if recipe is None:
        raise click.UsageError("Missing argument 'RECIPE'.")
    return {"recipe": recipe, "overrides": overrides, **others}


def for_resuming(
    recipe: str | None,
    overrides: Sequence[str],
    resume: str,
    name: str | None,
    seed: int | None,
    **others: Any,
) -> dict[str, Any]:
    """Sorts the arguments of kcnn fit --resume, whose RUN may be left out before settings."""
    for option, value in (("--name", name), ("--seed", seed)):
        if value is not None:
            raise click.UsageError(f"{option}: a run that goes on keeps its own")
    words = [word for word in (resume, recipe, *overrides) if word]
    run = words.pop(0) if words and "=" not in words[0] else None
    for word in words:
        if "=" not in word:
            raise click.UsageError(f"{word}: expected a setting, as in train.epochs=40")
    return {"run": run, "overrides": words, **others}
