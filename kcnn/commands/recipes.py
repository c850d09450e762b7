"""kcnn recipes: list, print and copy the recipes that come with kcnn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kcnn.commands.new_file import write_new_recipe
from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.library import find_recipe, shipped_recipes


@dataclass(frozen=True)
class ShippedRecipe:
    """A recipe that comes with kcnn.

    Args:
        name: Its name.
        dataset: The dataset that it trains on.
        about: Its short description.
        path: Its file.
    """

    name: str
    dataset: str
    about: str
    path: str


@dataclass(frozen=True)
class RecipeTable:
    """The recipes that come with kcnn.

    Args:
        rows: A row per recipe.
    """

    rows: tuple[ShippedRecipe, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [asdict(row) for row in self.rows]


@dataclass(frozen=True)
class RecipeText:
    """A recipe as its file has it.

    Args:
        path: Its file.
        text: Its text.
    """

    path: Path
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {"path": str(self.path), "text": self.text}


@dataclass(frozen=True)
class RecipeCopy:
    """A copy of a recipe.

    Args:
        name: The recipe's name or file.
        path: The new file.
    """

    name: str
    path: Path

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {"recipe": self.name, "path": str(self.path)}


def list_recipes() -> RecipeTable:
    """List the recipes that come with kcnn."""
    rows = []
    for name, path in shipped_recipes().items():
        recipe = read_recipe(path)
        rows.append(ShippedRecipe(name, recipe.data.dataset, recipe.about or "", str(path)))
    return RecipeTable(tuple(rows))


def show_recipe(name: str) -> RecipeText:
    """Read the text of a recipe.

    Raises:
        RecipeError: There is no such recipe, or it cannot be read or is not UTF-8.
    """
    path = find_recipe(name)
    try:
        return RecipeText(path, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RecipeError([f"{path}: not UTF-8 text, so not a recipe"]) from None
    except OSError as error:
        raise RecipeError([f"{path}: cannot be read: {error.strerror}"]) from None


def copy_recipe(name: str, destination: Path) -> RecipeCopy:
    """Copy a recipe to a new file.

    Args:
        name: The recipe's name or file.
        destination: The new file, or a folder for a file of the same name.

    Raises:
        RecipeError: There is no such recipe, or the destination exists or cannot be written.
    """
    text = show_recipe(name).text
    path = destination / f"{Path(name).stem}.yaml" if destination.is_dir() else destination
    write_new_recipe(path, text, f"kcnn recipes copy {name}")
    return RecipeCopy(name, path)
