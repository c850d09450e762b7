"""Remarks on a model that fits, a plain sentence each.

None of them reports an error: a lesson may want exactly what they remark on. Remarks
on a single layer are in the layer's class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kcnn.model.costs import node_cost
from kcnn.model.graph import Node, as_written
from kcnn.model.plan import Plan
from kcnn.model.receptive_field import receptive_fields
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer
from kcnn.text.numbers import per_cent

HEAVY = 0.9  # the fraction of the parameters from which a dense layer gets a remark
CUT_BELOW_ZERO = ("ReLU", "relu", "relu6", "softplus", "exponential")


@dataclass(frozen=True)
class Remark:
    """Something that a reader of the recipe may not expect.

    Args:
        layer: The layer's name.
        sentence: What is unexpected, without the layer's name, and what to do about it.
    """

    layer: str
    sentence: str


def grouped_remarks(remarks: Iterable[Remark]) -> list[tuple[str, str]]:
    """Return each sentence once, after the names of all layers that it applies to."""
    layers: dict[str, list[str]] = {}
    for remark in remarks:
        layers.setdefault(remark.sentence, []).append(remark.layer)
    return [(", ".join(names), sentence) for sentence, names in layers.items()]


@dataclass(frozen=True)
class _PlanWithReaders:
    """A plan, and which layers read each layer."""

    plan: Plan

    @cached_property
    def _readers(self) -> dict[str, list[Node]]:
        readers: dict[str, list[Node]] = {node.name: [] for node in self.plan.nodes}
        for node in self.plan.nodes:
            for name in set(node.inputs) & readers.keys():
                readers[name].append(node)
        return readers

    def only_reader(self, node: Node) -> Node | None:
        """Return the layer that reads this one; None if none or several do."""
        readers = self._readers[node.name]
        return readers[0] if len(readers) == 1 else None


def find_remarks(plan: Plan) -> list[Remark]:
    """List the remarks on a model, in the order of its layers.

    Args:
        plan: The model's plan.
    """
    linked = _PlanWithReaders(plan)
    found = [
        *_of_layers(plan),
        *_wider_than_image(plan),
        *_heavy_dense(plan),
        *_linear_after_linear(linked),
        *_bias_before_normalization(linked),
        *_noise_after_output(plan),
        *_output_and_loss(plan),
        *_nothing_to_train(plan),
    ]
    rank = {node.name: index for index, node in enumerate(plan.nodes)}
    return sorted(found, key=lambda remark: rank[remark.layer])


def _of_layers(plan: Plan) -> Iterator[Remark]:
    for node in as_written(plan.nodes):
        shape, batch_size = plan.shapes[node.inputs[0]], plan.recipe.train.batch_size
        yield from (Remark(node.name, text) for text in node.layer.remarks(shape, batch_size))


def _wider_than_image(plan: Plan) -> Iterator[Remark]:
    nodes = as_written(plan.nodes)
    fields = receptive_fields(nodes, plan.shapes)
    padded = False
    for node in nodes:
        padded = padded or node.layer.pads(plan.shapes[node.inputs[0]])
        rows, columns = fields[node.name]
        # Without padding the sizes are bounds only, behind what enlarges a map.
        if padded and (rows.size > rows.image or columns.size > columns.image):
            yield Remark(
                node.name,
                f"from here on the receptive field, {rows.pixels}×{columns.pixels}, is wider than "
                f"the {rows.image}×{columns.image} image: every value reads padding, too",
            )
            return


def _heavy_dense(plan: Plan) -> Iterator[Remark]:
    weighted = [node for node in plan.nodes if node.layer.has_kernel]
    sizes = {
        node.name: node_cost(node, plan.shapes).parameters
        for node in weighted
        if isinstance(node.layer, layers.Dense)
    }
    total, dense = plan.cost.parameters, sum(sizes.values())
    if len(sizes) in (0, len(weighted)) or dense < HEAVY * total:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    together = (
        f" ({per_cent(dense / total, 1)} with the other dense layers)" if len(sizes) > 1 else ""
    )
    yield Remark(
        largest,
        f"holds {per_cent(sizes[largest] / total, 1)} of all parameters{together}; a smaller map "
        "before Flatten, or GlobalAveragePooling2D in its place, needs fewer",
    )


def _linear_after_linear(linked: _PlanWithReaders) -> Iterator[Remark]:
    for node in linked.plan.nodes:
        if not node.layer.has_kernel or not node.layer.is_linear:
            continue
        reader = linked.only_reader(node)
        while reader is not None and reader.layer.is_linear and not reader.layer.has_kernel:
            reader = linked.only_reader(reader)
        if reader is None or not reader.layer.has_kernel:
            continue
        if _makes_separable(node.layer, reader.layer):
            continue
        yield Remark(
            node.name,
            f"no activation is between it and {reader.name}: two linear layers in a row can "
            "do no more than one",
        )


def _bias_before_normalization(linked: _PlanWithReaders) -> Iterator[Remark]:
    for node in linked.plan.nodes:
        reader, rank = linked.only_reader(node), len(linked.plan.shapes[node.name])
        if reader is None or not reader.layer.subtracts_channel_means(rank):
            continue
        if "bias" in node.layer.weight_names and node.layer.is_linear:
            yield Remark(
                node.name,
                f"biases here change nothing: the {type(reader.layer).__name__} right after "
                "subtracts each channel's mean; write use_bias: false",
            )


def _noise_after_output(plan: Plan) -> Iterator[Remark]:
    for node in reversed(plan.nodes):
        if node.layer.rests:
            yield Remark(
                node.name,
                "comes after the output: in training it changes the predictions themselves; put it "
                "before the last layer with weights",
            )
        elif not isinstance(node.layer, layers.Softmax | layers.Activation):
            return


def _output_and_loss(plan: Plan) -> Iterator[Remark]:
    last, loss = plan.nodes[-1], plan.recipe.train.loss
    end = plan.output_activation
    if getattr(loss, "from_logits", None) and end != "linear":
        yield Remark(
            last.name,
            f"ends in {end}, and the loss has from_logits: true, which applies it once more; leave "
            "from_logits out",
        )
    activation = last.layer.output_activation(len(plan.shapes[last.name]))
    if activation in CUT_BELOW_ZERO and loss.takes_logits:
        yield Remark(
            last.name,
            f"ends in {activation}: a logit must be free to fall below 0; leave the activation out",
        )


def _nothing_to_train(plan: Plan) -> Iterator[Remark]:
    if plan.cost.not_trained == plan.cost.parameters:
        yield Remark(
            plan.nodes[-1].name,
            "no layer up to it has weights that are trained, so training changes nothing: all are "
            "frozen, at 0 times the learning rate, or have none",
        )


def _makes_separable(first: Layer, second: Layer) -> bool:
    """Return whether two layers are the halves of a separable convolution, linear on purpose."""
    return isinstance(first, layers.DepthwiseConv2D) and isinstance(second, layers.Conv2D)
