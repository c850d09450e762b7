"""Which images a CSV file lists, with which classes and parts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kcnn.data import label_table
from kcnn.data.csv_listing import labels_in, list_csv, sorted_names
from kcnn.data.listing import ClassFiles
from kcnn.errors import DataError

IMAGES = ("a.png", "b.png", "in/c.png", "in/d.png")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with four images; nothing here reads them."""
    (tmp_path / "in").mkdir()
    for name in IMAGES:
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, *lines: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return path


def rows(files: ClassFiles | None) -> list[tuple[str, int]]:
    assert files is not None
    return list(zip(files.names, files.labels, strict=True))


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        list_csv(path)
    return caught.value


def test_lists_paths_and_labels_in_the_order_of_rows(photos: Path) -> None:
    path = write(photos, "path,label", "in/d.png,dog", "a.png,cat", "b.png,cat", "in/c.png,dog")
    listing = list_csv(path)
    assert listing.class_names == ("cat", "dog")
    assert rows(listing.train) == [("in/d.png", 1), ("a.png", 0), ("b.png", 0), ("in/c.png", 1)]
    assert (listing.validation, listing.test, listing.notes) == (None, None, ())
    assert listing.path("a.png") == photos / "a.png"


@pytest.mark.parametrize(
    "header", ["path,label", "Class,FILE", "category,Image", "label,File Name", "labels,file-path"]
)
def test_columns_in_any_order_and_case(photos: Path, header: str) -> None:
    is_path_first = header == "path,label"
    pairs = zip(IMAGES, ("cat", "cat", "dog", "dog"), strict=True)
    lines = [",".join(pair if is_path_first else pair[::-1]) for pair in pairs]
    assert rows(list_csv(write(photos, header, *lines)).train) == [
        ("a.png", 0), ("b.png", 0), ("in/c.png", 1), ("in/d.png", 1),
    ]  # fmt: skip


def test_the_first_name_of_a_column_decides_where_several_fit(photos: Path) -> None:
    cells = [f"old/{name},{name},{label}" for name, label in zip(IMAGES, "xxyy", strict=True)]
    listing = list_csv(write(photos, "image,path,label", *cells))
    assert listing.train.names == IMAGES
    assert listing.notes == (f"{photos}/labels.csv: left out further columns: image",)


def test_parts_and_groups(photos: Path) -> None:
    for name in "ef":
        (photos / f"{name}.png").touch()
    path = write(
        photos,
        "path,label,split,group",
        "a.png,cat,TRAIN,tom",
        "in/c.png,dog,training,rex",
        "b.png,cat,Valid,tim",
        "in/d.png,dog,val,rob",
        "e.png,cat,test,ted",
        "f.png,dog,testing,ron",
    )
    listing = list_csv(path)
    assert rows(listing.train) == [("a.png", 0), ("in/c.png", 1)]
    assert rows(listing.validation) == [("b.png", 0), ("in/d.png", 1)]
    assert rows(listing.test) == [("e.png", 0), ("f.png", 1)]
    assert listing.train.groups == ("tom", "rex")
    assert listing.notes == ()


def test_notes_say_what_is_missing_and_left_out(photos: Path) -> None:
    lines = (
        "a.png,cat,9,,train",
        "b.png,cat,9,,val",
        "in/c.png,dog,9,,train",
        "in/d.png,dog,9,,train",
    )
    path = write(photos, "path,label,width,,split", *lines)
    assert list_csv(path).notes == (
        f"{path}: no validation images of dog",
        f"{path}: left out further columns: width",
        f"{path}: no rows of split test, so a fraction of train becomes the test set",
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", ",", "|"])
@pytest.mark.parametrize("sep_line", [True, False])
def test_reads_what_excel_writes(
    photos: Path, encoding: str, separator: str, sep_line: bool
) -> None:
    lines = [
        separator.join(cells)
        for cells in (
            ("Path", "Label", ""),
            ("a.png", "Bär", ""),
            ("b.png", "Bär", ""),
            ("in\\c.png", '"Löwe, jung"', ""),
            (r".\in\d.png", '"Löwe, jung"'),
            ("", "", ""),
        )
    ]
    lines = [f"{line}\r" for line in ([f"sep={separator}"] if sep_line else []) + lines]
    path = write(photos, *lines, encoding=encoding)
    listing = list_csv(path)
    assert listing.class_names == ("Bär", "Löwe, jung")
    assert rows(listing.train) == [("a.png", 0), ("b.png", 0), ("in/c.png", 1), ("in/d.png", 1)]


def test_rows_with_several_labels(photos: Path) -> None:
    path = write(
        photos, "path,label", "a.png,dog;cat", "b.png,cat; cat", "in/c.png,", "in/d.png,dog;owl"
    )
    listing = list_csv(path)
    assert listing.class_names == ("cat", "dog", "owl")
    assert listing.several_labels == f"{path}:2 has 2 labels, dog;cat"
    assert listing.train.label_sets == ((0, 1), (0,), (), (1, 2))
    assert listing.train.counts(3) == [2, 2, 1]
    assert listing.train.label_array(3).tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert listing.train.select([3, 2]).label_sets == ((1, 2), ())
    assert listing.notes == (
        f"{path}:2 has 2 labels, dog;cat: so each image may show several classes, or none",
        f"{path}: 1 image without a label: they show none of the classes",
        f"{path}: labels that occur once: owl",
    )


def test_one_label_twice_in_a_row_is_one_label(photos: Path) -> None:
    listing = list_csv(write(photos, "path,label", "a.png,cat;cat", "b.png,cat", "in/c.png,dog",
                             "in/d.png,dog"))  # fmt: skip
    assert listing.several_labels is None
    assert listing.train.label_sets is None
    assert list(listing.train.labels) == [0, 0, 1, 1]


def test_notes_a_label_that_looks_like_several(photos: Path) -> None:
    note = "counts as one class; several labels are separated by semicolons: cat;dog"
    for label in ("cat, dog", "cat|dog", "cat dog"):
        lines = [f'{name},"{label}"' for name in ("a.png", "b.png")]
        path = write(photos, "path,label", *lines, *others(photos))
        listing = list_csv(path)
        assert listing.notes == (f"{path}:2: {label} {note}",)
        assert len(listing.class_names) == 3
    path = write(photos, "path,label", "a.png,hot dog", "b.png,hot dog", *others(photos))
    assert list_csv(path).notes == ()


def others(photos: Path) -> list[str]:
    """Add two images of cats and two of dogs. Return their rows."""
    names = {"c1.png": "cat", "c2.png": "cat", "d1.png": "dog", "d2.png": "dog"}
    for name in names:
        (photos / name).write_bytes((photos / "a.png").read_bytes())
    return [f"{name},{label}" for name, label in names.items()]


def test_numbers_are_sorted_by_value() -> None:
    assert sorted_names({"10", "2", "1"}) == ["1", "2", "10"]
    assert sorted_names({"10", "2", "x"}) == ["10", "2", "x"]
    assert sorted_names(["1.0", "01", "-1", "1"]) == ["-1", "01", "1", "1.0"]
    assert labels_in(" cat ; dog;") == ["cat", "dog"]


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ([], ": empty, expected a row for each image", "the first line names the columns"),
        (["path,label"], ": only the names of columns, expected", "the first line names"),
        (["a.png,cat", "b.png,dog"], ":1: an image, expected the names of the columns",
         "the first line names the columns, as in path,label"),
        (["path,lable", "a.png,cat"], ":1: no column label; found path, lable",
         "rename lable to label"),
        (["x;y", "1;2"], ":1: no column path and label; found x, y", "the first line names"),
        (["path;label;a,b,c,d", "a.png;;1,2,3,4"], ":2: an empty label", "write one label"),
        (["x,y", "1,2"], ":1: no column path and label; found x, y", "the first line names"),
        (["path,label,Label", "a.png,cat,cat"], ":1: columns 2 and 3 are both called Label",
         "rename one of them"),
        (["file,image,label", "a.png,b.png,cat"], ":1: file and image may both be the path",
         "call one of them path"),
        (["path,label", "a.png,cat,dog"], ":2: 3 cells, and 2 columns", "into quotation marks"),
        (["path,label", 'a.png,"cat'], ":2: not a table: unexpected end of data",
         "is written twice"),
        (["path,label", "a.png,", "b.png,cat", "in/c.png,  "],
         ":2: an empty label; {file}:4: an empty label", "write one label in each row"),
        (["path,label", "a.png,cat", "b.png,cat"], ": one label, cat; expected two classes",
         "the column label has the class"),
        (["path,label", "a.png,dog", "b.png,dog", "in/c.png,dgo", "in/d.png,dog"],
         ":4: label dgo occurs once; did you mean dog?", "correct the label"),
        (["path,label", "a.png,dog", "b.png,dog", "in/c.png,Dog", "in/d.png,Dog"],
         ":4 and {file}:2: labels Dog and dog differ in case alone", "write them alike"),
        (["path,label", "a.png,cat", "b.png,dog|cat", "in/c.png,dog", "in/d.png,dog"],
         ":2: label cat occurs once; {file}:3: label dog|cat occurs once; write dog;cat",
         "correct the label"),
        (["path,label,split", "a.png,cat,train", "b.png,cat,learn", "in/c.png,dog,",
          "in/d.png,dog,val"],
         ":3: split learn, expected train, val or test; {file}:4: split is empty",
         "write one of train, training, val"),
        (["path,label,split", "a.png,cat,test", "b.png,cat,test", "in/c.png,dog,val",
          "in/d.png,dog,val"],
         ": no row of split train", "training needs images"),
        (["path,label,split", "a.png,cat,test", "b.png,cat,test", "in/c.png,dog,train",
          "in/d.png,dog,train"],
         ": no training images of cat", "set split to train"),
        (["path,label", "a.png,cat", "b.png,cat", "in/c.png,dog", "in/../in/c.png,dog"],
         ":4 and {file}:5: in/../in/c.png is listed twice", "leave one of the rows out"),
        (["path,label", "a.png,cat", "b.png,cat", "a.png,dog", "in/c.png,dog"],
         ":2 and {file}:4: a.png is cat and dog", "each image has one row"),
        (["path,label", "a.png,cat", ",cat", "in/c.png,dog", "in/d.png,dog"], ":3: an empty path",
         "write the path of an image"),
        (["path,label", "a.png,cat", "gone.png,cat", "in/c.png,dog", "in,dog"],
         ":3: {folder}/gone.png: no such file; {file}:5: {folder}/in: a folder, expected",
         "paths are relative to the table's folder"),
        (["path,label", "a.png,cat", "b\0.png,cat", "in/c.png,dog", "in/d.png,dog"],
         ":3: {folder}/b\0.png: no such file", "paths are relative to the table's folder"),
        (["path,label", "a,cat", "b,cat", "in/c.png,dog", "in/d.png,dog"],
         ":2: {folder}/a: no such file", "write the file names with their ending, as in a.png"),
        (["path,label", "a.png,cat", "b.png,cat", "c.png,dog", "d.png,dog"],
         ":4: {folder}/c.png: no such file", "write the folder too, as in in/c.png"),
        (["path,label", "a.png,cat", "b.png,cat", "http://x.org/c.png,dog", "in/d.png,dog"],
         ":4: {folder}/http:/x.org/c.png: no such file", "kcnn reads files, not addresses"),
    ],
)  # fmt: skip
def test_names_the_rows_that_are_wrong(
    photos: Path, lines: list[str], message: str, hint: str
) -> None:
    path = write(photos, *lines)
    error = refusal(path)
    assert error.message.startswith(f"{path}{message.format(file=path, folder=photos)}")
    assert hint in str(error.hint)


def test_names_ten_rows_and_counts_the_others(photos: Path) -> None:
    lines = [f"{number}.png,{label}" for label in ("cat", "dog") for number in range(100, 106)]
    lines = [line.replace(".png", f"{index}.png") for index, line in enumerate(lines)]
    error = refusal(write(photos, "path,label", *lines))
    assert error.message.count("no such file") == 10
    assert error.message.endswith("; and 2 more rows")


def test_labels_that_occur_once_come_in_the_order_of_rows(photos: Path) -> None:
    lines = [f"a{number}.png,id-{99 - number}" for number in range(12)]
    path = write(photos, "path,label", *lines, "a.png,cat", "b.png,cat")
    error = refusal(path)
    assert error.message.startswith(f"{path}:2: label id-99 occurs once; {path}:3: label id-98 ")
    assert error.message.endswith("; and 2 more rows")


def test_a_cell_with_line_ends_keeps_the_numbers_of_lines(photos: Path) -> None:
    path = write(photos, "path,label,note", 'a.png,cat,"two', 'lines"', "", "b.png,,x")
    assert refusal(path).message == f"{path}:5: an empty label"


def test_paths_may_lead_outside_and_be_whole(photos: Path) -> None:
    (photos / "tables").mkdir()
    path = write(
        photos / "tables", "path,label", "../a.png,cat", f"{photos}/b.png,cat", "../in/c.png,dog",
        "../in/d.png,dog",
    )  # fmt: skip
    listing = list_csv(path)
    assert [listing.path(name).resolve() for name in listing.train.names] == [
        photos / name for name in IMAGES
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a backslash is no part of a name there")
def test_a_name_with_a_backslash_is_read_where_there_is_one(photos: Path) -> None:
    (photos / "in\\c.png").touch()
    path = write(photos, "path,label", "a.png,x", "b.png,x", "in\\c.png,y", "in\\d.png,y")
    assert list_csv(path).train.names == ("a.png", "b.png", "in\\c.png", "in/d.png")


def test_says_why_a_file_is_not_there(photos: Path, monkeypatch) -> None:
    (photos / "link.png").symlink_to("gone.png")
    path = write(photos, "path,label", "a.png,x", "b.png,x", "link.png,y", "in/d.png,y")
    assert "link.png: a link to gone.png, which is not there" in refusal(path).message
    (photos / "tables").mkdir()
    path = write(photos / "tables", "path,label", "a.png,x", "b.png,x", "in/c.png,y", "in/d.png,y")
    monkeypatch.chdir(photos)  # the names are relative to where the person is
    assert str(refusal(path).hint).endswith(f"{photos}/tables; move the table there")


def test_refuses_what_is_no_table(photos: Path, monkeypatch) -> None:
    assert refusal(photos).message == f"{photos}: is a folder, expected a CSV file"
    assert refusal(photos / "gone.csv").message == f"{photos}/gone.csv: no such file"
    (photos / "labels.xlsx").write_bytes(b"PK\x03\x04 and so on")
    assert "labels.xlsx: an Excel workbook" in refusal(photos / "labels.xlsx").message
    path = write(photos, "path,label", "a.png,Bär", encoding="cp1252")
    error = refusal(path)
    assert error.message == f"{path}:2: not UTF-8 text"
    assert error.hint == "save it as CSV; in Excel: Save as, CSV UTF-8"
    monkeypatch.setattr(label_table, "MAX_BYTES", 10)
    assert refusal(path).message == f"{path}: more than 10 bytes, too long for a list of images"


def test_reads_parquet(photos: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    path = photos / "labels.parquet"
    table = {"file": list(IMAGES), "label": [10, 10, 2, 2], "split": [None, None, None, None]}
    parquet.write_table(pyarrow.table(table), path)
    listing = list_csv(path)
    assert listing.class_names == ("2", "10")
    assert rows(listing.train) == [("a.png", 1), ("b.png", 1), ("in/c.png", 0), ("in/d.png", 0)]
    parquet.write_table(pyarrow.table({"path": [b"1", b"2"], "label": ["a", "b"]}), path)
    assert "column path has bytes values, expected text" in refusal(path).message
    parquet.write_table(pyarrow.table({"path": ["a.png", ""], "label": [0.5, None]}), path)
    assert refusal(path).message == f"{path}:2: an empty label"
    path.write_bytes(b"PAR1 cut off")
    assert refusal(path).message == f"{path}: damaged, or no Parquet file"


def test_parquet_without_pyarrow_names_the_extra(photos: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (photos / "labels.parquet").touch()
    error = refusal(photos / "labels.parquet")
    assert error.message.endswith("reading Parquet needs pyarrow, which is not installed")
    assert error.hint == 'pip install "kcnn[parquet]", or save the table as CSV'
