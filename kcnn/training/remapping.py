"""TensorFlow's remapping of graphs, left out where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from kcnn.model.plan import Plan
from kcnn.recipe.layers import Layer, LeakyReLU, ReLU


@contextmanager
def remapping_where_it_works(plan: Plan) -> Iterator[None]:
    """Traces graphs without TensorFlow's remapping for networks with leaky ReLUs.

    Remapping fuses neighbouring operations. With oneDNN it fuses a convolution, its bias and a
    leaky ReLU whose gradient still reads what lies between them; then it writes an error to the
    terminal and leaves the whole graph as it was (TensorFlow 2.21). So training on a processor
    loses nothing without it; on GPUs that is not known.

    Args:
        plan: The network that is trained meanwhile.
    """
    if not any(_is_leaky(node.layer) for node in plan.nodes):
        yield
        return
    former = tf.config.optimizer.get_experimental_options().get("remapping", True)
    tf.config.optimizer.set_experimental_options({"remapping": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"remapping": former})


def _is_leaky(layer: Layer) -> bool:
    """Says whether a layer ends in what Keras hands to TensorFlow as a leaky ReLU."""
    if isinstance(layer, ReLU):
        return bool(layer.negative_slope) and layer.max_value is None and not layer.threshold
    return isinstance(layer, LeakyReLU) or getattr(layer, "activation", None) == "leaky_relu"
