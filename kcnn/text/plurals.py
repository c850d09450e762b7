"""Numbers of things: `1 image`, `2 images`."""

from __future__ import annotations


def count_text(number: int, thing: str, things: str | None = None) -> str:
    """Return a number and what it counts.

    Args:
        number: How many there are.
        thing: The singular, which may end in a clause: `image that lies`.
        things: The plural; the singular with an s if None.

    Example:
        >>> count_text(1, "image"), count_text(2000, "image"), count_text(2, "class", "classes")
        ('1 image', '2,000 images', '2 classes')
    """
    if number == 1:
        return f"1 {thing}"
    return f"{number:,} {things or f'{thing}s'}"
