"""kcnn init: write a first recipe for somebody's images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.commands.new_file import require_new, write_new_recipe
from kcnn.errors import RecipeError
from kcnn.model.checked_recipe import CheckedRecipe, check_recipe
from kcnn.progress import Progress
from kcnn.starter.choose import FEW
from kcnn.starter.starter import Starter, make_starter
from kcnn.text.shell import shell_word


@dataclass(frozen=True)
class NewRecipe:
    """A recipe that was written.

    Args:
        starter: The recipe, and the images it is for.
        checked: The recipe without mistakes, and its model.
    """

    starter: Starter
    checked: CheckedRecipe

    @property
    def next_commands(self) -> tuple[str, ...]:
        """What to type next."""
        file = self.starter.file
        typed = shell_word(file)
        look = f"kcnn data inspect {shell_word(self.starter.images.path)}"
        if self.starter.choices.train < FEW:
            return (f"kcnn fit {typed}", f"kcnn reproduce {typed} --folds 5", look)
        return (f"kcnn fit {typed}", f"kcnn explain {typed}", look)

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        own, plan = self.starter.images, self.checked.plan
        return {
            "recipe": str(self.starter.file),
            "path": str(own.path),
            "dataset": own.dataset,
            "classes": own.classes,
            "class_names": list(own.class_names),
            "images": own.images,
            "image_shape": list(plan.image_shape),
            "parameters": plan.cost.parameters,
            "multiply_adds": plan.cost.multiply_adds,
            "notes": list(own.notes),
            "next": list(self.next_commands),
        }


def init(path: Path, output: Path | None = None, progress: Progress | None = None) -> NewRecipe:
    """Write a first recipe for a folder of images, a table of them or an .npz file, and check it.

    Args:
        path: The images.
        output: The new file; None for the images' name in the current folder.
        progress: Receives notes on what was left out of the data.

    Raises:
        RecipeError: The file exists or cannot be written, or the folder is none of images.
        DataError: The images are no dataset.
    """
    if output is not None and output.is_dir():
        raise RecipeError(
            [f"{output}: is a folder, expected the name of the new recipe"],
            f"write -o {output / 'photos.yaml'}",
        )
    command = f"kcnn init {shell_word(path)} -o"
    if output is not None:  # before thousands of files are looked at
        require_new(output, command)
    starter = make_starter(path, output)
    require_new(starter.file, command)
    for note in starter.images.notes:
        (progress or Progress()).note(note)
    checked = check_recipe(starter.read_unwritten())
    write_new_recipe(starter.file, starter.text, command)
    return NewRecipe(starter, checked)
