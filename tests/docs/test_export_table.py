"""The table of layers and export formats has all that the code has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from export_cases import ALONE, CASES, KNOWN_FAILURES, LARGE_CASES, variants
from kcnn.errors import ExportError
from kcnn.export.agreement import Agreement
from kcnn.recipe.fields import ACTIVATIONS
from kcnn.recipe.layers import LAYERS
from write_export_table import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export-layers.md"
RUN_IT = "run python docs/write_export_table.py"


def names_in(layers: Any) -> Iterator[tuple[str, Any]]:
    """Yield each layer's class and settings, in the bodies of other layers, too."""
    for layer in layers:
        [(name, settings)] = layer.items() if isinstance(layer, dict) else [(layer, {})]
        yield name, settings
        yield from names_in(settings.get("body", []))


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]


def test_each_layer_and_activation_of_recipes_is_tried() -> None:
    tried = [pair for layers in CASES.values() for pair in names_in(layers)]
    assert {name for name, _ in tried} == set(LAYERS)
    activations = {settings["activation"] for name, settings in tried if name == "Activation"}
    assert activations == set(ACTIVATIONS)
    for name in LAYERS:
        assert any(case.startswith(name) for case in CASES) or name == "Activation"


def test_the_table_has_all_layers_and_formats() -> None:
    heading, _, *lines = rows()
    assert heading == ["layer", *variants()], RUN_IT
    assert [line[0] for line in lines] == list(CASES), RUN_IT


def test_the_table_has_the_known_failures_and_no_others() -> None:
    heading, _, *lines = rows()
    failures = {
        (line[0], column)
        for line in lines
        for column, cell in zip(heading, line, strict=True)
        if cell.startswith("**")
    }
    known = {(case, column) for case, columns in KNOWN_FAILURES.items() for column in columns}
    assert failures == known, RUN_IT


@pytest.mark.parametrize("names", [ALONE, LARGE_CASES, KNOWN_FAILURES])
def test_special_cases_are_cases(names: Any) -> None:
    assert set(names) <= set(CASES)


def test_cells() -> None:
    exact = Agreement(256, 0.0, 0.0, 0.0, 0, 256)
    near = Agreement(256, 4.2e-7, 1e-8, 1e-7, 0, 256)
    wrong = Agreement(256, 0.673, 0.1, 0.5, 200, 256)
    found: dict[str, dict[str, Any]] = {title: dict.fromkeys(CASES, near) for title in variants()}
    found["ONNX"] |= {"Conv2D": exact, "Dense": wrong, "Flatten": ExportError("no", "fix")}
    lines = page(found, ["LiteRT 2.3.0", "ONNX Runtime 1.32.0"]).splitlines()
    assert "Measured with LiteRT 2.3.0, ONNX Runtime 1.32.0." in lines
    column = list(variants()).index("ONNX") + 2
    cells = {
        line.split(" | ")[0].strip("| "): line.split("|")[column].strip()
        for line in lines
        if "|" in line
    }
    assert cells["Conv2D"] == "0"
    assert cells["Conv2D, groups"] == "4e-07"
    assert cells["Dense"] == "**wrong** (0.67)"
    assert cells["Flatten"] == "**not converted**"
