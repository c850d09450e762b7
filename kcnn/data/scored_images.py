"""Whether the test images at hand are those that a run was scored on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder

if TYPE_CHECKING:
    from kcnn.data.dataset import Images
    from kcnn.recipe.schema import DataSettings


def has_other_images(run: RunFolder, data: DataSettings, test: Images) -> bool:
    """Says whether a run was scored on other test images than these.

    Only images of one's own change. A run that was never scored, or by a version that kept no hash
    of its test images, is taken to be about these.

    Args:
        run: The run.
        data: Its data settings.
        test: The test images that they lead to now.
    """
    if data.path is None:
        return False
    try:
        scored = run.read_summary().get("test_images_digest")
    except RunError:
        return False
    return scored is not None and scored != test.digest()


def require_scored_images(run: RunFolder, data: DataSettings, test: Images) -> None:
    """Makes sure that a run was scored on these test images, so that what it says is of them.

    Args:
        run: The run.
        data: Its data settings.
        test: The test images that they lead to now.

    Raises:
        RunError: It was scored on others.
    """
    if has_other_images(run, data, test):
        raise RunError(
            f"{run.path}: was scored on other test images than those that are here now",
            "bring those back, or train it again with kcnn fit",
        )
