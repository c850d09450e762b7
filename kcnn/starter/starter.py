"""A first recipe for a folder of images, made without writing a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.dataset_kind import dataset_of
from kcnn.errors import DataError, RecipeError
from kcnn.recipe import Recipe
from kcnn.recipe.load import recipe_from_bytes
from kcnn.recipe.parse import run_name
from kcnn.recipe.strict_yaml import MAX_FILE_BYTES, YamlMistakeError, read_yaml
from kcnn.runs.folder import is_run
from kcnn.starter.choose import TEST, Choices, choose
from kcnn.starter.own_images import OwnImages, describe_own_images
from kcnn.starter.text import recipe_text
from kcnn.text.numbers import count_text
from kcnn.text.shell import shell_word

_RECIPE_SUFFIXES = (".yaml", ".yml")
_SECTIONS = {"data", "model", "train"}


@dataclass(frozen=True)
class Starter:
    """A first recipe.

    Args:
        images: What they are.
        choices: The settings that suit them.
        file: Where the recipe would be.
        text: The recipe.
    """

    images: OwnImages
    choices: Choices
    file: Path
    text: str

    @property
    def note(self) -> str:
        """What to tell a person who named images and not a recipe."""
        path = self.images.path
        text = f"{path}: images, so kcnn makes a recipe, as kcnn init {shell_word(path)} writes it"
        if self.file.exists():
            text += f"; {self.file} is not read, name it to use it"
        return text

    def read(self, overrides: Sequence[str] = ()) -> Recipe:
        """Read the recipe as if it were in its file.

        Raises:
            RecipeError: The overrides have mistakes.
        """
        return self._read(self.file, overrides)

    def read_unwritten(self, overrides: Sequence[str] = ()) -> Recipe:
        """Read the recipe where it is not written: messages name no file, which may be another.

        Raises:
            RecipeError: The overrides have mistakes.
        """
        return self._read(
            self.file.with_name(f"recipe of {self.images.path.resolve().name}"), overrides
        )

    def _read(self, file: Path, overrides: Sequence[str]) -> Recipe:
        return recipe_from_bytes(file, self.text.encode("utf-8"), overrides)


def make_starter(path: Path, file: Path | None = None) -> Starter:
    """Make a first recipe for somebody's images.

    Args:
        path: A folder of images, a table of them, or an .npz file.
        file: Where the recipe would be; None for the images' name in the current folder.

    Raises:
        RecipeError: The folder is a run, or holds a recipe.
        DataError: It is no dataset.
    """
    require_images(path)
    name = run_name(Path(path.resolve().name + ".yaml" if path.is_dir() else path.name))
    file = file or Path(f"{name}.yaml")
    own = describe_own_images(path)
    _require_enough(own)
    choices = choose(own)
    text = recipe_text(own, choices, str(file), name, _path_from(path, file.parent))
    return Starter(own, choices, file, text)


def require_images(path: Path) -> None:
    """Raise unless a path may be images; a folder must be no run and hold no recipe.

    Raises:
        RecipeError: It is a run, or holds a recipe that may be meant.
        DataError: It does not exist, or is a file of another kind.
    """
    dataset_of(path)
    if is_run(path):
        raise RecipeError(
            [f"{path}: is a run, not a folder of images"],
            f"name its settings to train once more: kcnn fit {shell_word(path / 'resolved.yaml')}",
        )
    for file in _yaml_files(path):
        if _is_recipe(file):
            raise RecipeError(
                [f"{path}: holds a recipe, {file.name}"],
                f"name the recipe: kcnn fit {shell_word(file)}; "
                "or move it out of the folder of images",
            )


def _require_enough(own: OwnImages) -> None:
    """Raise unless a part of the images can become the test set."""
    test = 0 if own.test is not None else max(round(TEST * own.train), 1)
    if own.train - test < own.classes:
        raise DataError(
            f"{own.path}: {count_text(own.train, 'image')} of "
            f"{own.classes} classes are too few to train and to test",
            "add images; twenty of each class are a beginning",
        )


def _yaml_files(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(_RECIPE_SUFFIXES)]
    except OSError:  # a file; or a folder that may not be read, which listing the images reports
        return []
    return [path / name for name in sorted(names)]


def _is_recipe(file: Path) -> bool:
    """Return whether a YAML file is a recipe: exported datasets have others, such as data.yaml."""
    try:
        with file.open("rb") as stream:
            value = read_yaml(stream.read(MAX_FILE_BYTES)).value
    except (OSError, YamlMistakeError):
        return False
    return isinstance(value, dict) and value.keys() >= _SECTIONS


def _path_from(path: Path, folder: Path) -> str:
    """Return the images' path as a recipe in a folder names it; an absolute one stays."""
    if path.is_absolute():
        return str(path)
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(path.resolve())
