from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.figures import loss_steps, style
from kcnn.figures.curves import Curve

FALLING = 2 / np.arange(1, 101)


def test_draws_every_step_and_the_running_mean(curve, texts) -> None:
    figure = loss_steps.draw([curve(epochs=5)], [FALLING])
    mean, steps = figure.axes[0].lines[:2]
    np.testing.assert_array_equal(steps.get_xdata(), np.arange(1, 101))
    np.testing.assert_array_equal(steps.get_ydata(), FALLING)
    np.testing.assert_array_equal(mean.get_xdata(), np.arange(2, 101))
    np.testing.assert_allclose(mean.get_ydata(), (FALLING[1:] + FALLING[:-1]) / 2)
    assert {"each step", "mean of the last 2 steps", "step"} <= texts(figure).keys()


@pytest.mark.parametrize(
    ("steps", "window"),
    [(1, 1), (99, 1), (100, 2), (300, 5), (1230, 20), (12_000, 200), (180_000, 2000)],
)
def test_mean_is_over_about_a_fiftieth_of_the_steps(steps: int, window: int) -> None:
    assert loss_steps.mean_window(steps) == window


def test_nan_changes_only_the_means_that_it_is_part_of() -> None:
    losses = np.array([1.0, 3.0, np.nan, 5.0, 7.0])
    np.testing.assert_allclose(loss_steps.running_mean(losses, 2), [2, np.nan, np.nan, 6])
    assert len(loss_steps.running_mean(losses, 6)) == 0


def test_ends_of_epochs_have_lines_and_numbers(curve, texts) -> None:
    figure = loss_steps.draw([curve(epochs=5)], [FALLING])
    borders = [line.get_xdata()[0] for line in figure.axes[0].lines[2:]]
    assert borders == [20, 40, 60, 80, 100]
    (above,) = figure.axes[0].child_axes
    figure.draw_without_rendering()
    assert above.get_xticks().tolist() == borders
    assert [label.get_text() for label in above.get_xticklabels()] == list("12345")
    assert "epochs finished" in texts(figure)


def test_a_line_marks_where_fine_tuning_begins(texts) -> None:
    epochs = zip(range(1, 5), (3.0, 2, 1, 1), (1, 1, 1, 2), strict=True)
    rows = [{"epoch": epoch, "loss": loss, "phase": phase} for epoch, loss, phase in epochs]
    figure = loss_steps.draw([Curve("a/run-001", rows)], [FALLING])
    assert 75.5 in [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert "fine-tuning" in texts(figure)


def test_many_epochs_have_numbers_but_no_lines(curve) -> None:
    figure = loss_steps.draw([curve(epochs=50)], [FALLING])
    assert len(figure.axes[0].lines) == 2
    (above,) = figure.axes[0].child_axes
    assert [label.get_text() for label in above.get_xticklabels()] == [
        str(epoch) for epoch in range(5, 51, 5)
    ]


def test_draws_no_epochs_if_their_number_does_not_divide_the_steps(curve) -> None:
    axes = loss_steps.draw([curve(epochs=3)], [FALLING]).axes[0]
    assert (len(axes.lines), len(axes.child_axes)) == (2, 0)


def test_axis_begins_at_zero(curve) -> None:
    axes = loss_steps.draw([curve()], [np.linspace(2, 1, 100)]).axes[0]
    assert (axes.get_yscale(), axes.get_ylim()[0]) == ("linear", 0)


def test_means_of_several_decades_have_a_logarithmic_axis(curve) -> None:
    losses = np.exp(-np.arange(1000) / 100)
    losses[500] = 1e-30  # a batch with a loss of almost 0
    axes = loss_steps.draw([curve()], [losses]).axes[0]
    lowest, highest = axes.get_ylim()
    assert axes.get_yscale() == "log"
    assert 1e-8 < lowest < losses[-1]
    assert highest > 1
    assert "each step (1 beyond the axis)" in _legend(axes)


def test_counts_a_step_far_above_all_others_beyond_the_axis(curve) -> None:
    losses = np.ones(5000)
    losses[7] = 1000
    axes = loss_steps.draw([curve()], [losses]).axes[0]
    lowest, highest = axes.get_ylim()
    assert lowest == 0
    assert max(axes.lines[0].get_ydata()) <= highest < 50  # the means can still be seen
    assert "each step (1 beyond the axis)" in _legend(axes)


@pytest.mark.parametrize(
    "losses",
    [[2.3], [2.0, np.nan, 1.0], [2.0, np.inf], [0.0] * 60, [-3.0, -400.0], np.full(60, 1e-9)],
)
def test_draws_unusual_losses(losses, curve, cut_texts) -> None:
    losses = np.array(losses)
    figure = loss_steps.draw([curve(epochs=1)], [losses])
    assert cut_texts(figure) == []
    lowest, highest = figure.axes[0].get_ylim()
    finite = losses[np.isfinite(losses)]
    assert lowest <= finite.min() <= finite.max() <= highest


def test_labels_a_run_without_a_finite_loss(curve, texts) -> None:
    assert "no finite value" in texts(loss_steps.draw([curve()], [np.full(9, np.nan)]))
    assert "no finite value" not in texts(loss_steps.draw([curve()], [FALLING]))


def test_draws_the_means_of_several_runs(curve, texts, cut_texts) -> None:
    runs = [curve("a/run-001"), curve("b/run-001", epochs=3)]
    figure = loss_steps.draw(runs, [FALLING, 3 * FALLING[:60]])
    first, second = figure.axes[0].lines
    assert [first.get_color(), second.get_color()] == list(style.COLORS[:2])
    assert (len(first.get_xdata()), len(second.get_xdata())) == (99, 60)
    assert {"2 runs", "a/run-001: 81.2 % test accuracy"} <= {
        line for text in texts(figure) for line in text.split("\n")
    }
    assert cut_texts(figure) == []


def test_each_run_has_its_own_mean_window(curve, texts) -> None:
    losses = [np.ones(180_000), np.ones(1_800)]
    figure = loss_steps.draw([curve("a/run-001"), curve("b/run-001")], losses)
    assert [len(line.get_xdata()) for line in figure.axes[0].lines] == [178_001, 1_781]
    assert "mean of the last 20 to 2,000 steps" in texts(figure)


@pytest.mark.parametrize("image_format", ["png", "svg"])
def test_plot_of_a_long_training_is_a_small_file(image_format, curve, tmp_path: Path) -> None:
    losses = np.random.default_rng(0).exponential(size=180_000)
    path = tmp_path / f"loss_steps.{image_format}"
    style.save(loss_steps.draw([curve(epochs=3)], [losses]), path)
    assert path.stat().st_size < 5_000_000


def _legend(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]
