"""The table of applications, which `docs/write_applications.py` writes from Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kcnn.recipe.kinds import table
from kcnn.recipe.layers.application_parts import ChannelStatistics, CorrectPadding, LayerScale, Same
from kcnn.recipe.layers.convolutions import Conv2D, DepthwiseConv2D, SeparableConv2D
from kcnn.recipe.layers.dense import Dense
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.merging import Add, Concatenate, Multiply
from kcnn.recipe.layers.normalization import BatchNormalization, LayerNormalization
from kcnn.recipe.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from kcnn.recipe.layers.reshaping import Cropping2D, Reshape, ZeroPadding2D

BASE = "https://storage.googleapis.com/"
TABLE = Path(__file__).with_name("applications.json")
_KINDS = table(
    Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, BatchNormalization, LayerNormalization,
    MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, Reshape, ZeroPadding2D, Cropping2D,
    Add, Multiply, Concatenate, Same, CorrectPadding, ChannelStatistics, LayerScale,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One layer of an application.

    Args:
        layer: Its class and arguments.
        name: Its path in the Keras model; empty if it has no weights.
        inputs: Numbers of the rows that it reads, counted from 1; 0 is the image.
        is_layer: Whether it begins one of `layers` of the Keras model: an operator is none, and a
            Sequential is one of several rows.
    """

    layer: Layer
    name: str
    inputs: tuple[int, ...]
    is_layer: bool

    def path(self, weight: str) -> str:
        """Return the path of one of its weights in the application: `Conv1/kernel`."""
        return f"{self.name}/{weight}"


@dataclass(frozen=True)
class ImageNetFile:
    """A file of ImageNet weights, without the top.

    Args:
        file: Its name in Keras's cache.
        path: Where Keras downloads it, after `BASE`.
        hash: Its MD5 or SHA-256 as Keras publishes it; None for MobileNet and MobileNetV2.
    """

    file: str
    path: str
    hash: str | None = None

    @property
    def url(self) -> str:
        """Where Keras downloads it."""
        return f"{BASE}{self.path}"


@dataclass(frozen=True, eq=False)  # each is made once
class Architecture:
    """An application of one width, without its top.

    Args:
        preprocessing: What its images go through first, as Keras names it: `tf`, `caffe` or
            `torch`; `inside` if its own layers take raw pixels.
        least: Height and width that images need at least.
        imagenet: The files of its ImageNet weights by the image size that they were trained at.
        rows: Its layers, each after all that it reads; the last one is the output.
    """

    preprocessing: str
    least: int
    imagenet: Mapping[int, ImageNetFile]
    rows: Sequence[Row]

    def imagenet_file(self, height: int, width: int) -> ImageNetFile:
        """Choose the weights for a size of images, as Keras does."""
        usual = max(self.imagenet)
        return self.imagenet.get(height if height == width else usual, self.imagenet[usual])


@cache
def architecture(name: str, alpha: float | None = None) -> Architecture:
    """Read an application from the table.

    Args:
        name: One of `APPLICATIONS`.
        alpha: Its width; 1 if it has several and this is None.
    """
    for entry in _entries():
        if entry["name"] == name and entry.get("alpha", 1.0) == (alpha or 1.0):
            return _read(entry)
    raise KeyError(name, alpha)


@cache
def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return entries


def _read(entry: Mapping[str, Any]) -> Architecture:
    kinds = [_KINDS[name](**arguments) for name, arguments in entry["kinds"]]
    return Architecture(
        preprocessing=entry["preprocessing"],
        least=entry["least"],
        imagenet={int(size): ImageNetFile(**file) for size, file in entry["imagenet"].items()},
        rows=[_row(text, number, kinds) for number, text in enumerate(entry["layers"], 1)],
    )


def _row(text: str, number: int, kinds: Sequence[Layer]) -> Row:
    """Read a row: its kind, its name, and how many rows before it those are that it reads.

    Example: `3 block_2_add <1 <9`; a `+` before the kind is for what is no layer by itself.
    """
    kind, *words = text.split()
    name = next((word for word in words if not word.startswith("<")), "")
    offsets = [int(word[1:]) for word in words if word.startswith("<")] or [1]
    inputs = tuple(number - offset for offset in offsets)
    return Row(kinds[int(kind)], name, inputs, is_layer=not kind.startswith("+"))
