"""The classes that a run's model tells apart, as the run itself names them."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.errors import RunError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder

MOST_NAMED = 10  # classes in one line


def learned_classes(run: RunFolder) -> list[str]:
    """Names the classes that a finished run learned, in the order of its model's answers.

    Raises:
        RunError: The run's summary is missing or damaged, or does not name them.
    """
    names = run.read_summary().get("class_names")
    if not isinstance(names, list) or not names:
        raise RunError(
            f"{run.summary}: class_names: expected a list of names, one a class",
            "restore it, or train the run again with kcnn fit",
        )
    return [str(name) for name in names]


def require_learned(run: RunFolder, found: Sequence[str], progress: Progress) -> None:
    """Makes sure that a run learned the classes of a data set, in their order.

    A run that was stopped before it named its classes is taken to have learned them.

    Args:
        run: The run.
        found: The names of the data set's classes.
        progress: Told where the run does not name its own.

    Raises:
        RunError: It learned others or in another order, or is finished and does not name them.
    """
    try:
        learned = learned_classes(run)
    except RunError:
        if run.status() == "finished":
            raise
        progress.note(
            f"{run.title}: stopped before it named its classes; those found now are taken"
        )
        return
    if learned != list(found):
        raise RunError(
            f"{run.path}: learned {_listed(learned, found)}; the data set now has "
            f"{_listed(found, learned)}",
            "give the classes their former names, or train it again with kcnn fit",
        )


def _listed(names: Sequence[str], others: Sequence[str]) -> str:
    """Lists some names, first those that the others lack."""
    ordered = sorted(names, key=lambda name: name in others)
    more = [f"and {len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return ", ".join([*ordered[:MOST_NAMED], *more])
