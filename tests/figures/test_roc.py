from __future__ import annotations

import numpy as np

from kcnn.figures import roc

POSITIVE = np.array([True, True, False, True, False, False])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.1])


def test_curve_and_point_by_hand(texts) -> None:
    figure = roc.draw(POSITIVE, PROBABILITY, "dog", "net/run-001")
    _, curve, point = figure.axes[0].lines
    np.testing.assert_allclose(curve.get_xdata(), np.array([0, 0, 0, 1, 1, 2, 3]) / 3 * 100)
    np.testing.assert_allclose(curve.get_ydata(), np.array([0, 1, 2, 2, 3, 3, 3]) / 3 * 100)
    # Above 0.5 are two of three dogs, and one of three others.
    np.testing.assert_allclose([*point.get_xdata(), *point.get_ydata()], [100 / 3, 200 / 3])
    # One of the nine pairs of a dog and another is ordered wrong.
    assert "area under the curve 0.8889" in texts(figure)


def test_long_names_are_not_cut(cut_texts) -> None:
    figure = roc.draw(POSITIVE, PROBABILITY, "Corn_(maize)_Common_rust", "run")
    assert cut_texts(figure) == []
