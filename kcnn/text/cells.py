"""Text in the cells of a terminal: wide characters take two, combining marks none."""

from __future__ import annotations

import unicodedata

# Zero width non-joiner and joiner, which Persian, Hindi and emoji are spelled with.
JOINERS = "\u200c\u200d"
_JOINER = "\u200d"
# Before Arabic, only Latin, Greek, Cyrillic, Armenian and Hebrew, which are spelled without them.
_FIRST_JOINED = "\u0600"
_LEFT_TO_RIGHT = "\u200e"
_VIRAMA = 9  # the combining class of signs that join two consonants into one letter
_THAI_AND_LAO_AM = "\u0e33\u0eb3"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
# Vowels and final consonants of Korean syllables that macOS writes in parts.
_HANGUL_PARTS = range(0x1160, 0x1200)


def cell_width(text: str) -> int:
    """Return how many cells of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # not for --help to wait for

    return cell_len(text)


def pad_left(text: str, width: int) -> str:
    """Return a text flush right in `width` cells."""
    return " " * (width - cell_width(text)) + text


def pad_right(text: str, width: int) -> str:
    """Return a text flush left in `width` cells."""
    return text + " " * (width - cell_width(text))


def keep_order(name: str) -> str:
    """Return a name for the middle of a line that is read from left to right.

    In a figure, an arrow before an Arabic or Hebrew name and a number after it would change sides.
    Invisible marks around the name prevent that.
    """
    is_reversed = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"{_LEFT_TO_RIGHT}{name}{_LEFT_TO_RIGHT}" if is_reversed else name


def letters(text: str) -> list[str]:
    """Split a text into what readers see as letters, so that no cut separates a letter's marks.

    A letter is a character with all marks after it, characters with a joiner or a virama between
    them, a Korean syllable in parts, or a flag. These are the main rules of Unicode's grapheme
    clusters (UAX #29), which Python has no function for.
    """
    if text.isascii():
        return list(text)
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _continues(letter: str, character: str) -> bool:
    """Return whether a character belongs to the letter before it."""
    code, last = ord(character), letter[-1]
    if character in JOINERS or last == _JOINER or character in _THAI_AND_LAO_AM:
        return True
    if unicodedata.category(character).startswith("M") or code in _SKIN_TONES:
        return True
    if code in _HANGUL_PARTS:
        return "\u1100" <= last <= "\u11ff"
    if code in _FLAG_LETTERS:
        return ord(last) in _FLAG_LETTERS and len(letter) % 2 == 1
    joins = unicodedata.combining(last) == _VIRAMA
    return joins and unicodedata.category(character) == "Lo"


def joins_letters(before: str, after: str) -> bool:
    """Return whether a joiner belongs between two characters.

    Elsewhere it is invisible, so that two different names could look the same.
    """
    return all(
        character >= _FIRST_JOINED and unicodedata.category(character)[0] in "LMS"
        for character in (before, after)
    )


def cut(text: str, width: int) -> str:
    """Return the beginning of a text, in whole letters, that fits into `width` cells."""
    if text.isascii():
        return text[: max(0, width)]
    return "".join(_fitting(letters(text), width))


def cut_beginning(text: str, width: int) -> str:
    """Return the end of a text, in whole letters, that fits into `width` cells."""
    if text.isascii():
        return text[len(text) - min(max(0, width), len(text)) :]
    return "".join(_fitting(letters(text)[::-1], width)[::-1])


def _fitting(ordered: list[str], width: int) -> list[str]:
    left = width
    for count, letter in enumerate(ordered):
        left -= cell_width(letter)
        if left < 0:
            return ordered[:count]
    return ordered
