"""Which files of a folder are images of which class and part."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from kcnn.data.find_images import KINDS
from kcnn.data.folder_listing import list_folder
from kcnn.data.listing import FileListing
from kcnn.errors import DataError

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Bär") for form in ("NFC", "NFD"))


def put(root: Path, *folders: str, count: int = 2) -> None:
    """Put image files into folders of a dataset; nothing here reads them."""
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (root / folder / f"{number}.png").touch()


def counts(listing: FileListing) -> dict[str, dict[str, int]]:
    """Return the number of images by part and class."""
    parts = {"train": listing.train, "validation": listing.validation, "test": listing.test}
    return {
        part: {
            name: list(files.labels).count(label) for label, name in enumerate(listing.class_names)
        }
        for part, files in parts.items()
        if files is not None
    }


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        list_folder(path)
    return caught.value


def test_a_folder_of_classes_is_all_for_training(tmp_path: Path) -> None:
    put(tmp_path, "dog", "cat", "cat/more")
    listing = list_folder(tmp_path)
    assert listing.class_names == ("cat", "dog")
    assert listing.train.names == (
        "cat/0.png", "cat/1.png", "cat/more/0.png", "cat/more/1.png", "dog/0.png", "dog/1.png",
    )  # fmt: skip
    assert list(listing.train.labels) == [0, 0, 0, 0, 1, 1]
    assert (listing.validation, listing.test, listing.notes) == (None, None, ())
    assert listing.path("cat/0.png") == tmp_path / "cat" / "0.png"


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
@pytest.mark.parametrize("validation", [None, "val", "Valid", "validation"])
@pytest.mark.parametrize("test", [None, "test", "Testing"])
def test_parts_in_any_case_and_combination(
    tmp_path: Path, train: str, validation: str | None, test: str | None
) -> None:
    put(tmp_path, f"{train}/cat", f"{train}/dog", count=3)
    for part in (validation, test):
        if part is not None:
            put(tmp_path, f"{part}/cat", f"{part}/dog")
    listing = list_folder(tmp_path)
    expected = {"train": {"cat": 3, "dog": 3}}
    expected |= {"validation": {"cat": 2, "dog": 2}} if validation else {}
    expected |= {"test": {"cat": 2, "dog": 2}} if test else {}
    assert counts(listing) == expected
    assert listing.train.names[0] == f"{train}/cat/0.png"
    without_test = f"{tmp_path}: no folder test, so a fraction of train becomes the test set"
    assert listing.notes == (() if test else (without_test,))


@pytest.mark.parametrize("names", [("train", "Training"), ("val", "validation"), ("test", "Test")])
def test_two_names_of_one_part_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in ("train", *names):
        put(tmp_path, f"{name}/cat", f"{name}/dog")
    error = refusal(tmp_path)
    assert error.message == (
        f"{tmp_path}: {' and '.join(sorted(names))} are the same part of a dataset"
    )
    assert error.hint.startswith("move the images of one into the other; to leave it out")


@pytest.mark.parametrize("names", [("train", "test"), ("Val", "test")])
def test_parts_without_classes_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    assert "are parts of a dataset, not classes" in refusal(tmp_path).message


def test_a_class_may_have_the_name_of_a_part(tmp_path: Path) -> None:
    put(tmp_path, "bus", "train")
    assert list_folder(tmp_path).class_names == ("bus", "train")


def test_test_images_beside_the_classes_are_no_class(tmp_path: Path) -> None:
    put(tmp_path, "cat", "dog", "test/cat", "test/dog")
    error = refusal(tmp_path)
    assert error.message == (
        f"{tmp_path}/test: has folders that are classes beside it (cat, dog), so it is no class "
        "itself"
    )
    assert error.hint.startswith(f"move the classes beside it into {tmp_path}/train")


def test_folders_beside_the_parts_are_left_out_with_a_note(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog", "val/cat", "test/dog", "unused/owl", "old")
    notes = list_folder(tmp_path).notes
    assert f"{tmp_path}: left out old, unused beside train, val, test" in notes


@pytest.mark.parametrize("part", ["test", "val"])
def test_a_part_without_classes_is_refused(tmp_path: Path, part: str) -> None:
    put(tmp_path, "train/cat", "train/dog", part)
    error = refusal(tmp_path)
    assert error.message == f"{tmp_path}/{part}: no sub-folders, expected one for each class"
    assert "sort its images into cat, dog; to leave it out" in error.hint


def test_a_part_without_images_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog")
    put(tmp_path, "test/cat", count=0)
    assert refusal(tmp_path).message == f"{tmp_path}/test: no {KINDS} images"


def test_a_class_without_training_images_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog", "test/cat", "test/owl")
    error = refusal(tmp_path)
    assert error.message == f"{tmp_path}/test/owl: a class without training images"
    assert error.hint.startswith("the classes in train are cat, dog")
    put(tmp_path, "train/owl", count=0)
    assert refusal(tmp_path).message.startswith(f"{tmp_path}/train/owl: no PNG")


def test_a_class_without_test_images_is_noted(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog", "train/owl", "test/cat")
    put(tmp_path, "test/dog", count=0)
    listing = list_folder(tmp_path)
    assert counts(listing)["test"] == {"cat": 2, "dog": 0, "owl": 0}
    assert listing.notes == (f"{tmp_path}/test: no images of dog, owl",)


def test_a_link_of_test_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog")
    (tmp_path / "test").symlink_to("/mnt/unplugged/test")
    error = refusal(tmp_path)
    assert error.message == (f"{tmp_path}/test: a link to /mnt/unplugged/test, which is not there")
    assert error.hint.startswith("remove what leads nowhere, or bring it back")


def test_an_image_that_is_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "cat", "dog")
    (tmp_path / "dog" / "9.png").symlink_to("gone.png")
    assert "dog/9.png: a link to gone.png, which is not there" in refusal(tmp_path).message


def test_the_folders_of_a_network_drive_are_no_classes(tmp_path: Path) -> None:
    put(tmp_path, "cat", "dog", "@eaDir", "$RECYCLE.BIN", "cat/@eaDir/0.png")
    listing = list_folder(tmp_path)
    assert listing.class_names == ("cat", "dog")
    assert len(listing.train) == 4
    assert listing.notes == (
        f"{tmp_path}: left out what is hidden or belongs to the system: 2 @eaDir, 1 $RECYCLE.BIN",
    )


def test_names_in_two_unicode_forms_are_one_class(tmp_path: Path) -> None:
    put(tmp_path, f"train/{COMPOSED}", "train/Maus", f"test/{DECOMPOSED}", "test/maus")
    listing = list_folder(tmp_path)
    assert listing.class_names == (COMPOSED, "Maus")
    assert counts(listing)["test"] == {COMPOSED: 2, "Maus": 2}
    assert listing.test is not None
    assert listing.test.names[0] == f"test/{DECOMPOSED}/0.png"  # as it is on the disk


def test_two_folders_of_one_class_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "forms", COMPOSED, DECOMPOSED)
    assert "two folders for one class: Bär, in two Unicode forms ('Ba\\u0308r' and 'B\\xe4r')" in (
        refusal(tmp_path / "forms").message
    )
    put(tmp_path / "case", "Cat", "cat")
    assert "two folders for one class: Cat and cat, which differ in case alone" in (
        refusal(tmp_path / "case").message
    )


def test_names_the_folder_further_down(tmp_path: Path) -> None:
    put(tmp_path / "photos", "photos/cat", "photos/dog")
    error = refusal(tmp_path / "photos")
    assert error.message == (
        f"{tmp_path}/photos: its only folder is {tmp_path}/photos/photos, with cat, dog"
    )
    assert error.hint == f"write path: {tmp_path}/photos/photos"
    put(tmp_path / "deep", "a/b/train/cat", "a/b/test/cat")
    assert refusal(tmp_path / "deep").hint == f"write path: {tmp_path}/deep/a/b"


def test_refuses_a_folder_without_classes(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone").message == f"{tmp_path}/gone: no such folder"
    (tmp_path / "link").symlink_to("gone")
    assert refusal(tmp_path / "link").message.endswith("link: a link to gone, which is not there")
    put(tmp_path / "flat", ".", count=3)
    assert refusal(tmp_path / "flat").message == (
        f"{tmp_path}/flat: no sub-folders and 3 images; expected a sub-folder for each of two "
        "classes or more"
    )
    put(tmp_path / "one", "cat")
    assert "one: 1 sub-folder, cat; expected" in refusal(tmp_path / "one").message
    put(tmp_path / "one", "dog", count=0)
    assert refusal(tmp_path / "one").message.endswith(f"dog: no {KINDS} images for this class")
    (tmp_path / "own.npz").touch()
    error = refusal(tmp_path / "own.npz")
    assert error.message.endswith("own.npz: is a file, expected a folder of images")
    assert error.hint == "dataset: npz reads .npz files"
    (tmp_path / "labels.PQ").touch()
    assert refusal(tmp_path / "labels.PQ").hint == "dataset: csv reads .pq files"


def test_refuses_a_class_with_other_files_only(tmp_path: Path) -> None:
    put(tmp_path, "cat")
    (tmp_path / "dog").mkdir()
    for number in range(10):
        (tmp_path / "dog" / f"{number}.psd").touch()
    error = refusal(tmp_path)
    assert error.message.endswith("images for this class, but 10 .psd")
    assert error.hint.startswith("save those that are images as PNG or JPEG")


def test_reports_images_beside_the_classes_and_other_files(tmp_path: Path) -> None:
    put(tmp_path, "train/cat", "train/dog", "test/cat", "test/dog")
    for folder in ("", "train", "test"):
        (tmp_path / folder / "beside.png").touch()
    for name in ("train/cat/1.psd", "train/cat/.hidden.psd", "test/dog/2.PSD", "test/dog/3.raw"):
        (tmp_path / name).touch()
    assert list_folder(tmp_path).notes == (
        *(
            f"{folder}: left out 1 image that lies beside the folders of the classes"
            for folder in (tmp_path, tmp_path / "train", tmp_path / "test")
        ),
        f"{tmp_path}: left out 3 files that are not {KINDS}: 2 .psd, 1 .raw",
    )


def test_runs_are_no_classes(tmp_path: Path) -> None:
    put(tmp_path, "cifar/run-001/plots", "cifar/run-002/plots", "cifar/run-002/export")
    for run in ("run-001", "run-002"):
        (tmp_path / "cifar" / run / "resolved.yaml").touch()
    error = refusal(tmp_path / "cifar")
    assert error.message == f"{tmp_path / 'cifar'}: has runs in it (run-001, run-002)"
    run = tmp_path / "cifar" / "run-002"
    assert error.hint is not None
    assert f"kcnn data inspect {run} " in error.hint
    assert refusal(run).message == f"{run}: is a run, not a folder of images"
    assert refusal(tmp_path).message.startswith(f"{tmp_path / 'cifar'}: has runs in it")
