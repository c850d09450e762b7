"""Errors about what cannot be read name what to do."""

from __future__ import annotations

import errno
import os

import pytest

from kcnn.data.cannot_read import cannot_read
from kcnn.data.image.read import read_image
from kcnn.errors import DataError


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "permissions"),
        (errno.ENAMETOOLONG, "shorter names"),
        (errno.ENOENT, "bring it back"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "drive"),
    ],
)
def test_each_reason_has_its_own_fix(number: int, words: str) -> None:
    error = cannot_read("a.png", OSError(number, os.strerror(number)))
    assert error.message == f"a.png: cannot be read: {os.strerror(number)}"
    assert error.hint is not None
    assert words in error.hint


def test_an_image_names_it(tmp_path) -> None:
    with pytest.raises(DataError, match="File name too long") as caught:
        read_image(tmp_path / ("a" * 300), (4, 4), 3)
    assert caught.value.hint == "the path is too long: give the file or its folders shorter names"
