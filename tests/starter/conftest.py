"""Folders of images for the tests of first recipes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

MakeImages = Callable[..., Path]


@pytest.fixture
def make_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeImages:
    """Return a function that makes `photos` in the current folder: classes with their counts."""
    monkeypatch.chdir(tmp_path)

    def make(
        counts: dict[str, int],
        sizes: Sequence[tuple[int, int]] = ((32, 32),),
        mode: str = "RGB",
        root: str = "photos",
    ) -> Path:
        for name, count in counts.items():
            (folder := Path(root, name)).mkdir(parents=True)
            for number in range(count):
                Image.new(mode, sizes[number % len(sizes)]).save(folder / f"{number}.png")
        return Path(root)

    return make
