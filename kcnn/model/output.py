"""What the numbers are that a network ends with: probabilities, or logits."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal

OutputActivation = Literal["softmax", "sigmoid", "linear"]


@dataclass(frozen=True)
class Link:
    """A layer, as far as the meaning of the network's outputs depends on it.

    Args:
        activation: The name of the function that its values come from, if any.
        keeps_probabilities: Whether it puts out probabilities if its inputs are probabilities.
        width: How many values its output has along the last axis.
        inputs: The layers that it reads.
    """

    activation: str | None
    keeps_probabilities: bool
    width: int
    inputs: tuple[Hashable, ...]


def output_activation(links: Mapping[Hashable, Link]) -> OutputActivation:
    """Find what the last of some layers does to sums; `linear` means that it puts out logits.

    Args:
        links: Every layer, each after all that it reads.
    """
    found: dict[Hashable, OutputActivation] = {}
    for name, link in links.items():
        read: set[OutputActivation] = {
            # In rows of another width they no longer sum to 1.
            found[other] if other in found and links[other].width == link.width else "linear"
            for other in link.inputs
        }
        found[name] = read.pop() if link.keeps_probabilities and len(read) == 1 else _own(link)
    *_, last = found.values()
    return last


def _own(link: Link) -> OutputActivation:
    if link.activation == "softmax":
        return "softmax"
    return "sigmoid" if link.activation == "sigmoid" else "linear"
