"""How many images a count or a fraction in a recipe means."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from typing import Any

from kcnn.errors import DataError
from kcnn.text.numbers import without_exponent


class CountError(DataError):
    """More or fewer images than a dataset can spare.

    Args:
        setting: The setting that asks for them, `data.validation` for instance.
        reason: What is wrong with it.
        hint: What to write instead.
    """

    def __init__(self, setting: str, reason: str, hint: str) -> None:
        super().__init__(f"{setting}: {reason}", hint)
        self.setting = setting
        self.reason = reason

    @property
    def loc(self) -> tuple[str, ...]:
        """Location of the setting in a recipe."""
        return tuple(self.setting.split("."))

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle needs to build it in another process."""
        return type(self), (self.setting, self.reason, self.hint)


def resolve_count(wanted: int | float, available: int, classes: int, setting: str) -> int:
    """Compute how many images to take, so that at least one of each class is left.

    Args:
        wanted: A number of images, or a fraction of those available.
        available: How many there are.
        classes: How many classes they show.
        setting: The setting that asks for them, for the message.

    Raises:
        CountError: That is less than one image, or leaves too few.
    """
    is_fraction = isinstance(wanted, float)
    if wanted <= 0 or (is_fraction and wanted >= 1):
        reason = f"{wanted}, expected a number of images or a fraction below 1"
        raise CountError(setting, reason, "write a fraction, as in 0.1")
    count = round(wanted * available) if is_fraction else int(wanted)
    shown = f"{without_exponent(wanted)} of {available:,} images"
    if count == 0:
        least = _two_digits(1, available, ROUND_UP)
        hint = f"write a fraction of at least {least}, which is one image"
        raise CountError(setting, f"{shown} is less than one image", hint)
    most = available - classes
    if count > most:
        reason = f"{shown} leaves some class without training images"
        raise CountError(setting, reason, _hint_for_fewer(most, available, is_fraction))
    return count


def _hint_for_fewer(most: int, available: int, is_fraction: bool) -> str:
    if most < 1:
        return "add images: every class keeps one for training"
    if is_fraction:
        return f"write a fraction of at most {_two_digits(most, available, ROUND_DOWN)}"
    return f"write at most {most}"


def _two_digits(count: int, available: int, rounding: str) -> str:
    fraction = Context(prec=2, rounding=rounding).divide(Decimal(count), Decimal(available))
    return f"{fraction.normalize():f}"
