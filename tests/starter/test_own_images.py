from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import DataError
from kcnn.starter import own_images
from kcnn.starter.own_images import describe_own_images


def test_a_folder(make_images) -> None:
    path = make_images({"cat": 4, "dog": 2}, sizes=[(40, 20), (20, 20)])
    (path / "dog" / "notes.txt").touch()
    found = describe_own_images(path)
    assert (found.dataset, found.class_names, found.by_class) == ("folder", ("cat", "dog"), (4, 2))
    assert (found.train, found.validation, found.test, found.images) == (6, None, None, 6)
    assert (found.width, found.height, found.smaller_side) == (30, 20, 20)
    assert not found.has_one_size
    assert found.shapes_differ
    assert not found.is_gray
    assert found.imbalance == 2
    assert "1 .txt" in found.notes[0]


def test_parts_and_gray_images(make_images) -> None:
    make_images({"a": 2, "b": 2}, mode="LA", root="photos/train")
    make_images({"a": 1, "b": 1}, mode="L", root="photos/test")
    found = describe_own_images(Path("photos"))
    assert (found.train, found.test, found.images) == (4, 2, 6)
    assert found.is_gray
    assert found.has_one_size
    assert not found.shapes_differ


def test_looks_at_a_sample(make_images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_images, "SAMPLE", 5)
    path = make_images({"a": 20, "b": 20})
    assert len(describe_own_images(path).sizes) == 5


def test_leaves_out_what_cannot_be_read(make_images) -> None:
    path = make_images({"a": 2, "b": 2})
    (path / "a" / "0.png").write_bytes(b"no image")
    found = describe_own_images(path)
    assert len(found.sizes) == 3
    assert f"{path}: 1 of 4 images cannot be read, as {path / 'a' / '0.png'}: " in found.notes[-1]
    for file in path.rglob("*.png"):
        file.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a/0\.png: ".replace("/", r"[/\\]")):
        describe_own_images(path)


def test_an_npz(tmp_path: Path) -> None:
    images, labels = np.zeros((6, 9, 7), np.uint8), np.array([0, 1] * 3)
    file = tmp_path / "own.npz"
    np.savez(file, x_train=images, y_train=labels, x_test=images[:2], y_test=labels[:2])
    found = describe_own_images(file)
    assert (found.dataset, found.classes, found.train, found.test) == ("npz", 2, 6, 2)
    assert (found.height, found.width, found.is_gray) == (9, 7, True)
    assert found.by_class == (3, 3)
    np.savez(file, x_train=images, y_train=labels * 5, x_test=images[:2], y_test=labels[:2])
    with pytest.raises(DataError, match="not numbered from 0 without gaps"):
        describe_own_images(file)


def test_a_table(make_images) -> None:
    make_images({"a": 3, "b": 3})
    rows = [f"{name}/{number}.png,{name},train" for name in "ab" for number in range(2)]
    rows += ["a/2.png,a,val", "b/2.png,b,val"]
    table = Path("photos/labels.csv")
    table.write_text("\n".join(["path,label,split", *rows]))
    found = describe_own_images(table)
    assert (found.dataset, found.class_names, found.by_class) == ("csv", ("a", "b"), (2, 2))
    assert (found.validation, found.test, found.width) == (2, None, 32)
