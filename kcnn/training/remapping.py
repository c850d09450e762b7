"""TensorFlow's remapping of graphs, left out where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from kcnn.model.plan import Plan
from kcnn.recipe.layers import LeakyReLU


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
    if not any(isinstance(node.layer, LeakyReLU) for node in plan.nodes):
        yield
        return
    former = tf.config.optimizer.get_experimental_options().get("remapping", True)
    tf.config.optimizer.set_experimental_options({"remapping": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"remapping": former})
