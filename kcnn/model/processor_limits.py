"""Refuse layers for which TensorFlow has no kernels on this processor."""

from __future__ import annotations

from functools import cache

from kcnn.errors import RecipeError
from kcnn.model.plan import Plan


def require_kernels(plan: Plan, dtype: str) -> None:
    """Raise if this processor cannot train a model in a number format.

    Only oneDNN has kernels for a dilated transposed convolution. Whether it has one for a number
    format depends on the processor (bfloat16 needs AVX-512 or better), the version and the
    environment. TensorFlow is therefore asked; a table would be wrong somewhere. Call
    start_tensorflow first, because its settings decide whether oneDNN is used.

    Args:
        plan: The model.
        dtype: Keras's name of a dtype or dtype policy.

    Raises:
        RecipeError: TensorFlow has no kernel for a layer; names every such layer.
    """
    layers = [node for node in plan.nodes if node.layer.needs_onednn]
    compute_dtype = dtype.removeprefix("mixed_")
    if not layers or has_dilated_transposed_convolution(compute_dtype):
        return
    fix = "write dilation_rate: 1"
    if compute_dtype.endswith("16") and has_dilated_transposed_convolution("float32"):
        fix += " or train.precision: float32"
    raise RecipeError(
        [
            plan.recipe.origin.problem(
                (*node.loc, "dilation_rate"),
                f"layer {node.name}: TensorFlow has no kernel for it on this processor in "
                f"{compute_dtype}; {fix}",
            )
            for node in layers
        ]
    )


@cache
def has_dilated_transposed_convolution(dtype: str) -> bool:
    """Run a small dilated transposed convolution and its gradients on the processor.

    Args:
        dtype: TensorFlow's name of a floating-point dtype.

    Returns:
        Whether TensorFlow computed them.
    """
    import tensorflow as tf

    # In a graph, as in training: oneDNN replaces other operations there than in eager mode.
    @tf.function
    def train(maps: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([maps, kernel])
            outputs = tf.nn.conv2d_transpose(maps, kernel, (1, 6, 6, 1), 1, "VALID", dilations=2)
        return tape.gradient(outputs, [maps, kernel])

    with tf.device("CPU:0"):
        try:
            train(tf.ones((1, 2, 2, 1), dtype), tf.ones((3, 3, 1, 1), dtype))
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            return False
    return True
