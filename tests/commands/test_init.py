from __future__ import annotations

import errno
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from kcnn.cli import cli
from kcnn.commands.check import check
from kcnn.commands.explain import explain
from kcnn.commands.fit import fit
from kcnn.commands.init import init
from kcnn.errors import RecipeError


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of two classes, a black and a white one."""
    monkeypatch.chdir(tmp_path)
    for name, color in (("black", 0), ("white", 255)):
        Path("photos", name).mkdir(parents=True)
        for number in range(10):
            Image.new("L", (8, 8), color).save(Path("photos", name, f"{number}.png"))
    return Path("photos")


def test_writes_a_recipe_that_check_accepts(photos: Path) -> None:
    new = init(photos)
    assert Path("photos.yaml").read_text(encoding="utf-8") == new.starter.text
    assert check("photos.yaml").plan.cost == new.checked.plan.cost
    result = new.as_json()
    assert (result["recipe"], result["classes"], result["images"]) == ("photos.yaml", 2, 20)
    assert result["next"][0] == "kcnn fit photos.yaml"


def test_overwrites_nothing(photos: Path) -> None:
    Path("photos.yaml").write_text("mine")
    with pytest.raises(RecipeError, match=r"^photos\.yaml: already exists$") as caught:
        init(photos)
    assert caught.value.hint == "name another file: kcnn init photos -o photos-2.yaml"
    assert Path("photos.yaml").read_text() == "mine"
    Path("gone.yaml").symlink_to("nowhere")
    with pytest.raises(RecipeError, match=r"^gone\.yaml: already exists$"):
        init(photos, Path("gone.yaml"))


@pytest.mark.parametrize(
    ("output", "message"),
    [("photos", "is a folder, expected"), ("gone/x.yaml", "there is no folder gone")],
)
def test_refuses_where_no_file_can_be(photos: Path, output: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        init(photos, Path(output))


def test_command_line(photos: Path) -> None:
    (photos / "black" / "notes.txt").touch()
    done = CliRunner().invoke(cli, ["init", "photos", "-o", "first.yaml"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "images   20 of 2 classes, in photos"
    assert "next     kcnn fit first.yaml" in done.stdout
    assert "left out 1 file" in done.stderr
    assert Path("first.yaml").is_file()


def test_check_and_explain_take_images(photos: Path, notes) -> None:
    checked = check(photos, progress=notes)
    assert checked.plan.classes == 2
    assert notes.lines == ["photos: images, so kcnn makes a recipe, as kcnn init photos writes it"]
    assert explain(photos).cost == checked.plan.cost
    assert not Path("photos.yaml").exists()


def test_a_recipe_beside_the_images_is_said_not_to_be_read(photos: Path, notes) -> None:
    init(photos)
    check(photos, progress=notes)
    assert notes.lines[0].endswith("; photos.yaml is not read, name it to use it")


@pytest.mark.parametrize("override", ["data.image_size=[1,1]", "data.dataset=cifar10"])
def test_mistakes_name_no_file_that_is_not_there(photos: Path, override: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check(photos, [override])
    (problem,) = caught.value.problems
    assert problem.startswith("recipe of photos:")


def test_says_what_to_do_when_the_disk_is_full(photos: Path, monkeypatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kcnn.commands.new_file._write_new", full)
    with pytest.raises(RecipeError, match=r"photos\.yaml: cannot be written: No space") as caught:
        init(photos)
    assert caught.value.hint == "make room there, or write it elsewhere: kcnn init photos -o FILE"


def test_hints_can_be_pasted(photos: Path) -> None:
    path = photos.rename("my photos")
    init(path)
    with pytest.raises(RecipeError) as caught:
        init(path)
    assert caught.value.hint == "name another file: kcnn init 'my photos' -o my-photos-2.yaml"


@pytest.mark.slow
def test_fit_takes_images(photos: Path, notes) -> None:
    result = fit(photos, ["train.epochs=2"], progress=notes)
    assert notes.lines[0].startswith("photos: images, so kcnn makes a recipe")
    assert f"the recipe is {result.run.recipe}" in notes.lines
    assert result.run.path.parts[:2] == ("outputs", "photos")
    assert result.run.recipe.read_text(encoding="utf-8") == init(photos).starter.text
    assert "units: 2" in result.run.resolved.read_text(encoding="utf-8")
