from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.recipe import read_recipe
from kcnn.recipe.library import find_recipe, library_folder, shipped_recipes

OWN = "kcnn recipes lists those that come with kcnn; your own recipe or images need their path"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_shipped_recipes() -> None:
    shipped = shipped_recipes()
    assert {"digits", "mnist", "cifar", "resnet20"} <= shipped.keys()
    assert list(shipped) == sorted(shipped)
    assert all(path.parent == library_folder() and path.is_file() for path in shipped.values())


def test_finds_a_recipe_by_name_from_any_folder() -> None:
    assert find_recipe("digits") == shipped_recipes()["digits"]


def test_finds_a_recipe_by_path() -> None:
    Path("mine.yaml").touch()
    assert find_recipe("mine.yaml") == Path("mine.yaml")


def test_prefers_a_file_to_the_library() -> None:
    Path("digits").touch()
    assert find_recipe("digits") == Path("digits")


def test_a_folder_named_like_a_recipe_does_not_hide_it() -> None:
    Path("digits").mkdir()
    assert find_recipe("digits") == shipped_recipes()["digits"]
    assert find_recipe("./digits/") == Path("digits")


@pytest.mark.parametrize(
    ("recipe", "message", "hint"),
    [
        ("digit", "digit: no such file, and no recipe of that name; did you mean digits?",
         OWN),
        ("nothing.yaml", "nothing.yaml: no such file, and no recipe of that name",
         OWN),
        ("recipes/digits.yaml", "recipes/digits.yaml: no such file",
         "a recipe of that name comes with kcnn: write digits"),
    ],
)  # fmt: skip
def test_suggests_a_name_for_an_unknown_recipe(recipe: str, message: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        find_recipe(recipe)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_name_without_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("name: mine")
    with pytest.raises(RecipeError) as caught:
        find_recipe("mine")
    assert (caught.value.message, caught.value.hint) == ("mine: no such file", "write mine.yaml")


def test_a_recipe_that_is_not_written_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my photos").mkdir()
    with pytest.raises(RecipeError) as caught:
        find_recipe("my photos.yaml")
    assert caught.value.message == "my photos.yaml: no such file"
    assert caught.value.hint == "write it first: kcnn init 'my photos'"


@pytest.mark.parametrize("recipe", ["", "a\0b", "x" * 5000, "x" * 5000 + ".yaml"])
def test_refuses_names_that_no_file_can_have(recipe: str) -> None:
    with pytest.raises(RecipeError):
        read_recipe(recipe)


def test_images_are_no_recipe() -> None:
    Path("my photos.csv").write_text("path,label\n")
    with pytest.raises(RecipeError, match=r"my photos\.csv: images, not a recipe") as caught:
        read_recipe("my photos.csv")
    assert caught.value.hint == "make a recipe for them: kcnn init 'my photos.csv'"
