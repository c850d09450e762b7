"""The texts of kcnn explain: a model's sums for the terminal and for course notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.recipe.kinds import snake_case
from kcnn.text.markdown import plain
from kcnn.text.markdown import table as markdown_table
from kcnn.text.numbers import bytes_text, shape_text
from kcnn.text.printable import printable
from kcnn.text.wrap import wrapped

if TYPE_CHECKING:
    from kcnn.commands.explain import Explanation

WIDTH = 100
COLUMNS = ("layer", "output", "parameters", "multiply-adds", "memory", "sees")
ALIGNMENT = ("---", "---", "---:", "---:", "---:", "---")


def explanation_text(explanation: Explanation) -> str:
    """Return a row per layer with its sums below, then the totals, then remarks."""
    heading, line, image, *rows = table(COLUMNS, _rows(explanation)).splitlines()
    indent = " " * (line.index("  ") + 2)
    blocks = [
        "\n".join([row, *(f"{indent}{text}" for text in _lines_below(explanation, index))])
        for index, row in enumerate(rows)
    ]
    parts = ["\n".join([heading, line, image, *blocks]), _totals_text(explanation)]
    remarks = [_wrapped(f"{names}: {text}") for names, text in explanation.grouped_remarks]
    if remarks:
        parts.append("\n".join(["remarks", *remarks]))
    return "\n\n".join(parts)


def explanation_markdown(explanation: Explanation) -> str:
    """Return a Markdown table, the totals, and the sums of each layer as lists."""
    lines = [f"# {explanation.recipe.name}", ""]
    if explanation.recipe.about:
        lines += [plain(explanation.recipe.about), ""]
    lines += [markdown_table(COLUMNS, _rows(explanation), ALIGNMENT)]
    lines += ["", _legend(explanation), "", *(f"- {text}" for text in _totals(explanation))]
    lines += ["", "## Sums", ""]
    for index, layer in enumerate(explanation.layers):
        below = _lines_below(explanation, index)
        if below:
            lines += [f"- `{layer.name}`", *(f"  - {text}" for text in below)]
    if explanation.remarks:
        lines += ["", "## Remarks", ""]
        lines += [f"- `{names}`: {text}" for names, text in explanation.grouped_remarks]
    if explanation.problem is not None:
        lines += ["", "## Does not fit", "", f"- {plain(explanation.problem.message)}"]
    return "\n".join(lines)


def _rows(explanation: Explanation) -> list[tuple[object, ...]]:
    image = explanation.image_shape
    return [
        ("image", shape_text(image), None, None, bytes_text(explanation.image_bytes), "1×1"),
        *(
            (
                _named(layer.name, layer.kind),
                shape_text(layer.output_shape),
                layer.cost.parameters or None,
                layer.cost.multiply_adds or None,
                bytes_text(layer.activation_bytes) if layer.activation_bytes else None,
                shape_text(layer.receptive_field),
            )
            for layer in explanation.layers
        ),
    ]


def _lines_below(explanation: Explanation, index: int) -> list[str]:
    """Return a layer's sums, and what it reads unless that is the layer before it."""
    layer = explanation.layers[index]
    before = explanation.layers[index - 1].name if index else "image"
    reads = [] if layer.inputs == (before,) else [f"reads {' and '.join(layer.inputs)}"]
    starts = [f"starts with weights: {printable(layer.weights)}"] if layer.weights else []
    return [*reads, *starts, *(f"{term} {term.of}" for term in layer.sums)]


def _totals(explanation: Explanation) -> list[str]:
    cost, batch_size = explanation.cost, explanation.recipe.train.batch_size
    fixed = f", {cost.not_trained:,} of them not trained" if cost.not_trained else ""
    initial = explanation.initial_weights
    return [
        f"parameters: {cost.parameters:,}{fixed}",
        *([f"initial weights: {printable(initial)}"] if initial else []),
        f"multiply-adds: {cost.multiply_adds:,} an image, forward",
        f"activations: {bytes_text(explanation.activation_bytes)} an image, "
        f"{bytes_text(explanation.batch_bytes)} a batch of {batch_size:,}",
    ]


def _totals_text(explanation: Explanation) -> str:
    which = "in all" if explanation.problem is None else "as far as it fits"
    totals = [f"  {text}" for text in _totals(explanation)]
    return "\n".join([which, *totals, "", wrapped(_legend(explanation), WIDTH)])


def _legend(explanation: Explanation) -> str:
    height, width, _ = explanation.image_shape
    return (
        "memory: the output for one image, in float32. sees: the receptive field, the rows and "
        f"columns of the {height}×{width} image that one value depends on, padding counted."
    )


def _named(name: str, kind: str) -> str:
    """Return a layer's name, and its class unless the name shows it."""
    return name if name.startswith(snake_case(kind)) else f"{name} ({kind})"


def _wrapped(text: str) -> str:
    return wrapped(text, WIDTH, "  ")
