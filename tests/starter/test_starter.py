from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import DataError, RecipeError
from kcnn.model.checked_recipe import check_recipe
from kcnn.starter.starter import make_starter

RECIPE = "data: {dataset: digits}\nmodel: {layers: [Flatten]}\ntrain: {epochs: 1}\n"


@pytest.mark.parametrize(
    ("counts", "sizes", "mode"),
    [
        ({"cat": 6, "dog": 6}, [(32, 32)], "RGB"),
        ({"cat": 30, "dog": 6}, [(100, 60), (60, 100)], "RGBA"),
        ({"0": 5, "1": 5, "# [2] é": 5}, [(8, 8)], "L"),
    ],
)
def test_the_recipe_has_no_mistakes(make_images, counts, sizes, mode) -> None:
    starter = make_starter(make_images(counts, sizes, mode))
    recipe = starter.read()
    assert (starter.file, recipe.name) == (Path("photos.yaml"), "photos")
    plan = check_recipe(recipe).plan
    assert plan.classes == len(counts)
    assert plan.image_shape[:2] == starter.choices.image_size
    maps = [plan.shapes[node.name][:2] for node in plan.nodes if "pooling2d" in node.name][:-1]
    assert maps == list(starter.choices.maps[1:])  # the comments have the right sizes
    assert all(len(line) <= 100 for line in starter.text.splitlines())


def test_the_path_is_relative_to_the_recipe(make_images) -> None:
    make_images({"cat": 6, "dog": 6})
    Path("recipes").mkdir()
    starter = make_starter(Path("photos"), Path("recipes/mine.yaml"))
    assert "  path: ../photos " in starter.text
    assert starter.read().data.path == Path("recipes/../photos")
    absolute = make_starter(Path("photos").absolute())
    assert absolute.read().data.path == Path("photos").absolute()


def test_refuses_a_run_and_a_folder_with_a_recipe(make_images) -> None:
    path = make_images({"cat": 6, "dog": 6})
    (path / "data.yaml").write_text("names: [cat, dog]\n")  # of another program
    (path / "broken.yaml").write_text("{")
    make_starter(path)
    (path / "mine.yaml").write_text(RECIPE)
    with pytest.raises(RecipeError, match=r"photos: holds a recipe, mine\.yaml"):
        make_starter(path)
    (path / "resolved.yaml").write_text(RECIPE)
    with pytest.raises(RecipeError, match="photos: is a run") as caught:
        make_starter(path)
    assert str(caught.value.hint).endswith(f"kcnn fit {path / 'resolved.yaml'}")


def test_refuses_what_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for name, message in (("gone", "no such folder or file"), ("notes.txt", "no file of images")):
        with pytest.raises(DataError, match=message):
            make_starter(tmp_path / name)


def test_refuses_too_few_images(make_images) -> None:
    with pytest.raises(DataError, match="photos: 2 images of 2 classes are too few to train and"):
        make_starter(make_images({"cat": 1, "dog": 1}))
    starter = make_starter(make_images({"cat": 2, "dog": 1}, root="three"))
    assert check_recipe(starter.read()).images.test_count == 1
