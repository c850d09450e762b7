"""What the numbers are that a network ends with: probabilities, or logits."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal

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
        width: How many values its output has along the last axis.
        inputs: The layers that it reads.
    """

    kind: str
    activation: str | None
    width: int
    inputs: tuple[Hashable, ...]


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
    if link.kind == "Softmax" or link.activation == "softmax":
        return "softmax"
    return "sigmoid" if link.activation == "sigmoid" else "linear"
