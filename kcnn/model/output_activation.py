"""Find whether a model outputs probabilities or logits."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal

OutputActivation = Literal["softmax", "sigmoid", "linear"]


@dataclass(frozen=True)
class Link:
    """The properties of a layer that the kind of the model's output depends on.

    Args:
        activation: The name of its activation, if any.
        keeps_probabilities: Whether its outputs are probabilities if its inputs are.
        width: The size of its output's last axis.
        inputs: The layers that are its inputs.
    """

    activation: str | None
    keeps_probabilities: bool
    width: int
    inputs: tuple[Hashable, ...]


def output_activation(links: Mapping[Hashable, Link]) -> OutputActivation:
    """Return the activation of a model's output; `linear` for logits.

    Args:
        links: All layers, each after its inputs.
    """
    found: dict[Hashable, OutputActivation] = {}
    for name, link in links.items():
        read: set[OutputActivation] = {
            # With another width, probabilities no longer sum to 1.
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
