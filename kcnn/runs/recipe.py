"""recipe.yaml, the recipe as it was given, and resolved.yaml, every setting in force.

Both are read with `kcnn.recipe.read_recipe`.
"""

from __future__ import annotations

from kcnn.files.atomic import atomic, write_text
from kcnn.runs.folder import RunFolder


def write_recipe(run: RunFolder, content: bytes) -> None:
    """Write recipe.yaml, byte for byte.

    Raises:
        RunError: The file cannot be written.
    """
    with atomic(run.recipe, len(content)) as temporary:
        temporary.write_bytes(content)


def write_resolved(run: RunFolder, text: str) -> None:
    """Write resolved.yaml, which makes the folder a run.

    Raises:
        RunError: The file cannot be written.
    """
    write_text(run.resolved, text)
