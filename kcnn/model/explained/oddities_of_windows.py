"""What is odd about how windows lie on their maps: what they miss and what they see in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kcnn.model.arithmetic.receptive_field import receptive_fields
from kcnn.model.arithmetic.windows import CONVOLUTIONS, Step, Window, steps, windows
from kcnn.model.explained.oddity import Oddity
from kcnn.model.plan import Plan

Sliding = tuple[Window, Window]


def find_window_oddities(plan: Plan) -> list[Oddity]:
    """Lists windows that leave values out or see more than there is.

    Args:
        plan: A network whose every layer fits.
    """
    written = steps(plan.nodes)
    found = []
    for step in written:
        sliding = windows(step, plan.shapes[step.inputs[0]])
        if sliding is not None:
            found += [*_gaps(step, sliding), *_edge(step, sliding), *_one_value(step, sliding)]
    return [*found, *_wider_than_image(plan, written)]


def _gaps(step: Step, sliding: Sliding) -> Iterator[Oddity]:
    """A window smaller than its strides jumps over rows or columns everywhere."""
    if any(_jumps(window) for window in sliding):
        down, across = sliding
        yield Oddity(
            step.node.name,
            f"a {down.kernel}×{across.kernel} window that moves {down.stride}×{across.stride} at "
            "a time skips the values between",
        )


def _edge(step: Step, sliding: Sliding) -> Iterator[Oddity]:
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
            step.node.name,
            f"never reads {lost} of its {rows.size}×{columns.size} map: after its last step the "
            "window would reach over the edge; padding: same or another window size reads "
            "everything",
        )


def _one_value(step: Step, sliding: Sliding) -> Iterator[Oddity]:
    down, across = sliding
    if (down.size, across.size) != (1, 1) or (down.kernel, across.kernel) == (1, 1):
        return
    count = down.kernel * across.kernel
    if isinstance(step.node.layer, CONVOLUTIONS):
        vain = f"{count - 1} of the {down.kernel}×{across.kernel} weights only ever meet padding"
    else:
        vain = "there is nothing to pool"
    yield Oddity(step.node.name, f"the map is 1×1 already: {vain}; pool less, or later, before it")


def _wider_than_image(plan: Plan, written: Sequence[Step]) -> Iterator[Oddity]:
    fields = receptive_fields(written, plan.shapes)
    for step in written:
        rows, columns = fields[step.node.name]
        if rows.size > rows.image or columns.size > columns.image:
            yield Oddity(
                step.node.name,
                f"from here on the receptive field, {rows.pixels}×{columns.pixels}, is wider than "
                f"the {rows.image}×{columns.image} image: every value reads padding, too",
            )
            return


def _jumps(window: Window) -> bool:
    return window.stride > window.reach and window.size > 1
