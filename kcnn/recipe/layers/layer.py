"""What every layer takes."""

from __future__ import annotations

from kcnn.recipe.fields import LayerName, LayerNames, Settings


class Layer(Settings):
    """What every layer takes.

    Args:
        name: What later layers call it by; Keras's numbering when left out.
        inputs: The layers it reads, `image` for the input; the layer before it when left out.
    """

    name: LayerName | None = None
    inputs: LayerNames | None = None
