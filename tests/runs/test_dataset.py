from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.runs.dataset import has_same_test_images, require_same_test_images
from kcnn.runs.folder import RunFolder


def test_other_test_images(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"test_images_digest": "ab"})
    assert has_same_test_images(run, "ab")
    require_same_test_images(run, "ab")
    assert not has_same_test_images(run, "cd")
    with pytest.raises(RunError, match="was scored on other test images than those"):
        require_same_test_images(run, "cd")


@pytest.mark.parametrize("summary", [None, {"status": "interrupted"}])
def test_a_run_without_a_hash(tmp_path: Path, summary) -> None:
    run = RunFolder(tmp_path)
    if summary is not None:
        write_json(run.summary, summary)
    assert has_same_test_images(run, "ab")


def test_a_damaged_hash(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"test_images_digest": 3})
    with pytest.raises(RunError, match="test_images_digest: expected a text, found 3"):
        has_same_test_images(run, "ab")
