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

    The first step compiles, so the time to compile is in the warm-up epoch.

    Raises:
        RuntimeError: A later epoch would compile again.
        SystemExit: There is no C++ compiler that works.
    """
    torch.manual_seed(0)
    model = build_torch_model(task)
    # Scaling, model and loss are one graph. On leaky_bn_fast and lenet5, this is 0 to 3 % faster
    # than scaling outside of it, which is within the noise. max-autotune brings nothing beyond the
    # noise there. Freezing is for inference alone.
    loss_of_pixels = torch.compile(build_loss_of_pixels(task, model), fullgraph=True, dynamic=False)
    # One kernel updates all weights. With a compiled optimizer, a step takes up to 4 % longer.
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
