from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.runs.dataset import (
    digests_differ,
    has_same_test_images,
    require_same_classes,
    require_same_test_images,
    same_names,
)
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


@pytest.mark.parametrize(
    ("trained", "here", "message"),
    [
        (["b", "a"], ["a", "b"], "was trained on b, a; the dataset now has a, b"),
        (["a", "b"], ["a", "c"], "was trained on b, a; the dataset now has c, a"),
        (list("abcdefghij"), ["k"], "was trained on a, b, c, d, e, f, g, h, i, j; the dataset"),
        (list("abcdefghijk"), ["k"], "h, i, j and 1 more; the dataset now has k"),
    ],
)
def test_other_classes(tmp_path: Path, notes, trained, here, message) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"status": "finished", "class_names": trained})
    require_same_classes(run, trained, notes)
    with pytest.raises(RunError, match=message):
        require_same_classes(run, here, notes)
    assert not notes.lines


def test_classes_that_are_not_known(tmp_path: Path, notes) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"status": "interrupted"})
    require_same_classes(run, ["a", "b"], notes)
    (note,) = notes.lines
    assert "stopped before its classes were written; assuming those of the dataset" in note
    write_json(run.summary, {"status": "finished"})
    with pytest.raises(RunError, match="class_names: expected a list"):
        require_same_classes(run, ["a", "b"], notes)


def test_names_in_another_unicode_form_are_the_same_classes(tmp_path) -> None:
    assert same_names(["Ba\u0308r", "Maus"], ["B\u00e4r", "Maus"])
    assert not same_names(["Bar", "Maus"], ["B\u00e4r", "Maus"])


@pytest.mark.parametrize(
    ("first", "other", "differ"),
    [
        ("ab", "ab", False),
        ("ab", "cd", True),
        ("files:ab", "files:ab", False),
        ("files:ab", "files:cd", True),
        ("ab", "files:cd", False),  # of pixels and of files: nothing is known
        ("converted:ab", "converted:files:cd", False),
    ],
)
def test_digests_of_another_kind_show_nothing(first: str, other: str, differ: bool) -> None:
    assert digests_differ(first, other) is differ
    assert digests_differ(other, first) is differ
