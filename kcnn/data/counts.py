"""How many images a number or a share of them means."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from typing import Any

from kcnn.errors import DataError


class CountError(DataError):
    """More or fewer images asked for than a set can give.

    Args:
        setting: The setting that asks for them, as in `data.validation`.
        reason: What is wrong with it.
        hint: What to write instead.
    """

    def __init__(self, setting: str, reason: str, hint: str) -> None:
        super().__init__(f"{setting}: {reason}", hint)
        self.setting = setting
        self.reason = reason

    @property
    def loc(self) -> tuple[str, ...]:
        """The way to the setting in a recipe."""
        return tuple(self.setting.split("."))

    def __reduce__(self) -> tuple[Any, ...]:
        """Makes it again in another process."""
        return type(self), (self.setting, self.reason, self.hint)


def resolve_count(amount: int | float, available: int, classes: int, setting: str) -> int:
    """Says how many images to take from a set of which every class keeps one.

    Args:
        amount: A number of images, or a share of those available.
        available: How many there are.
        classes: How many classes they show.
        setting: The setting that asks for them, as errors name it.

    Raises:
        CountError: That is less than one image, or more than the classes can give.
    """
    is_share = isinstance(amount, float)
    if amount <= 0 or (is_share and amount >= 1):
        reason = f"{amount}, expected a number of images or a share below 1"
        raise CountError(setting, reason, "write a share, as in 0.1")
    count = round(amount * available) if is_share else int(amount)
    shown = f"{written_out(amount)} of {available:,} images"
    if count == 0:
        least = _two_digits(1, available, ROUND_UP)
        hint = f"write a share of at least {least}, which is one image"
        raise CountError(setting, f"{shown} is less than one image", hint)
    most = available - classes
    if count > most:
        reason = f"{shown} leaves some class without training images"
        raise CountError(setting, reason, _fewer(most, available, is_share))
    return count


def _fewer(most: int, available: int, is_share: bool) -> str:
    """Says what to write in place of too many."""
    if most < 1:
        return "add images: every class keeps one for training"
    if is_share:
        return f"write a share of at most {_two_digits(most, available, ROUND_DOWN)}"
    return f"write at most {most}"


def written_out(number: int | float) -> str:
    """Writes a number as people do: 0.00001 where Python has 1e-05."""
    return f"{Decimal(repr(number)):f}"


def _two_digits(count: int, available: int, rounding: str) -> str:
    share = Context(prec=2, rounding=rounding).divide(Decimal(count), Decimal(available))
    return f"{share.normalize():f}"
