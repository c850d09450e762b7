"""A recipe's layers written out as a graph: what nests or repeats is unfolded, every layer named.

Shape arithmetic and the Keras model both walk this graph, so that they cannot disagree about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kcnn.errors import RecipeError
from kcnn.model.learning_rates import multipliers_of_weights
from kcnn.recipe import Recipe
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.layers import Add, Application, Layer, Repeat, Residual, ZeroPadding2D
from kcnn.recipe.source import Location
from kcnn.text.did_you_mean import did_you_mean

INPUT = "image"
SCALING = "scaling"  # the model's own first layer
MAX_LAYERS = 5_000


@dataclass(frozen=True)
class Node:
    """One layer of the graph.

    Args:
        name: Its name in the Keras model, unique.
        layer: Its class and arguments.
        inputs: The names of the nodes it reads; `image` is the input.
        loc: Where the recipe has it.
        multipliers: Learning-rate multipliers by name of weight; only those that the recipe sets.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    loc: Location
    multipliers: Mapping[str, float] = field(default_factory=dict)

    @property
    def trained_weights(self) -> tuple[str, ...]:
        """Names of the trainable weights whose learning-rate multiplier is not 0."""
        names = self.layer.trainable_weights
        return tuple(name for name in names if self.multipliers.get(name) != 0)

    def path(self, weight: str) -> str:
        """Return the weight's path in the Keras model, such as `conv2d/kernel`."""
        return f"{self.name}/{weight}"


def unfold(recipe: Recipe) -> list[Node]:
    """List a recipe's layers, each after all that it reads; the last one is the output.

    Raises:
        RecipeError: Names that are missing, taken, or come later; layers that nothing reads; too
            many layers; learning-rate multipliers of weights that no layer has.
    """
    unfolding = _Unfolding(recipe)
    unfolding.follow(recipe.model.layers, ("model", "layers"), INPUT)
    unfolding.require_all_read()
    if unfolding.problems:
        raise RecipeError(unfolding.problems)
    return _with_multipliers(recipe, unfolding.nodes)


def as_written(nodes: Sequence[Node]) -> list[Node]:
    """Put each numbered padding back into the layer that the recipe writes it in.

    Args:
        nodes: The unfolded graph, where a ZeroPadding2D comes before such a layer.
    """
    written: list[Node] = []
    for node in nodes:
        before = written[-1] if written else None
        if before is not None and _is_border(before, node):
            padding = before.layer.written()["padding"]
            padded = node.layer.model_copy(update={"padding": padding})
            written[-1] = replace(node, layer=padded, inputs=before.inputs)
        else:
            written.append(node)
    return written


def _is_border(before: Node, node: Node) -> bool:
    return (
        isinstance(before.layer, ZeroPadding2D)
        and not isinstance(node.layer, ZeroPadding2D)  # a repeated one has the same location
        and before.loc == node.loc
        and node.inputs == (before.name,)
    )


def _with_multipliers(recipe: Recipe, nodes: list[Node]) -> list[Node]:
    """Add the learning-rate multipliers of each node's weights to it."""
    weights = {
        node.path(name): (node.name, name)
        for node in nodes
        for name in node.layer.trainable_weights
    }
    multipliers: dict[str, dict[str, float]] = {node.name: {} for node in nodes}
    for path, multiplier in multipliers_of_weights(recipe, list(weights)).items():
        layer, name = weights[path]
        multipliers[layer][name] = multiplier
    return [replace(node, multipliers=multipliers[node.name]) for node in nodes]


class _Unfolding:
    def __init__(self, recipe: Recipe) -> None:
        self.nodes: list[Node] = []
        self.problems: list[str] = []
        self._origin = recipe.origin
        self._taken = {INPUT, SCALING}
        self._numbers: Counter[str] = Counter()
        self._scopes: list[dict[str, str]] = [{INPUT: INPUT}]
        self._suffix = ""

    def follow(self, layers: Sequence[Layer], loc: Location, previous: str) -> str:
        """Append layers one after the other; return the name of the last."""
        for index, layer in enumerate(layers):
            here = (*loc, index, type(layer).__name__)
            inputs = self._inputs(layer, here, previous)
            self._require_count(layer, here, inputs)
            if isinstance(layer, Repeat):
                previous = self._repeat(layer, here, inputs[0])
            elif isinstance(layer, Residual):
                previous = self._residual(layer, here, inputs[0])
            else:
                previous = self._append(layer, here, inputs)
        return previous

    def require_all_read(self) -> None:
        """Note each layer that nothing reads: Keras would drop it without a word."""
        read = {name for node in self.nodes for name in node.inputs}
        for node in self.nodes[:-1]:
            if node.name not in read:
                self._note(node.loc, f"nothing reads layer {node.name}; name it in inputs")

    def _repeat(self, repeat: Repeat, loc: Location, previous: str) -> str:
        outer = self._suffix
        inner: dict[str, str] = {}
        for time in range(1, repeat.times + 1):
            self._suffix = f"{outer}_{time}"
            self._scopes.append({})
            previous = self.follow(repeat.body, (*loc, "body"), previous)
            inner |= self._scopes.pop()
        self._suffix = outer
        self._scopes[-1].update(inner)  # from outside, a plain name means the last repetition's
        if repeat.name:
            if repeat.name in self._scopes[-1]:
                self._note(loc, f"the name {repeat.name} is taken; choose another")
            self._scopes[-1][repeat.name] = previous
        return previous

    def _residual(self, residual: Residual, loc: Location, previous: str) -> str:
        body = self.follow(residual.body, (*loc, "body"), previous)
        shortcut = self.follow(residual.shortcut, (*loc, "shortcut"), previous)
        return self._append(Add(name=residual.name), loc, (body, shortcut))

    def _append(self, layer: Layer, loc: Location, inputs: tuple[str, ...]) -> str:
        if len(self.nodes) >= MAX_LAYERS:
            raise RecipeError(
                [self._origin.problem(loc, f"more than {MAX_LAYERS:,} layers; repeat less often")]
            )
        padding = getattr(layer, "padding", None)
        if isinstance(padding, int | list) and not isinstance(layer, ZeroPadding2D):
            border = ZeroPadding2D(padding=padding)
            inputs = (self._add(border, loc, inputs, self._name(border, loc)),)
            layer = layer.model_copy(update={"padding": "valid"})
        return self._add(layer, loc, inputs, self._name(layer, loc))

    def _add(self, layer: Layer, loc: Location, inputs: tuple[str, ...], name: str) -> str:
        self.nodes.append(Node(name, layer, inputs, loc))
        return name

    def _name(self, layer: Layer, loc: Location) -> str:
        if layer.name is None:
            return self._free_name(snake_case(type(layer).__name__))
        if isinstance(layer, Application):  # whose name is no choice of the recipe
            name = self._free_name(layer.name)
            self._scopes[-1].setdefault(layer.name, name)
            self._scopes[-1][name] = name
            return name
        name = layer.name + self._suffix
        if name in self._taken:
            self._note(loc, f"the name {name} is taken; choose another")
        self._taken.add(name)
        self._scopes[-1][layer.name] = self._scopes[-1][name] = name
        return name

    def _free_name(self, stem: str) -> str:
        while True:
            number = self._numbers[stem]
            self._numbers[stem] += 1
            name = f"{stem}_{number}" if number else stem
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _inputs(self, layer: Layer, loc: Location, previous: str) -> tuple[str, ...]:
        if layer.inputs is None:
            return (previous,)
        written = [layer.inputs] if isinstance(layer.inputs, str) else layer.inputs
        return tuple(self._find(name, loc) or previous for name in written)

    def _find(self, name: str, loc: Location) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        known = [name for scope in self._scopes for name in scope]
        self._note(
            (*loc, "inputs"),
            f"no earlier layer is named {name}{did_you_mean(name, known)}"
            " (inputs name layers above, by the name they were given)",
        )
        return None

    def _require_count(self, layer: Layer, loc: Location, inputs: tuple[str, ...]) -> None:
        kind = type(layer).__name__
        if layer.merges:
            if len(inputs) < 2:
                self._note(loc, f"{kind} joins at least two layers; name them in inputs: [a, b]")
        elif len(inputs) != 1:
            self._note(loc, f"{kind} reads one layer, not {len(inputs)}; join them with Add first")

    def _note(self, loc: Location, message: str) -> None:
        self.problems.append(self._origin.problem(loc, message))
