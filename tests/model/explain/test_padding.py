from __future__ import annotations

import pytest

from kcnn.model.explain.padding import PaddingSolution, solve_padding
from kcnn.model.graph import as_written, unfold
from kcnn.model.plan import plan_model


@pytest.fixture
def solve(make_recipe):
    def solutions(layer: str, shape=(32, 32, 3)) -> list[PaddingSolution]:
        nodes = tuple(unfold(make_recipe(f"- {layer}")))
        return solve_padding(as_written(nodes), {"image": shape})

    return solutions


def test_solves_the_exercise_of_the_report(solve) -> None:
    (solution,) = solve("Conv2D: {filters: 16, kernel_size: 7}")
    assert (solution.padding, solution.axis, solution.advice) == (3, "high and wide", None)
    assert solution.sum == "P = (7 − 1)/2 = 3"
    assert solution.check == "(32 − 7 + 2·3)/1 + 1 = 32"


@pytest.mark.parametrize("kernel", [1, 3, 5, 7, 11])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_solution_keeps_the_size(make_recipe, solve, kernel: int, dilation: int) -> None:
    layer = f"Conv2D: {{filters: 1, kernel_size: {kernel}, dilation_rate: {dilation}"
    (solution,) = solve(f"{layer}}}")
    plan = plan_model(make_recipe(f"- {layer}, padding: {solution.padding}}}"), (32, 32, 3), None)
    assert plan.shapes["conv2d"] == (32, 32, 1)


def test_ignores_the_padding_of_the_layer(solve) -> None:
    assert solve("Conv2D: {filters: 1, kernel_size: 3, padding: 2}")[0].padding == 1


def test_even_kernel_has_no_solution(solve) -> None:
    (solution,) = solve("Conv2D: {filters: 1, kernel_size: 4}")
    assert (solution.padding, solution.check) == (None, None)
    assert solution.sum == "P = (4 − 1)/2 = 1.5, not a whole number"
    assert "1 before and 2 after" in solution.advice


def test_dilated_even_kernel_has_a_solution(solve) -> None:
    assert solve("Conv2D: {filters: 1, kernel_size: 4, dilation_rate: 2}")[0].padding == 3


def test_advises_against_padding_with_strides(solve) -> None:
    (solution,) = solve("Conv2D: {filters: 1, kernel_size: 3, strides: 2}")
    assert solution.padding is None
    assert solution.check == "⌊(32 − 3 + 2·17)/2⌋ + 1 = 32"
    assert "17 zeros on each side" in solution.advice


def test_solves_height_and_width_separately(solve) -> None:
    rows, columns = solve("Conv2D: {filters: 1, kernel_size: [3, 5]}")
    assert (rows.axis, rows.padding, columns.axis, columns.padding) == ("high", 1, "wide", 2)


def test_no_solutions_without_convolutions(solve) -> None:
    assert solve("Flatten") == []
