from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.check import check
from kcnn.console.check import check_text
from kcnn.errors import RecipeError

RECIPES = sorted(path.stem for path in Path(__file__).parents[2].glob("recipes/*.yaml"))
NPZ = """\
data: {dataset: npz, path: photos.npz}
model: {layers: [Flatten, {Dense: {units: 3}}]}
train: {epochs: 1, optimizer: Adam}
"""


FOLDER = NPZ.replace(
    "dataset: npz, path: photos.npz", "dataset: folder, image_size: [8, 8]"
).replace("}\nmodel", ",\n  path: photos}\nmodel")
AS_FAR = "as far as is known without the images"


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """Write a recipe for an npz of 4×4 images."""
    file = tmp_path / "photos.yaml"
    file.write_text(NPZ)
    images, labels = np.zeros((40, 4, 4), np.uint8), np.arange(40) % 3
    parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(tmp_path / "photos.npz", **parts)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a recipe for a folder of three classes, and the folder."""
    file = tmp_path / "photos.yaml"
    file.write_text(FOLDER)
    for name in ("cat", "dog", "owl"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "photos" / name / f"{number}.png").touch()
    return file


def thousand_classes(folder: Path) -> list[str]:
    """Make a folder with as many classes as AlexNet has outputs."""
    for number in range(1000):
        (folder / str(number)).mkdir()
        (folder / str(number) / "0.png").touch()
        (folder / str(number) / "1.png").touch()
    return [f"data.path={folder}"]


@pytest.mark.parametrize("name", RECIPES)
def test_accepts_every_shipped_recipe(name: str, tmp_path: Path) -> None:
    result = check(name, thousand_classes(tmp_path) if name == "alexnet" else [])
    assert not result.built


def test_plan_of_digits() -> None:
    plan = check("digits").plan
    assert (plan.image_shape, plan.classes, plan.cost.parameters) == ((8, 8, 1), 10, 30_634)


def test_builds_the_model_if_asked() -> None:
    assert check("digits", build=True).built


@pytest.mark.parametrize("recipe", ["digits", "folder", "npz"])
def test_imports_neither_tensorflow_nor_numpy(recipe: str, request: pytest.FixtureRequest) -> None:
    name = recipe if recipe == "digits" else request.getfixturevalue(recipe)
    code = (
        f"import sys; from kcnn.commands.check import check; check({str(name)!r}); "
        "print(sorted({'tensorflow', 'keras', 'numpy', 'pandas', 'PIL'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_reads_the_image_shape_from_the_header_of_an_npz(npz: Path) -> None:
    plan = check(npz, build=True).plan
    assert (plan.image_shape, plan.classes) == ((4, 4, 1), 3)
    assert plan.cost.parameters == 16 * 3 + 3
    assert check(npz, ["data.image_size=[8, 8]", "data.channels=3"]).plan.image_shape == (8, 8, 3)
    np.savez(npz.parent / "photos.npz", x_train=np.zeros((40, 16)))
    with pytest.raises(RecipeError, match=r"photos\.yaml:1: data\.path: .* no y_train, x_test"):
        check(npz)
    (npz.parent / "photos.npz").write_text("text")
    with pytest.raises(RecipeError, match=r"photos\.npz: not an \.npz file, or cut off at 4 bytes"):
        check(npz)


def test_counts_the_classes_of_a_folder(folder: Path) -> None:
    plan = check(folder).plan
    assert plan.classes == 3
    shutil.rmtree(folder.parent / "photos" / "owl")
    with pytest.raises(RecipeError) as caught:
        check(folder)
    assert caught.value.problems == (
        f"{folder}:3: model.layers[1].Dense: layer dense: the output is 3, but folder has 2 "
        "classes (cat, dog); write units: 2",
    )


def test_refuses_missing_images(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    with pytest.raises(RecipeError) as caught:
        check(folder)
    assert caught.value.problems == (
        f"{folder}:2: data.path: {tmp_path / 'photos'}: no such folder",
    )
    assert "data.path names the folder of images" in str(caught.value.hint)
    folder.write_text(NPZ)
    with pytest.raises(
        RecipeError, match=r"photos\.yaml:1: data\.path: .*photos\.npz: no such file"
    ):
        check(folder)
    with pytest.raises(RecipeError, match=r"data\.path: .*: is a folder, expected an \.npz file"):
        check(folder, [f"data.path={tmp_path}"])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["cat"], "1 sub-folder, cat; expected a sub-folder for each of two classes"),
        (["train/cat", "Train/cat"], "Train and train are the same part of a dataset"),
        (["train/a", "train/b", "train/c", "test/d"], "d: a class without training images"),
    ],
)
def test_refuses_folders_that_the_loader_refuses(
    folder: Path, tmp_path: Path, parts: list[str], message: str
) -> None:
    for part in parts:
        (tmp_path / "others" / part).mkdir(parents=True)
    path = f"data.path={tmp_path / 'others'}"
    with pytest.raises(RecipeError, match=f"^command line, {path}: data.path: .*{message}"):
        check(folder, [path])


def test_notes_what_is_left_out(folder: Path, tmp_path: Path, notes) -> None:
    (tmp_path / "photos" / "@eaDir").mkdir()
    check(folder, progress=notes)
    photos = tmp_path / "photos"
    assert f"{photos}: left out what is hidden or belongs to the system: 1 @eaDir" in notes.lines


def test_refuses_a_path_that_cannot_be_read(folder: Path) -> None:
    name = "x" * 300
    with pytest.raises(RecipeError, match=f"{name}: cannot be read: File name too long"):
        check(folder, [f"data.path={name}"])


def test_reports_all_mistakes_together(folder: Path) -> None:
    settings = ["data.path=gone", "model.layers[0]={AveragePooling2D: {pool_size: 9}}"]
    with pytest.raises(RecipeError) as caught:
        check(folder, settings)
    missing, network = caught.value.problems
    assert missing.endswith("gone: no such folder")
    assert "does not fit" in network


def test_text_notes_that_images_were_not_read(folder: Path) -> None:
    assert check_text(check(folder)).splitlines()[0] == f"{folder}: no mistakes found, {AS_FAR}"
    built = check_text(check(folder, build=True))
    assert built.splitlines()[0] == f"{folder}: no mistakes found, {AS_FAR}; Keras built it"
    assert "to 3 classes" in built
    assert "no mistakes found\n" in check_text(check("digits"))


def test_text_notes_that_an_npz_was_not_read(npz: Path) -> None:
    text = check_text(check(npz))
    assert text.startswith(f"{npz}: no mistakes found, {AS_FAR}\n")
    assert "from 4×4×1 images to 3 classes; 51 parameters" in text


def test_refuses_multipliers_of_unknown_weights(npz: Path) -> None:
    mistaken = NPZ.replace(
        "optimizer", "learning_rate_multipliers:\n  {dense/kernal: 3}, optimizer"
    )
    npz.write_text(mistaken)
    for settings in ([], ["data.image_size=[8, 8]"]):  # the images' shape does not matter
        with pytest.raises(RecipeError) as caught:
            check(npz, settings)
        assert caught.value.problems == (
            f"{npz}:4: train.learning_rate_multipliers.dense/kernal: no weight that is trained; "
            "did you mean dense/kernel?",
        )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.layers[7].Dense.units=11", "the output is 11, but digits has 10 classes"),
        ("model.layers[3].Conv2D.kernel_size=9", "model.layers"),
        ("train.epochs=0", "train.epochs"),
        ("data.image_size=[1, 1]", "layer "),
    ],
)
def test_refuses_models_that_do_not_fit(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check("digits", [setting, "model.layers[3].Conv2D.padding=valid"])
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("setting", "problem", "hint"),
    [
        (
            "data.validation=49995",
            "data.validation: 49995 of 50,000 images leaves some class without training images",
            "write at most 49990",
        ),
        (
            "data.validation=0.00001",
            "data.validation: 0.00001 of 50,000 images is less than one image",
            "write a fraction of at least 0.00002, which is one image",
        ),
        (
            "train.batch_size=45001",
            "train.batch_size: 45001 is more than the 45000 training images",
            "write a batch_size of at most 45000",
        ),
    ],
)
def test_refuses_more_validation_images_than_a_dataset_has(
    setting: str, problem: str, hint: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        check("cifar", [setting])
    assert caught.value.problems == (f"command line, {setting}: {problem}",)
    assert caught.value.hint == hint


@pytest.mark.parametrize("setting", ["data.validation=49872", "train.batch_size=45000"])
def test_accepts_all_but_a_few_images_for_validation(setting: str) -> None:
    assert check("cifar", [setting]).plan


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    """Write a recipe for a CSV of which each class has two groups of 10 and 20 images."""
    rows = [
        f"{number}.png,{'cat' if number % 2 else 'dog'},{number % 2} {number % 3 > 0}"
        for number in range(60)
    ]
    for number in range(60):
        (tmp_path / f"{number}.png").touch()
    (tmp_path / "photos.csv").write_text("\n".join(["path,label,group", *rows]))
    file = tmp_path / "photos.yaml"
    file.write_text(FOLDER.replace("folder", "csv").replace("path: photos", "path: photos.csv"))
    return file


def test_groups_are_divided_as_fit_will_divide_them(groups: Path) -> None:
    overrides = ["model.layers[1].Dense.units=2", "data.test=0.45"]
    checked = check(groups, overrides)
    assert checked.recipe.data.dataset == "csv"
    with pytest.raises(RecipeError, match=r"data\.validation: no choice among 2 groups leaves"):
        check(groups, [*overrides, "data.validation=0.2"])
    (groups.parent / "photos.csv").write_text("path,label,group\n0.png,cat,a\n1.png,dog,a\n"
        "2.png,cat,a\n3.png,dog,a\n")  # fmt: skip
    with pytest.raises(RecipeError, match=r"data\.test: all images are of the group a,") as caught:
        check(groups, overrides)
    assert caught.value.hint == "divide the images into more groups"
