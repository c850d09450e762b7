"""The parts of a dataset: what people call them, and when two names mean one class."""

from __future__ import annotations

import unicodedata
from typing import Literal

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

# What folders and the column `split` call a part, in any case.
SPLIT_WORDS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def part_of(word: str) -> Part | None:
    """Return the part of a dataset that a word means; None for other words."""
    return SPLIT_WORDS.get(word.strip().lower())


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, which one system writes and another does not.

    macOS decomposes the names of files: `Bär` has four characters there, and three elsewhere.
    """
    return unicodedata.normalize("NFC", name)


def class_key(name: str) -> str:
    """Return what two names of one class have in common: `Bär`, `bär`, in any Unicode form."""
    return composed(composed(name).casefold())
