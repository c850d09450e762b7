"""Turn TensorFlow's remapping of graphs off where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from kcnn.model.plan import Plan


@contextmanager
def remapping_where_it_works(plan: Plan) -> Iterator[None]:
    """Trace graphs without TensorFlow's remapping if the model has leaky ReLUs.

    Remapping fuses neighboring operations. With oneDNN it also fuses a convolution, its bias and a
    leaky ReLU whose gradient still needs what lies between them. Then it prints an error and leaves
    the whole graph unchanged (TensorFlow 2.21). So nothing is lost without it when a processor
    trains; on GPUs, this was not measured.

    Args:
        plan: The plan of the model that is trained in the block.
    """
    if not any(node.layer.is_leaky_relu for node in plan.nodes):
        yield
        return
    former = tf.config.optimizer.get_experimental_options().get("remapping", True)
    tf.config.optimizer.set_experimental_options({"remapping": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"remapping": former})
