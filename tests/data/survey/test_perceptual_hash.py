"""Perceptual hashes, and the pairs that are close."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from kcnn.data.survey import perceptual_hash
from kcnn.data.survey.perceptual_hash import ROWS, close_pairs, perceptual_hashes
from kcnn.data.survey.survey import SIDE


def test_half_of_the_bits_are_set_whatever_the_brightness() -> None:
    generator = np.random.default_rng(0)
    dark = generator.integers(0, 100, (5, SIDE, SIDE), dtype=np.uint8)
    hashes = perceptual_hashes(dark)
    # The 63 frequencies without the brightness have their median among them: 31 are above it.
    assert np.bitwise_count(hashes).tolist() == [32] * 5
    assert np.bitwise_count(hashes ^ perceptual_hashes(dark + 100)).max() <= 2


def test_no_images_have_no_hashes() -> None:
    assert perceptual_hashes(np.empty((0, SIDE, SIDE), np.uint8)).shape == (0,)


@pytest.mark.parametrize("columns", [16_384, 20])
def test_the_pairs_are_those_of_comparing_all(columns: int, monkeypatch) -> None:
    monkeypatch.setattr(perceptual_hash, "_COLUMNS", columns)
    generator = np.random.default_rng(1)
    count = ROWS + 30
    # A few distinct bits, so that many are close.
    hashes = generator.integers(0, 2**20, count, dtype=np.uint64)
    expected = {
        pair
        for pair in combinations(range(count), 2)
        if int(hashes[pair[0]] ^ hashes[pair[1]]).bit_count() <= 5
    }
    found = [
        tuple(pair)
        for start in range(0, count, ROWS)
        for pairs in close_pairs(hashes, 5, start)
        for pair in pairs.tolist()
    ]
    assert len(expected) > 10
    assert sorted(found) == sorted(expected)
