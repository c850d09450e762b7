"""The text of `kcnn explain`: a network's sums for the terminal, for programs, for course notes."""

from __future__ import annotations

import textwrap
from typing import Any

from kcnn.commands.explain import Explanation, PaddingAnswer, PaddingAnswers
from kcnn.console.output import json_text
from kcnn.console.tables import table
from kcnn.recipe.kinds import snake_case
from kcnn.text.markdown import plain
from kcnn.text.markdown import table as markdown_table

WIDTH = 100
COLUMNS = ("layer", "output", "parameters", "multiply-adds", "memory", "sees")
ALIGNMENT = ("---", "---", "---:", "---:", "---:", "---")


def shown(result: Explanation | PaddingAnswers, as_json: bool, markdown: bool) -> str:
    """Writes an explanation, or answers to `--solve padding`, in the form asked for."""
    if isinstance(result, PaddingAnswers):
        return json_text(padding_json(result)) if as_json else padding_text(result)
    if markdown:
        return explanation_markdown(result)
    return json_text(explanation_json(result)) if as_json else explanation_text(result)


def explanation_text(explanation: Explanation) -> str:
    """Writes a row a layer with its sums below, then the totals, then what is odd."""
    heading, line, image, *rows = table(COLUMNS, _rows(explanation)).splitlines()
    indent = " " * (line.index("  ") + 2)
    blocks = [
        "\n".join([row, *(f"{indent}{text}" for text in _lines_below(explanation, index))])
        for index, row in enumerate(rows)
    ]
    parts = ["\n".join([heading, line, image, *blocks]), _totals_text(explanation)]
    odd = [_wrapped(f"{names}: {text}", "  ") for names, text in _remarks(explanation)]
    if odd:
        parts.append("\n".join(["worth a second look", *odd]))
    return "\n\n".join(parts)


def explanation_markdown(explanation: Explanation) -> str:
    """Writes a Markdown table, the totals, and the sums of each layer as lists."""
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
        lines += ["", "## Worth a second look", ""]
        lines += [f"- `{names}`: {text}" for names, text in _remarks(explanation)]
    if explanation.problem is not None:
        lines += ["", "## Does not fit", "", f"- {plain(explanation.problem.message)}"]
    return "\n".join(lines)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Gives an explanation as plain JSON values."""
    problem, cost = explanation.problem, explanation.cost
    return {
        "recipe": str(explanation.recipe.origin.file),
        "name": explanation.recipe.name,
        "image_shape": list(explanation.image_shape),
        "layers": [layer.as_json() for layer in explanation.layers],
        "totals": {
            "parameters": cost.parameters,
            "trainable_parameters": cost.parameters - cost.not_trained,
            "multiply_adds": cost.multiply_adds,
            "activation_bytes": explanation.activation_bytes,
            "batch_size": explanation.recipe.train.batch_size,
            "activation_bytes_per_batch": explanation.batch_bytes,
        },
        "oddities": [vars(remark) for remark in explanation.remarks],
        "problem": None if problem is None else problem.message,
    }


def padding_text(result: PaddingAnswers) -> str:
    """Writes the padding that keeps each convolution's map, with the sum that shows it."""
    if not result.answers:
        return f"{result.recipe.origin.file}: no convolution in it"
    return "\n\n".join(_padding_answer(answer) for answer in result.answers)


def padding_json(result: PaddingAnswers) -> list[dict[str, Any]]:
    """Gives the answers as plain JSON values."""
    return [
        {
            "layer": one.layer,
            "axis": one.axis,
            "size": one.window.size,
            "kernel": one.window.kernel,
            "stride": one.window.stride,
            "dilation": one.window.dilation,
            "padding": one.padding,
            "sum": one.sum,
            "check": one.check,
            "advice": one.advice,
        }
        for one in result.answers
    ]


def _rows(explanation: Explanation) -> list[tuple[object, ...]]:
    image = explanation.image_shape
    return [
        ("image", _shape(image), None, None, _memory(explanation.image_bytes), "1×1"),
        *(
            (
                _named(layer.name, layer.kind),
                _shape(layer.output_shape),
                layer.cost.parameters or None,
                layer.cost.multiply_adds or None,
                _memory(layer.activation_bytes) if layer.activation_bytes else None,
                _shape(layer.receptive_field),
            )
            for layer in explanation.layers
        ),
    ]


def _lines_below(explanation: Explanation, index: int) -> list[str]:
    """Gives a layer's sums, and what it reads unless that is the layer before it."""
    layer = explanation.layers[index]
    before = explanation.layers[index - 1].name if index else "image"
    reads = [] if layer.inputs == (before,) else [f"reads {' and '.join(layer.inputs)}"]
    return [*reads, *(f"{one} {one.of}" for one in layer.sums)]


def _totals(explanation: Explanation) -> list[str]:
    cost, batch_size = explanation.cost, explanation.recipe.train.batch_size
    fixed = f", {cost.not_trained:,} of them not trained" if cost.not_trained else ""
    return [
        f"parameters: {cost.parameters:,}{fixed}",
        f"multiply-adds: {cost.multiply_adds:,} an image, forward",
        f"activations: {_memory(explanation.activation_bytes)} an image, "
        f"{_memory(explanation.batch_bytes)} a batch of {batch_size:,}",
    ]


def _totals_text(explanation: Explanation) -> str:
    which = "in all" if explanation.problem is None else "as far as it fits"
    return "\n".join(
        [which, *(f"  {text}" for text in _totals(explanation)), "", _wrapped(_legend(explanation))]
    )


def _legend(explanation: Explanation) -> str:
    height, width, _ = explanation.image_shape
    return (
        "memory: the output for one image, in float32. sees: the receptive field, the rows and "
        f"columns of the {height}×{width} image that one value depends on, padding counted."
    )


def _remarks(explanation: Explanation) -> list[tuple[str, str]]:
    """Return the remarks, each once for all layers of which it is true."""
    layers: dict[str, list[str]] = {}
    for remark in explanation.remarks:
        layers.setdefault(remark.sentence, []).append(remark.layer)
    return [(", ".join(names), sentence) for sentence, names in layers.items()]


def _named(name: str, kind: str) -> str:
    """Gives a layer's name, and its class unless the name says it."""
    return name if name.startswith(snake_case(kind)) else f"{name} ({kind})"


def _padding_answer(answer: PaddingAnswer) -> str:
    window = answer.window
    kernel = f"kernel {window.kernel}, stride {window.stride}"
    if window.dilation > 1:
        kernel += f", dilation {window.dilation}"
    found = f"padding {answer.padding}"
    if answer.padding is None:
        found = "no sensible padding" if answer.check else "no equal padding on both sides"
    lines = [f"{answer.layer}: {window.size} {answer.axis}, {kernel}: {found}", f"  {answer.sum}"]
    if answer.check is not None:
        lines.append(f"  {answer.check}")
    if answer.advice is not None:
        lines.append(_wrapped(answer.advice, "  "))
    return "\n".join(lines)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _memory(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
