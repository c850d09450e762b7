from __future__ import annotations

import numpy as np

from kcnn.data.dataset import Images


def images_of(labels: np.ndarray) -> Images:
    return Images(np.zeros((len(labels), 1, 1, 1), np.uint8), labels)


class TestByTurns:
    def test_the_first_of_each_class_before_the_second(self) -> None:
        images = images_of(np.array([0, 0, 1, 0, 2, 1]))
        assert images.by_turns(4).tolist() == [0, 2, 4, 1]
        assert images.by_turns(9).tolist() == [0, 2, 4, 1, 5, 3]

    def test_in_an_order_of_choice(self) -> None:
        images = images_of(np.array([0, 0, 1, 0, 2, 1]))
        assert images.by_turns(4, np.arange(6)[::-1]).tolist() == [5, 4, 3, 2]

    def test_a_rare_class_runs_out_and_others_go_on(self) -> None:
        images = images_of(np.array([0] * 50 + [1]))
        assert sorted(images.labels[images.by_turns(10)]) == [0] * 9 + [1]
