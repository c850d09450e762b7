"""Write a recipe into a new file; never over another."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from kcnn.errors import RecipeError
from kcnn.text.shell import shell_word


def write_new_recipe(path: Path, text: str, command: str) -> None:
    """Write a recipe.

    Args:
        path: The new file.
        text: The recipe.
        command: What writes it into another file if the name of that file follows.

    Raises:
        RecipeError: The file exists or cannot be written.
    """
    require_new(path, command)
    try:
        _write_new(path, text)
    except FileExistsError:
        raise _exists(path, command) from None
    except FileNotFoundError:
        raise _without_folder(path) from None
    except OSError as error:
        raise RecipeError(
            [f"{path}: cannot be written: {error.strerror}"],
            "make room there, or write it elsewhere: " + f"{command} FILE",
        ) from None


def require_new(path: Path, command: str) -> None:
    """Raise if a file exists, before any work is done for it.

    Args:
        path: The new file.
        command: As of `write_new_recipe`.

    Raises:
        RecipeError: It exists, or there is no folder for it.
    """
    if path.is_symlink() or path.exists():
        raise _exists(path, command)
    if not path.parent.exists():
        raise _without_folder(path)


def _exists(path: Path, command: str) -> RecipeError:
    return RecipeError(
        [f"{path}: already exists"], f"name another file: {command} {shell_word(_free_name(path))}"
    )


def _without_folder(path: Path) -> RecipeError:
    return RecipeError(
        [f"{path}: there is no folder {path.parent}"],
        f"make it first: mkdir {shell_word(path.parent)}",
    )


def _free_name(path: Path) -> Path:
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(candidate for candidate in numbered if not candidate.exists())


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            path.unlink()
            raise
