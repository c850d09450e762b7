from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.data.dataset import Images
from kcnn.data.scored_images import has_other_images, require_scored_images
from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.recipe.schema import DataSettings
from kcnn.runs.folder import RunFolder

OWN = DataSettings(dataset="npz", path="photos.npz")
TEST = Images(np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1], np.int32))


def test_other_images_of_one_s_own(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"test_images_digest": TEST.digest()})
    assert not has_other_images(run, OWN, TEST)
    assert has_other_images(run, OWN, TEST.first(1))
    with pytest.raises(RunError, match="was scored on other test images than those"):
        require_scored_images(run, OWN, TEST.first(1))
    assert not has_other_images(run, DataSettings(dataset="digits"), TEST.first(1))


@pytest.mark.parametrize("summary", [None, {"status": "interrupted"}])
def test_a_run_that_does_not_know_its_images(tmp_path: Path, summary) -> None:
    run = RunFolder(tmp_path)
    if summary is not None:
        write_json(run.summary, summary)
    assert not has_other_images(run, OWN, TEST)
