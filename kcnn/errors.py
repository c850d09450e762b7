"""Errors that a user can fix, and the one that reports a bug in another process of kcnn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class KcnnError(Exception):
    """Something the user can fix: what is wrong in one line, and a hint how to fix it.

    Args:
        message: What is wrong, where, and what was expected.
        hint: How to fix it; printed on its own line.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to rebuild it in another process: pickle would lose the hint."""
        return type(self), (self.message, self.hint)


class RecipeError(KcnnError):
    """Every mistake found in one recipe.

    Args:
        problems: One line per mistake; it begins with `file:line:` if the mistake is in a line.
        hint: How to fix them.
    """

    def __init__(self, problems: Sequence[str], hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to rebuild it in another process."""
        return type(self), (self.problems, self.hint)


class DataError(KcnnError):
    """Images or labels that are missing, damaged or do not fit the recipe."""


class RunError(KcnnError):
    """A run folder that is missing, incomplete or cannot be written."""


class TrainingError(KcnnError):
    """Training that could not start or had to stop."""


class DivergedError(TrainingError):
    """Training whose loss or predictions became infinite or NaN; resumed, it does so again."""


class TemporaryFolderError(KcnnError):
    """No folder for temporary files, which TensorFlow, Keras and Matplotlib need."""

    def __init__(self) -> None:
        super().__init__(
            "no folder for temporary files can be written",
            "set TMPDIR to a folder that you can write to",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to rebuild it in another process."""
        return type(self), ()


class ExportError(KcnnError):
    """A model that could not be exported, or whose export predicts something else."""


class ConversionError(ExportError):
    """A model that a format cannot express: one of its layers may be at fault."""


class PackageError(KcnnError):
    """A package of one of kcnn's extras that is missing or too old."""


class ServeError(KcnnError):
    """A server that could not be started."""


class CrashError(Exception):
    """A bug in kcnn that ended another process.

    Args:
        reason: The error there, in one line.
        stack: Its traceback, for a crash file.
    """

    def __init__(self, reason: str, stack: str) -> None:
        super().__init__(reason)
        self.add_note(f"in the process that trained:\n{stack}")
