"""What is worth a second look in a network that fits: a plain sentence each.

None of it is an error; a lesson may want just that.
"""

from __future__ import annotations

from collections.abc import Iterator

from kcnn.model.arithmetic.costs import node_cost
from kcnn.model.explain.oddities_of_windows import find_window_oddities
from kcnn.model.explain.oddity import Oddity
from kcnn.model.graph import Node
from kcnn.model.plan import Plan
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer

MOST = 0.9  # the share of the parameters from which on a dense layer is worth a word
NOISE = (layers.Dropout, layers.GaussianNoise)
LINEAR = (
    layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose,
    layers.Dense,
)  # fmt: skip
# What leaves a linear map linear once the network is trained.
STAYS_LINEAR = (
    layers.BatchNormalization, layers.AveragePooling2D, layers.GlobalAveragePooling2D,
    layers.Flatten, layers.Reshape, layers.ZeroPadding2D, layers.Cropping2D, layers.UpSampling2D,
    *NOISE,
)  # fmt: skip
CUT_BELOW_ZERO = ("relu", "relu6", "softplus", "exponential")


class _Network:
    """A plan whose layers can be asked who reads them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._readers: dict[str, list[Node]] = {node.name: [] for node in plan.nodes}
        for node in plan.nodes:
            for name in set(node.inputs) & self._readers.keys():
                self._readers[name].append(node)

    def only_reader(self, node: Node) -> Node | None:
        """Gives the layer that reads this one; None when none or several do."""
        readers = self._readers[node.name]
        return readers[0] if len(readers) == 1 else None


def find_oddities(plan: Plan) -> list[Oddity]:
    """Lists what is odd in a network, in the order of its layers.

    Args:
        plan: A network whose every layer fits.
    """
    network = _Network(plan)
    found = [
        *find_window_oddities(plan),
        *_heavy_dense(plan),
        *_dense_on_maps(plan),
        *_linear_after_linear(network),
        *_bias_before_normalization(network),
        *_normalization_of_one(plan),
        *_noise_after_output(plan),
        *_output_and_loss(plan),
        *_nothing_to_train(plan),
    ]
    rank = {node.name: index for index, node in enumerate(plan.nodes)}
    return sorted(found, key=lambda one: rank[one.layer])


def _heavy_dense(plan: Plan) -> Iterator[Oddity]:
    weighted = [node for node in plan.nodes if isinstance(node.layer, LINEAR)]
    sizes = {
        node.name: node_cost(node, plan.shapes).parameters
        for node in weighted
        if isinstance(node.layer, layers.Dense)
    }
    total, dense = plan.cost.parameters, sum(sizes.values())
    if len(sizes) in (0, len(weighted)) or dense < MOST * total:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    together = f" ({_per_cent(dense, total)} with the other dense layers)" if len(sizes) > 1 else ""
    yield Oddity(
        largest,
        f"holds {_per_cent(sizes[largest], total)} of all parameters{together}; a smaller map "
        "before Flatten, or GlobalAveragePooling2D in its place, needs fewer",
    )


def _dense_on_maps(plan: Plan) -> Iterator[Oddity]:
    for node in plan.nodes:
        before = plan.shapes[node.inputs[0]]
        if isinstance(node.layer, layers.Dense) and len(before) == 3 and before[:2] != (1, 1):
            yield Oddity(
                node.name,
                f"reads a {before[0]}×{before[1]} map one place at a time, as a 1×1 convolution "
                "does; put Flatten before it to read them all",
            )


def _linear_after_linear(network: _Network) -> Iterator[Oddity]:
    for node in network.plan.nodes:
        if not isinstance(node.layer, LINEAR) or not _is_linear(node.layer):
            continue
        reader = network.only_reader(node)
        while reader is not None and _keeps_linear(reader.layer):
            reader = network.only_reader(reader)
        if reader is None or not isinstance(reader.layer, LINEAR):
            continue
        if _makes_separable(node.layer, reader.layer):
            continue
        yield Oddity(
            node.name,
            f"no activation stands between it and {reader.name}: two linear layers in a row can "
            "do no more than one",
        )


def _bias_before_normalization(network: _Network) -> Iterator[Oddity]:
    for node in network.plan.nodes:
        layer, reader = node.layer, network.only_reader(node)
        if not isinstance(layer, LINEAR) or not layer.use_bias or not _is_linear(layer):
            continue
        if reader is None or not isinstance(reader.layer, layers.BatchNormalization):
            continue
        channels = network.plan.shapes[node.name]
        by_channel = reader.layer.axis in (-1, len(channels))
        if by_channel and reader.layer.trainable is not False:  # frozen, it subtracts no mean
            yield Oddity(
                node.name,
                "biases here change nothing: the BatchNormalization right after subtracts each "
                "channel's mean; write use_bias: false",
            )


def _normalization_of_one(plan: Plan) -> Iterator[Oddity]:
    if plan.recipe.train.batch_size > 1:
        return
    for node in plan.nodes:
        if not isinstance(node.layer, layers.BatchNormalization):
            continue
        if len(plan.shapes[node.name]) == 1:
            text = "every value is its own mean, so in training nothing but the shift β comes out"
        else:
            text = "in training each image is normalized by itself, in testing by moving averages"
        yield Oddity(node.name, f"train.batch_size is 1: {text}")


def _noise_after_output(plan: Plan) -> Iterator[Oddity]:
    for node in reversed(plan.nodes):
        if isinstance(node.layer, NOISE):
            yield Oddity(
                node.name,
                "stands after the output: in training it changes the answers themselves; put it "
                "before the last layer with weights",
            )
        elif not isinstance(node.layer, layers.Softmax | layers.Activation):
            return


def _output_and_loss(plan: Plan) -> Iterator[Oddity]:
    last, loss = plan.nodes[-1], plan.recipe.train.loss
    end = plan.output_activation
    if getattr(loss, "from_logits", None) and end != "linear":
        yield Oddity(
            last.name,
            f"ends in {end}, and the loss has from_logits: true, which applies it once more; leave "
            "from_logits out",
        )
    activation = getattr(last.layer, "activation", None)
    cut = isinstance(last.layer, layers.ReLU) or activation in CUT_BELOW_ZERO
    if cut and loss.takes_logits:
        yield Oddity(
            last.name,
            f"ends in {activation or 'ReLU'}: a logit must be free to fall below 0; leave the "
            "activation out",
        )


def _nothing_to_train(plan: Plan) -> Iterator[Oddity]:
    if plan.cost.not_trained == plan.cost.parameters:
        yield Oddity(
            plan.nodes[-1].name,
            "no layer up to it has weights that are trained, so training changes nothing: all are "
            "frozen, at 0 times the learning rate, or have none",
        )


def _is_linear(layer: Layer) -> bool:
    return getattr(layer, "activation", None) in (None, "linear")


def _keeps_linear(layer: Layer) -> bool:
    if isinstance(layer, layers.Activation):
        return _is_linear(layer)
    return isinstance(layer, STAYS_LINEAR)


def _makes_separable(first: Layer, second: Layer) -> bool:
    """Says whether two layers are the halves of a separable convolution, linear on purpose."""
    return isinstance(first, layers.DepthwiseConv2D) and isinstance(second, layers.Conv2D)


def _per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
