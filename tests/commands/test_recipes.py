from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.commands.recipes import copy_recipe, list_recipes, show_recipe
from kcnn.errors import RecipeError

SHIPPED = Path(__file__).resolve().parents[2] / "recipes"


def test_list() -> None:
    listed = {row["name"]: row for row in list_recipes().as_json()}
    assert {"digits", "mnist", "cifar", "resnet20"} <= listed.keys()
    assert sorted(listed) == sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    assert listed["cifar"]["dataset"] == "cifar10"
    assert all(row["about"] for row in listed.values())
    assert Path(listed["digits"]["path"]).read_bytes() == (SHIPPED / "digits.yaml").read_bytes()


def test_show() -> None:
    assert show_recipe("digits").text == (SHIPPED / "digits.yaml").read_text(encoding="utf-8")


def test_show_suggests_the_nearest_name() -> None:
    with pytest.raises(RecipeError, match="digit") as caught:
        show_recipe("digit")
    assert "\n" not in caught.value.message


def test_show_refuses_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x7fELF\xff\xfe")
    for path, message in ((tmp_path, "cannot be read"), (tmp_path / "model.bin", "not UTF-8")):
        with pytest.raises(RecipeError, match=message) as caught:
            show_recipe(str(path))
        assert caught.value.message.startswith(f"{path}: ")


def test_copies_into_a_folder_or_a_file(tmp_path: Path) -> None:
    original = (SHIPPED / "cifar.yaml").read_bytes()
    assert copy_recipe("cifar", tmp_path).path == tmp_path / "cifar.yaml"
    assert copy_recipe("cifar", tmp_path / "mine.yaml").path == tmp_path / "mine.yaml"
    assert (tmp_path / "cifar.yaml").read_bytes() == original
    assert (tmp_path / "mine.yaml").read_bytes() == original


def test_copy_refuses_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "cifar.yaml").write_text("mine")
    (tmp_path / "cifar-2.yaml").write_text("mine, too")
    with pytest.raises(RecipeError, match=r"cifar\.yaml: already exists") as caught:
        copy_recipe("cifar", tmp_path)
    assert str(caught.value.hint).endswith(f"kcnn recipes copy cifar {tmp_path / 'cifar-3.yaml'}")
    assert (tmp_path / "cifar.yaml").read_text() == "mine"


def test_copy_refuses_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecipeError, match=r"mine\.yaml: cannot be written"):
        copy_recipe("cifar", tmp_path / "file" / "mine.yaml")
    with pytest.raises(RecipeError, match=r"mine\.yaml: there is no folder .*nowhere$") as caught:
        copy_recipe("cifar", tmp_path / "nowhere" / "mine.yaml")
    assert caught.value.hint == f"make it first: mkdir {tmp_path / 'nowhere'}"


def test_copy_to_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    (small_disk / "full").write_bytes(bytes(62 * 1024))
    with pytest.raises(RecipeError, match=r"mine\.yaml: cannot be written: No space left"):
        copy_recipe("resnet20", small_disk / "mine.yaml")
    assert [path.name for path in small_disk.iterdir()] == ["full"]
