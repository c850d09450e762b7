"""Which arguments and options of a command go together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

TRACKERS = ("tensorboard", "mlflow")  # names of options

# A path may have an equals sign, too: `a=b/run-001`.
_SETTING = re.compile(r"[a-z_]+(\.[a-z_]+)+=")


def refuse_both(first: str, second: str, are_given: bool) -> None:
    """Refuse two options that ask for different output."""
    if are_given:
        raise click.UsageError(f"{first} and {second} do not go together; choose one")


def pass_to_subcommand(ctx: click.Context, **given: Any) -> None:
    """Pass options that were written before a subcommand on to it, which has them all.

    Args:
        ctx: The context of a group whose subcommand is about to run.
        given: The group's options, by parameter name.
    """
    assert ctx.invoked_subcommand is not None
    ctx.default_map = {
        ctx.invoked_subcommand: {name: value for name, value in given.items() if value}
    }


def settings_among(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split arguments into names and settings, which may come without a name before them.

    Args:
        words: The arguments, as `cifar/run-001 data.path=photos`.

    Returns:
        The names, and the settings: `data.path=photos`.
    """
    settings = [word for word in words if _SETTING.match(word)]
    return [word for word in words if word not in settings], settings


def run_and_settings(words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a command that takes a run and where its images are now."""
    names, settings = settings_among(words)
    if len(names) > 1:
        raise click.UsageError(f"{names[1]}: expected one run, and settings as in data.path=photos")
    return {"run": names[0] if names else None, "settings": settings}


def arguments_to_fit(
    recipe: str | None, overrides: Sequence[str], resume: None, **others: Any
) -> dict[str, Any]:
    """Return the arguments of kcnn fit for a new run."""
    for name in TRACKERS:
        if recipe is None and others[name]:  # an option with a value that may be left out
            raise click.UsageError(
                f"--{name} took {others[name]} for its own value; write the recipe first, as in "
                f"kcnn fit {others[name]} --{name}"
            )
    if recipe is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'RECIPE'", param_type="argument")
    return {"recipe": recipe, "overrides": overrides, **_with_trackers(others)}


def arguments_to_resume(
    recipe: str | None,
    overrides: Sequence[str],
    resume: str,
    name: str | None,
    seed: int | None,
    **others: Any,
) -> dict[str, Any]:
    """Return the arguments of kcnn fit --resume, whose RUN may be left out before settings."""
    for option, value in (("--name", name), ("--seed", seed)):
        if value is not None:
            raise click.UsageError(f"{option}: a resumed run keeps its own")
    words = [word for word in (resume, recipe, *overrides) if word]
    run = words.pop(0) if words and "=" not in words[0] else None
    for word in words:
        if "=" not in word:
            raise click.UsageError(f"{word}: expected a setting, as in train.epochs=40")
    return {"run": run, "overrides": words, **_with_trackers(others)}


def arguments_to_track(**options: Any) -> dict[str, Any]:
    """Return the arguments of kcnn track, which needs a tracker."""
    arguments = _with_trackers(options)
    if not arguments["trackers"]:
        raise click.UsageError("expected --tensorboard or --mlflow, or both")
    return arguments


def _with_trackers(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with those of `tracker_options` as one argument."""
    trackers = {name: options[name] for name in TRACKERS if options[name] is not None}
    return {
        **{name: value for name, value in options.items() if name not in TRACKERS},
        "trackers": trackers,
    }
