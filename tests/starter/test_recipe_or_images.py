from __future__ import annotations

from kcnn.starter.recipe_or_images import names_images, read_recipe_or_images


def test_reads_a_recipe_or_makes_one(make_images) -> None:
    path = make_images({"cat": 6, "dog": 6})
    recipe, starter = read_recipe_or_images(path, ["train.epochs=3"])
    assert recipe.train.epochs == 3
    assert starter is not None
    assert recipe.origin.content.decode() == starter.text
    assert read_recipe_or_images("digits")[1] is None


def test_names_of_recipes_go_before_folders(make_images) -> None:
    make_images({"cat": 6, "dog": 6}, root="digits")
    assert not names_images("digits")
    assert names_images("digits/")
    assert not names_images("a" * 5_000)
