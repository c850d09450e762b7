"""PyTorch compiled: as tuned, with torch.compile and a fused optimizer."""

from __future__ import annotations

import torch
from torch._dynamo.exc import BackendCompilerFailed

from contenders.pytorch import (
    build_loss_of_pixels,
    build_optimizer,
    build_torch_model,
    timed_epochs_from_memory,
)
from contenders.task import WARM_UP_EPOCHS, Task, run


def seconds_of_epochs(task: Task) -> list[float]:
    """Train with a compiled loop; return the seconds of each epoch.

    The first step compiles, so compile time is in the warm-up epoch. Raise if a later epoch would
    compile again.
    """
    torch.manual_seed(0)
    model = build_torch_model(task)
    # Scaling, model and loss are one graph: on leaky_bn_fast and lenet5, as fast as the loss of
    # scaled images or up to 3 % faster, which is within the noise. There, max-autotune brings
    # nothing beyond the noise. Freezing is for inference alone.
    loss_of_pixels = torch.compile(build_loss_of_pixels(task, model), fullgraph=True, dynamic=False)
    # One kernel updates all weights: with a compiled optimizer, a step takes up to 4 % more.
    optimizer = build_optimizer(task, model, fused=True)
    epochs = timed_epochs_from_memory(task, loss_of_pixels, optimizer)
    try:
        warm_up = [next(epochs) for _ in range(WARM_UP_EPOCHS)]
    except BackendCompilerFailed as error:
        reason = str(error).splitlines()[0]
        raise SystemExit(f"torch.compile needs a working C++ compiler: {reason}") from None
    with torch.compiler.set_stance("fail_on_recompile"):
        return warm_up + list(epochs)


if __name__ == "__main__":
    run(seconds_of_epochs)
