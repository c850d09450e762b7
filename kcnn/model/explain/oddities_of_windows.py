"""What is odd about how windows lie on their maps: what they miss and what they see in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kcnn.model.arithmetic.receptive_field import receptive_fields
from kcnn.model.arithmetic.windows import CONVOLUTIONS, Window, WrittenLayer, as_written, windows
from kcnn.model.explain.oddity import Oddity
from kcnn.model.plan import Plan
from kcnn.recipe.layers import ZeroPadding2D

Sliding = tuple[Window, Window]


def find_window_oddities(plan: Plan) -> list[Oddity]:
    """Lists windows that leave values out or see more than there is.

    Args:
        plan: A network whose every layer fits.
    """
    layers = as_written(plan.nodes)
    found = []
    for written in layers:
        sliding = windows(written, plan.shapes[written.inputs[0]])
        if sliding is not None:
            found += [
                *_gaps(written, sliding),
                *_edge(written, sliding),
                *_one_value(written, sliding),
            ]
    return [*found, *_wider_than_image(plan, layers)]


def _gaps(written: WrittenLayer, sliding: Sliding) -> Iterator[Oddity]:
    """A window smaller than its strides jumps over rows or columns everywhere."""
    if any(_jumps(window) for window in sliding):
        down, across = sliding
        yield Oddity(
            written.node.name,
            f"a {down.kernel}×{across.kernel} window that moves {down.stride}×{across.stride} at "
            "a time skips the values between",
        )


def _edge(written: WrittenLayer, sliding: Sliding) -> Iterator[Oddity]:
    missed = [
        (window.left_over - window.after, word)
        for window, word in zip(sliding, ("row", "column"), strict=True)
        if window.left_over > window.after and not _jumps(window)
    ]
    if missed:
        rows, columns = sliding
        lost = " and ".join(
            f"the last {word}" if count == 1 else f"the last {count} {word}s"
            for count, word in missed
        )
        yield Oddity(
            written.node.name,
            f"never reads {lost} of its {rows.size}×{columns.size} map: after its last step the "
            "window would reach over the edge; padding: same or another window size reads "
            "everything",
        )


def _one_value(written: WrittenLayer, sliding: Sliding) -> Iterator[Oddity]:
    down, across = sliding
    if (down.size, across.size) != (1, 1) or (down.kernel, across.kernel) == (1, 1):
        return
    count = down.kernel * across.kernel
    if isinstance(written.node.layer, CONVOLUTIONS):
        vain = f"{count - 1} of the {down.kernel}×{across.kernel} weights only ever meet padding"
    else:
        vain = "there is nothing to pool"
    yield Oddity(
        written.node.name, f"the map is 1×1 already: {vain}; pool less, or later, before it"
    )


def _wider_than_image(plan: Plan, layers: Sequence[WrittenLayer]) -> Iterator[Oddity]:
    fields = receptive_fields(layers, plan.shapes)
    padded = False
    for written in layers:
        padded = padded or _pads(written, plan)
        rows, columns = fields[written.node.name]
        # Without padding the sizes are bounds only, behind what enlarges a map.
        if padded and (rows.size > rows.image or columns.size > columns.image):
            yield Oddity(
                written.node.name,
                f"from here on the receptive field, {rows.pixels}×{columns.pixels}, is wider than "
                f"the {rows.image}×{columns.image} image: every value reads padding, too",
            )
            return


def _pads(written: WrittenLayer, plan: Plan) -> bool:
    sliding = windows(written, plan.shapes[written.inputs[0]]) or ()
    in_windows = any(window.before or window.after for window in sliding)
    return in_windows or isinstance(written.node.layer, ZeroPadding2D)


def _jumps(window: Window) -> bool:
    return window.stride > window.reach and window.size > 1
