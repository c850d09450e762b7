from __future__ import annotations

import ast
import re
import sys

import pytest

from kcnn.errors import ExportError
from kcnn.export.format import Format, Options, variant
from kcnn.export.formats import FORMATS, choose_formats


def test_a_page_always_takes_one_image() -> None:
    for batch_size in (None, 1):
        ((form, options),) = choose_formats(["web"], batch_size=batch_size)
        assert options == Options(batch_size=1)
        assert variant(form, options) == "web"
    expected = "--batch-size 8: the web page takes one image at a time"
    with pytest.raises(ExportError, match=f"^{re.escape(expected)}$"):
        choose_formats(["web"], batch_size=8)


def test_a_format_of_any_batch_size_refuses_a_fixed_one() -> None:
    expected = "--batch-size 8: SavedModel takes any number of images"
    with pytest.raises(ExportError, match=f"^{re.escape(expected)}$"):
        choose_formats(["saved_model"], batch_size=8)


def test_an_error_about_quantizing_names_the_formats_that_can() -> None:
    with pytest.raises(ExportError, match=r"^--quantize int8: not for ONNX$") as caught:
        choose_formats(["onnx"], "int8")
    assert caught.value.hint == "leave the option out, or choose --format litert or web"


def test_all_formats_get_the_options_that_they_take() -> None:
    chosen = {form.NAME: options for form, options in choose_formats(["all"], "int8", 8)}
    assert list(chosen) == [form.NAME for form in FORMATS]
    assert chosen["litert"] == Options("int8", 8)
    assert chosen["web"] == Options("int8", 1)
    assert chosen["saved_model"] == Options()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("onx", "onnx"), ("TFLite", "litert"), ("savedmodel", "saved_model"), ("h5", "keras")],
)
def test_an_unknown_format_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    expected = f"^--format {name}: unknown format; did you mean {meant}\\?$"
    with pytest.raises(ExportError, match=expected):
        choose_formats([name])


def test_names_no_format() -> None:
    with pytest.raises(ExportError, match=r"^--format: names no format$"):
        choose_formats([])


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.NAME)
def test_names_the_packages_that_its_runtime_imports(form: Format) -> None:
    imported = set()
    for node in ast.walk(ast.parse(form.RUNTIME.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    installed = {package.replace("-", "_") for package in form.PACKAGES}
    assert imported - sys.stdlib_module_names == installed | {"numpy"}
