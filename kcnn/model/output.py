"""What the numbers are that a network ends with: probabilities, or logits."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

OutputActivation = Literal["softmax", "sigmoid", "linear"]

# Layers behind which probabilities are still such: they move values, rest outside training, or take
# means.
_KEEPING = (
    "Flatten", "Reshape",
    "Dropout", "SpatialDropout2D", "GaussianNoise",
    "Average", "AveragePooling2D", "GlobalAveragePooling2D",
)  # fmt: skip


@dataclass(frozen=True)
class Link:
    """A layer, as far as what comes out at the end hangs on it.

    Args:
        kind: The name of its class, which recipes and Keras call alike.
        activation: The name of the function that its values go through, if any.
        axis: What a Softmax sums over, counted with the axis of the images; None for other layers.
        shape: Of its output, without the axis of the images.
        inputs: The layers that it reads.
    """

    kind: str
    activation: str | None
    axis: Any
    shape: tuple[int, ...]
    inputs: tuple[Hashable, ...]

    @property
    def width(self) -> int:
        """How many values its output has along the last axis."""
        return self.shape[-1]


def output_activation(links: Mapping[Hashable, Link]) -> OutputActivation:
    """Finds what the last of some layers does to sums; `linear` means that it gives logits.

    Args:
        links: Every layer, each after all that it reads.
    """
    found: dict[Hashable, OutputActivation] = {}
    for name, link in links.items():
        read: set[OutputActivation] = {
            # In rows of another width they no longer sum to 1.
            found[one] if one in found and links[one].width == link.width else "linear"
            for one in link.inputs
        }
        found[name] = read.pop() if link.kind in _KEEPING and len(read) == 1 else _own(link)
    *_, last = found.values()
    return last


def _own(link: Link) -> OutputActivation:
    if link.activation == "softmax" or (link.kind == "Softmax" and _is_last(link)):
        return "softmax"
    return "sigmoid" if link.activation == "sigmoid" else "linear"


def _is_last(link: Link) -> bool:
    axes = list(link.axis) if isinstance(link.axis, list | tuple) else [link.axis]
    return axes in ([-1], [len(link.shape)])
