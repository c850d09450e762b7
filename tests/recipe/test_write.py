from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.recipe.write import resolved_yaml


def written_again(text: str, file: str = "resolved.yaml") -> str:
    Path(file).write_text(text, encoding="utf-8")
    return resolved_yaml(read_recipe(file))


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes(tmp_path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = read_recipe(name)
    text = resolved_yaml(recipe)
    assert written_again(text) == text
    again = read_recipe("resolved.yaml")
    assert again.train == recipe.train.model_copy(update=_set_fields(again.train))
    assert again.model == recipe.model
    assert again.name == recipe.name


def _set_fields(section) -> dict:
    return {name: getattr(section, name) for name in type(section).model_fields}


def test_writes_our_defaults_but_not_those_of_keras(recipe_file, base: str) -> None:
    assert resolved_yaml(read_recipe(recipe_file(base), ["train.seed=5"])) == (
        "name: net\n"
        "data: {dataset: mnist, resize: stretch, unreadable: error, cache: auto, validation: 0, "
        "test: 0.2, scaling: unit}\n"
        "model:\n"
        "  layers:\n"
        "  - Flatten\n"
        "  - Dense: {units: 10}\n"
        "train: {epochs: 2, batch_size: 32, shuffle: true, sampling: without_replacement, "
        "drop_remainder: false,\n"
        "  optimizer: Adam, loss: SparseCategoricalCrossentropy, precision: float32, seed: 5}\n"
    )


def test_a_relative_path_becomes_absolute(recipe_file, base: str, tmp_path) -> None:
    recipe_file()
    Path("deeper").mkdir()
    Path("deeper/net.yaml").write_text(
        base.replace("dataset: mnist", "dataset: npz\n  path: photos.npz"), encoding="utf-8"
    )
    text = resolved_yaml(read_recipe("deeper/net.yaml"))
    assert yaml.safe_load(text)["data"]["path"] == str(tmp_path / "deeper" / "photos.npz")
    assert written_again(text) == text


TRICKY = [
    "1", "1e3", "1e-3", ".5", "-3", "007", "0x10", "1_000", "1:30", ".inf", ".nan", "12e",
    "true", "True", "yes", "On", "null", "~", "", " ", "a: b", "a #b", "# a", "- a", "[a]", "{a",
    "'", '"', "\\", "a\\nb", "a\nb", "a\n\n", "\ta", " a ", "é", "日本", "😀", "\x85", "\u2028",
    "\ufeff", "\x7f", "\x00", "!tag", "&a", "*a", "@a", "`a", "%a", "---", "...", "=", "<<", "|",
    "?", "? a", ":", "a:", "2019-01-06", "x" * 300, "wort " * 60,
]  # fmt: skip


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_texts_are_read_back_equal(recipe_file, base: str, text: str) -> None:
    _assert_reads_back(recipe_file, base, text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=1000)
@given(text=st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"[-+.0-9eE_:xo]+"))
@example(text="0" * 40)
def test_any_text_is_read_back_equal(recipe_file, base: str, text: str) -> None:
    _assert_reads_back(recipe_file, base, text)


def _assert_reads_back(recipe_file, base: str, text: str) -> None:
    quoted = yaml.dump({"about": text}, Dumper=yaml.SafeDumper, default_style='"')
    recipe = read_recipe(recipe_file(base + quoted))
    assert recipe.about == text
    resolved = resolved_yaml(recipe)
    assert written_again(resolved) == resolved
    assert read_recipe("resolved.yaml").about == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=1000)
@given(rate=st.floats(min_value=0, exclude_min=True, allow_infinity=False))
@example(rate=1e-3)
@example(rate=1e22)
@example(rate=5e-324)
def test_any_number_is_read_back_equal(recipe_file, base: str, rate: float) -> None:
    recipe = read_recipe(recipe_file(base), [f"train.optimizer.Adam.learning_rate={rate!r}"])
    assert recipe.train.optimizer.learning_rate == rate
    assert written_again(resolved_yaml(recipe)) == resolved_yaml(recipe)
    assert read_recipe("resolved.yaml").train.optimizer.learning_rate == rate
