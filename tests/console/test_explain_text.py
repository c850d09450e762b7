from __future__ import annotations

import json

from kcnn.commands.explain import explain
from kcnn.console.explain import explanation_markdown, explanation_text


def test_text(net: str) -> None:
    text = explanation_text(explain(net))
    assert text == (
        "layer    output  parameters  multiply-adds  memory  sees\n"
        "───────  ──────  ──────────  ─────────────  ──────  ────\n"
        "image    8×8×1            –              –  256 B   1×1\n"
        "conv2d   6×6×2           20            648  288 B   3×3\n"
        "         (8 − 3 + 2·0)/1 + 1 = 6 high and wide\n"
        "         (3·3·1 + 1)·2 = 20 parameters\n"
        "         6·6·(3·3·1)·2 = 648 multiply-adds\n"
        "flatten  72               –              –  –       3×3\n"
        "         6·6·2 = 72 values\n"
        "dense    10             730            720  40 B    8×8\n"
        "         (72 + 1)·10 = 730 parameters\n"
        "         72·10 = 720 multiply-adds\n"
        "\n"
        "in all\n"
        "  parameters: 750\n"
        "  multiply-adds: 1,368 an image, forward\n"
        "  activations: 584 B an image, 29.2 kB a batch of 50\n"
        "\n"
        "memory: the output for one image, in float32. sees: the receptive field, the rows and "
        "columns of the\n"
        "  8×8 image that one value depends on, padding counted.\n"
        "\n"
        "remarks\n"
        "  conv2d: no activation is between it and dense: two linear layers in a row can "
        "do no more than one\n"
        "  dense: holds 97.3 % of all parameters; a smaller map before Flatten, or "
        "GlobalAveragePooling2D in\n"
        "    its place, needs fewer"
    )


def test_markdown(net: str) -> None:
    lines = explanation_markdown(explain(net)).splitlines()
    assert lines[:7] == [
        "# net", "", "Two layers.", "",
        "| layer | output | parameters | multiply-adds | memory | sees |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        "| image | 8×8×1 | – | – | 256 B | 1×1 |",
    ]  # fmt: skip
    sums = lines.index("## Sums")
    assert lines[sums + 2 : sums + 4] == [
        "- `conv2d`", "  - (8 − 3 + 2·0)/1 + 1 = 6 high and wide",
    ]  # fmt: skip


def test_markdown_shows_what_a_recipe_is_about_as_text(net: str) -> None:
    explanation = explain(net, ["about='![a](http://host/) <b>'"])
    assert "\n!\\[a\\](http://host/) &lt;b>\n" in explanation_markdown(explanation)


def test_json(net: str) -> None:
    found = json.loads(json.dumps(explain(net).as_json()))
    assert found["totals"] == {
        "parameters": 750, "trainable_parameters": 750, "multiply_adds": 1368,
        "activation_bytes": 584, "batch_size": 50, "activation_bytes_per_batch": 29_200,
    }  # fmt: skip
    assert [layer["name"] for layer in found["layers"]] == ["conv2d", "flatten", "dense"]
    assert found["problem"] is None


def test_a_layer_that_does_not_fit(net: str) -> None:
    wide = explain(net, ["model.layers[0].Conv2D.kernel_size=9"])
    assert wide.problem is not None
    assert "as far as it fits" in explanation_text(wide)
    markdown = explanation_markdown(wide)
    assert "## Does not fit\n\n- " in markdown
    assert "model.layers\\[0\\]" in markdown and "a 9×9 window does not fit a 8×8 map" in markdown


def test_names_the_weights_that_training_starts_from() -> None:
    settings = ["train.initial_weights=outputs/a/run-001"]
    for weights, line in (("imagenet", "imagenet"), ("mine.weights.h5", "mine.weights.h5")):
        own = f"model.layers[0].Application.weights={weights}"
        explained = explain("transfer", [*settings, own])
        text = explanation_text(explained)
        assert f" starts with weights: {line}\n" in text
        assert "\n  initial weights: outputs/a/run-001\n" in text
        values = explained.as_json()
        assert values["layers"][0]["weights"].endswith(weights)
        assert values["initial_weights"].endswith("run-001")
    explained = explain("transfer", ["model.layers[0].Application.weights=none"])
    assert "starts with" not in explanation_text(explained)
    assert explained.as_json()["layers"][0]["weights"] is None
