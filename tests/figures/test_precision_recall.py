from __future__ import annotations

import numpy as np

from kcnn.figures import precision_recall
from kcnn.runs.label_scores import LabelPredictions

POSITIVE = np.array([True, True, False, True, False, False])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.1])


def test_curve_and_point_by_hand(texts) -> None:
    figure = precision_recall.draw(POSITIVE, PROBABILITY, "dog", "net/run-001")
    _, curve, point = figure.axes[0].lines
    steps = dict(zip(curve.get_xdata().tolist(), curve.get_ydata().tolist(), strict=True))
    assert steps[0] == 100
    assert curve.get_drawstyle() == "steps-post"  # at the precision of the higher recall
    np.testing.assert_allclose(curve.get_xdata()[::-1][:4], [0, 100 / 3, 200 / 3, 200 / 3])
    np.testing.assert_allclose([*point.get_xdata(), *point.get_ydata()], [200 / 3, 200 / 3])
    # (1 + 1 + 3/4) / 3
    assert {"average precision 0.9167", "chance (50.0 %)"} <= texts(figure).keys()


def test_no_point_where_no_image_is_taken_for_the_class() -> None:
    figure = precision_recall.draw(POSITIVE, PROBABILITY / 2, "dog", "net/run-001")
    assert len(figure.axes[0].lines) == 2


def test_long_names_are_not_cut(cut_texts) -> None:
    name = "Corn_(maize)_Common_rust"
    assert cut_texts(precision_recall.draw(POSITIVE, PROBABILITY, name, "run")) == []


def test_names_of_labels_cover_no_curve(cut_texts) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (50, 12)).astype(np.uint8)
    probability = np.random.default_rng(1).random(labels.shape)
    predicted = (probability > 0.5).astype(np.uint8)
    predictions = LabelPredictions(np.arange(50), labels, predicted, probability)
    names = [f"WWWWWWWWWWWWWWWWWWWWWW {number}" for number in range(12)]
    figure = precision_recall.draw_labels(predictions, names, "a/run-001")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend.get_window_extent().x0 >= axes.get_window_extent().x1
    assert len(legend.get_texts()) == precision_recall.MAX_LABELS
    assert cut_texts(figure) == []
