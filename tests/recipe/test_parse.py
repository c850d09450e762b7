from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kcnn.errors import RecipeError
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.recipe.strict_yaml import MAX_FILE_BYTES
from kcnn.recipe.write import resolved_yaml

SHIPPED = shipped_recipes()
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in SHIPPED.items()}


def test_a_recipe(recipe_file) -> None:
    recipe = read_recipe(recipe_file())
    assert recipe.name == "net"
    assert [type(layer).__name__ for layer in recipe.model.layers] == ["Flatten", "Dense"]
    assert recipe.train.batch_size == 32
    assert recipe.origin.file == Path("net.yaml")
    assert recipe.origin.content == Path("net.yaml").read_bytes()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_are_right_and_named_as_their_file(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.about
    first, second = TEXTS[name].splitlines()[:2]
    assert first.startswith(f"# kcnn fit recipes/{name}.yaml")
    assert second.startswith("# Expect ")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my net (2).yaml", "my-net-2"),
        ("..größe..yml", "gr-e"),
        ("a.b.yaml", "a.b"),
        ("日本.yaml", "recipe"),
        ("x" * 150 + ".yaml", "x" * 100),
    ],
)
def test_a_name_is_made_from_the_file(recipe_file, file: str, name: str) -> None:
    Path(recipe_file()).rename(file)
    assert read_recipe(file).name == name


YES = 'yes: write true, or "yes" if the word is meant'


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        # with mistakes of the schema, in the order of the lines
        ("loss: mse\n  shuffle: yes\n  shuffel: 1", [
            "10: train.loss: unknown loss 'mse'; did you mean MeanSquaredError?",
            f"11: {YES}",
            "12: train.shuffel: unknown setting; did you mean shuffle?"]),
        # with conflicts between settings
        ("shuffle: yes\n  early_stopping: {patience: 3}\n  epochs: 2", [
            f"10: {YES}",
            "11: train.early_stopping: monitors val_loss, which needs validation images; set "
            "data.validation",
            "12: epochs: is set twice; line 8 has it already"]),
        # no further mistakes in a value that was refused
        ("loss: yes\n  batch_size: 0\n  batch_size: x", [
            f"10: {YES}", "12: batch_size: is set twice; line 11 has it already"]),
    ],
)  # fmt: skip
def test_reports_mistakes_of_yaml_with_all_others(
    problems, base: str, train: str, expected: list[str]
) -> None:
    assert problems(f"{base}  {train}\n") == [f"net.yaml:{problem}" for problem in expected]


def test_reports_mistakes_of_yaml_with_those_of_the_command_line(problems, base: str) -> None:
    assert problems(base + "  shuffle: yes", "nonsense") == [
        f"net.yaml:10: {YES}",
        "command line, nonsense: expected setting=value",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "net.yaml:1: expected settings (data:, model:, train:); found an empty file"),
        (b"# x\n", "net.yaml:1: expected settings (data:, model:, train:); found an empty file"),
        (b"- a\n", "net.yaml:1: expected settings (data:, model:, train:); found a list"),
        (b"12", "net.yaml:1: expected settings (data:, model:, train:); found a number"),
        (b"hello", "net.yaml:1: expected settings (data:, model:, train:); found text"),
        (b"a: 1\n\xff", "net.yaml:2: not UTF-8 text; save the file as UTF-8"),
        (b"x" * 300_000, "net.yaml: 300,000 bytes; a recipe has at most 262,144. Is it one?"),
    ],
)
def test_refuses_files_that_are_not_recipes(
    problems, recipe_file, content: bytes, problem: str
) -> None:
    Path(recipe_file()).write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        read_recipe("net.yaml")
    assert caught.value.problems == (problem,)
    assert caught.value.hint


def test_refuses_an_endless_device(tmp_path) -> None:
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    with pytest.raises(RecipeError, match=r"zero\.yaml: 262,145 bytes; a recipe has at most"):
        read_recipe(tmp_path / "zero.yaml")


def test_refuses_the_home_of_an_unknown_user(tmp_path) -> None:
    message = r"data\.path: the path begins with the home of a user that does not exist"
    with pytest.raises(RecipeError, match=message):
        read_recipe("digits", ["data.path=~nobody-here/x"])
    file = tmp_path / "net.yaml"
    file.write_text("data: {dataset: folder, path: ~nobody-here/x}")
    with pytest.raises(RecipeError, match=message):
        read_recipe(file)


def test_refuses_a_huge_file_without_reading_it(recipe_file) -> None:
    with Path(recipe_file()).open("r+b") as stream:
        stream.truncate(100 * 1024**3)
    started = time.perf_counter()
    with pytest.raises(RecipeError, match=r"net\.yaml: 107,374,182,400 bytes"):
        read_recipe("net.yaml")
    assert time.perf_counter() - started < 1


def test_refuses_a_folder(recipe_file) -> None:
    recipe_file()
    Path("recipes").mkdir()
    with pytest.raises(RecipeError, match="recipes: is a folder, not a recipe"):
        read_recipe("recipes")


def test_a_relative_path_starts_from_the_recipe(recipe_file, base: str) -> None:
    recipe_file()
    Path("deeper").mkdir()
    text = base.replace("dataset: mnist", "dataset: npz\n  path: photos.npz")
    Path("deeper/net.yaml").write_text(text)
    assert read_recipe("deeper/net.yaml").data.path == Path("deeper/photos.npz")
    override = read_recipe("deeper/net.yaml", ["data.path=photos.npz"])
    assert override.data.path == Path("photos.npz")
    data_override = read_recipe("deeper/net.yaml", ["data={dataset: npz, path: photos.npz}"])
    assert data_override.data.path == Path("photos.npz")


def test_initial_weights_are_a_path_from_the_recipe_or_a_run_in_outputs(
    recipe_file, base: str
) -> None:
    recipe_file()
    for folder in ("deeper", "outputs/net/run-001", "outputs/net/run-002"):
        Path(folder).mkdir(parents=True)
    for path in ("deeper/w.keras", "w.keras"):
        Path(path).touch()
    for number, when in ((1, 200), (2, 100)):
        resolved = Path(f"outputs/net/run-00{number}/resolved.yaml")
        resolved.touch()
        os.utime(resolved, (when, when))

    def read(value: str, *overrides: str) -> Path | None:
        text = base.replace("train:", f"train:\n  initial_weights: {value}")
        Path("deeper/net.yaml").write_text(text, encoding="utf-8")
        return read_recipe("deeper/net.yaml", overrides).train.initial_weights

    assert read("w.keras") == Path("deeper/w.keras")
    assert read("w.keras", "train.initial_weights=w.keras") == Path("w.keras")
    assert read("net/run-002") == Path("outputs/net/run-002")
    assert read("../outputs/net/run-002") == Path("deeper/../outputs/net/run-002")
    assert read("net") == Path("outputs/net/run-001")  # the newest
    assert read("nothing") == Path("deeper/nothing")
    text = resolved_yaml(read_recipe("deeper/net.yaml", ["train.initial_weights=net"]))
    assert yaml.safe_load(text)["train"]["initial_weights"] == str(
        Path("outputs/net/run-001").absolute()
    )
    with pytest.raises(RecipeError, match="expected a run or a file of weights"):
        read("5")


def _mutated(text: str, draw: st.DrawFn) -> str:
    """Change a recipe as people and accidents do."""
    lines = text.splitlines()
    number = draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    words = re.findall(r"[\w.]+", line) or [""]
    word = draw(st.sampled_from(words))
    value = draw(st.sampled_from(VALUES))
    ways = {
        "delete": [],
        "double": [line, line],
        "indent": ["  " + line],
        "dedent": [line[2:]],
        "replace a word": [line.replace(word, value, 1) if word else value],
        "cut": [line[: draw(st.integers(0, len(line)))]],
        "insert": [line[:3] + draw(st.text(max_size=4)) + line[3:]],
        "swap": [*lines[number + 1 : number + 2], line],
    }
    lines[number : number + 1] = ways[draw(st.sampled_from(sorted(ways)))]
    return "\n".join(lines)


VALUES = [
    "0", "-1", "1e400", "1e-3", "99999999999", "true", "yes", "null", "[]", "{}", "[1, 2]", "''",
    "{a: b}", "[[1, 2], [3, 4]]", "Conv2D", "Adam", "softmax", '"a\\nb"', "&a", "*a", "!!str", "|",
    "image", "{Residual: {body: [ReLU]}}", "[{Dense: {units: 3}}]", "🙂", "\t", "folder", "0.5",
]  # fmt: skip


@st.composite
def mutated_recipes(draw: st.DrawFn) -> str:
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    for _ in range(draw(st.integers(1, 3))):
        text = _mutated(text, draw)
    return text


@settings(
    max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=mutated_recipes())
def test_reads_or_refuses_mutated_recipes(recipe_file, text: str) -> None:
    _assert_recipe_or_recipe_error(recipe_file, text)


@pytest.mark.slow
@settings(
    max_examples=3_000, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=mutated_recipes())
def test_reads_or_refuses_many_mutated_recipes(recipe_file, text: str) -> None:
    _assert_recipe_or_recipe_error(recipe_file, text)


def _assert_recipe_or_recipe_error(recipe_file, text: str) -> None:
    file = recipe_file(text)
    try:
        recipe = read_recipe(file)
    except RecipeError as error:
        lines = len(text.splitlines())
        for problem in error.problems:
            match = re.match(r"net\.yaml:(\d+): .", problem)
            assert match, problem
            assert 1 <= int(match[1]) <= max(lines, 1)
            assert problem.isprintable(), problem
            assert len(problem) < 1000
    else:
        assert isinstance(recipe, Recipe)


def test_a_long_list_of_mistakes_takes_bounded_time(recipe_file, base: str) -> None:
    wrong = "\n".join(f"    - Conv2D: {{filters: {'x' * 50}, s{i}: 1}}" for i in range(3000))
    text = base.replace("    - Flatten", wrong)
    assert len(text) < MAX_FILE_BYTES
    started = time.perf_counter()
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe_file(text))
    assert len(caught.value.problems) == 9000
    assert time.perf_counter() - started < 20
