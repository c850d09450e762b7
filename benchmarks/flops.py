"""Compare the TFLOP/s of a training with the limits of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import click

from kcnn.errors import KcnnError
from kcnn.machine.start import start_tensorflow
from kcnn.model.costs import node_cost
from kcnn.model.plan import Plan
from kcnn.progress import Progress

# (batch, side, channels) of 3×3 convolutions and (rows, inner, columns) of matrix products.
CONVOLUTIONS = ((128, 32, 64), (256, 16, 64), (256, 16, 256), (512, 8, 256))
PRODUCTS = ((1024, 1024, 1024), (2048, 2048, 2048), (8192, 512, 512))
REPEATS = 6


def operations_of_an_image(plan: Plan) -> int:
    """Count the floating-point operations for an image in a training step, forward and backward.

    A multiply-add is two operations. The backward pass of a layer needs as many operations as its
    forward pass for the gradient of its weights, unless they are frozen, and as many again for the
    gradient of its input, unless no layer before it is trained.
    """
    total, trained_below = 0, False
    for node in plan.nodes:
        cost = node_cost(node, plan.shapes)
        trained = cost.parameters > cost.not_trained
        total += 2 * cost.multiply_adds * (1 + trained + trained_below)
        trained_below = trained_below or trained
    return total


def machine_limits(dtype: str) -> dict[str, float]:
    """Measure the TFLOP/s of the fastest of CONVOLUTIONS and of PRODUCTS."""
    import tensorflow as tf

    def random(*shape: int) -> tf.Tensor:
        return tf.cast(tf.random.normal(shape), dtype)

    convolutions = [
        (2 * 9 * channels**2 * side**2 * batch,
         tf.function(lambda images, kernel: tf.nn.conv2d(images, kernel, 1, "SAME")),
         (random(batch, side, side, channels), random(3, 3, channels, channels)))
        for batch, side, channels in CONVOLUTIONS
    ]  # fmt: skip
    products = [
        (2 * rows * inner * columns, tf.function(tf.matmul),
         (random(rows, inner), random(inner, columns)))
        for rows, inner, columns in PRODUCTS
    ]  # fmt: skip
    return {
        "3×3 convolution": max(_rate(*arguments) for arguments in convolutions),
        "matrix product": max(_rate(*arguments) for arguments in products),
    }


def _rate(operations: int, compute: Callable[..., object], arguments: Sequence[object]) -> float:
    import tensorflow as tf

    seconds = []
    for _ in range(1 + REPEATS):
        started = time.perf_counter()
        compute(*arguments)
        tf.test.experimental.sync_devices()  # a GPU computes asynchronously
        seconds.append(time.perf_counter() - started)
    return operations / min(seconds[1:]) / 1e12


def print_rates(recipe: str, policy: str, epochs: int, images: int) -> None:
    """Train a recipe, and print its TFLOP/s and the machine's limits before and after.

    Raises:
        KcnnError: The recipe or its data is wrong, or the training fails.
    """
    from contenders.ours import seconds_of_epochs
    from contenders.task import WARM_UP_EPOCHS, make_task

    task = make_task(recipe, policy, epochs, images)
    dtype = policy.removeprefix("mixed_")
    limits = machine_limits(dtype)
    seconds = seconds_of_epochs(task)[WARM_UP_EPOCHS:]
    operations = operations_of_an_image(task.plan) * len(task.train)
    reached = operations / statistics.median(seconds) / 1e12
    limits_after = machine_limits(dtype)
    click.echo(f"{task.plan.recipe.name} in {policy}: {reached:.3f} TFLOP/s "
               f"({len(task.train) / statistics.median(seconds):,.0f} images/s)")  # fmt: skip
    for name, rate in limits.items():
        limit = max(rate, limits_after[name])
        click.echo(f"fastest {name} in {dtype}: {limit:.3f} TFLOP/s; {reached / limit:.0%} of it")


@click.command(epilog="Example: python benchmarks/flops.py benchmarks/nets/airbench94.yaml")
@click.argument("recipe")
@click.option("--precision", default="auto", show_default=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]))  # fmt: skip
@click.option("--epochs", default=2, show_default=True, type=click.IntRange(1),
              help="Epochs that are timed, after a warm-up epoch.")  # fmt: skip
@click.option("--images", default=10_000, show_default=True, type=click.IntRange(1),
              help="Images in an epoch.")  # fmt: skip
def main(recipe: str, precision: str, epochs: int, images: int) -> None:
    """Print the TFLOP/s that training RECIPE reaches, and the machine's limits."""
    start_tensorflow(Progress())
    from contenders.task import error_line
    from training_speed import choose_policy

    try:
        print_rates(recipe, choose_policy(recipe, precision), epochs, images)
    except KcnnError as error:
        raise click.ClickException(error_line(error)) from None


if __name__ == "__main__":
    main()
