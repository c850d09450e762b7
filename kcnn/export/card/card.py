"""model_card.md: what an exported model does, how well, on what, and where not to trust it.

The first lines are metadata in YAML, as Hugging Face reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from kcnn.export.card.facts import Facts, read_facts
from kcnn.export.card.limits import limits
from kcnn.export.card.numbers import class_table, file_table, score_table
from kcnn.recipe.data_settings import DATASETS_OF_FILES
from kcnn.runs.folder import RunFolder
from kcnn.text.listed import listed
from kcnn.text.markdown import code, plain, table
from kcnn.text.numbers import count_text, duration, shape_text
from kcnn.text.printable import printable

MODEL_CARD = "model_card.md"
MAX_NAMED = 100  # classes in a sentence
UNKNOWN = "unknown"  # Hugging Face's word for a license that is not known
_SCRIPT = "use.py IMAGE"  # beside every artefact
_PARTS = {"train": "training", "validation": "validation", "test": "test"}


def model_card(run: RunFolder, about: Mapping[str, Any], class_names: Sequence[str]) -> str:
    """Return the text of an artefact's model card.

    Args:
        run: The run.
        about: The artefact's kcnn.json.
        class_names: The names of the classes.

    Raises:
        RecipeError: resolved.yaml is missing or damaged.
        RunError: summary.json holds something else than scores.
    """
    facts = read_facts(run, about, class_names)
    parts = [_metadata(facts), f"# {_title(facts)}", *_introduction(facts)]
    sections = {
        "Use": _use(facts),
        "Data": _data(facts),
        "Results": _results(facts),
        "This file": _this_file(facts),
        "Limits": _limits(facts),
        "Training": _training(facts),
    }
    for heading, paragraphs in sections.items():
        parts += [f"## {heading}", *paragraphs]
    return "\n\n".join(parts) + "\n"


def _title(facts: Facts) -> str:
    return f"{plain(str(facts.about['run']))}, {plain(str(facts.measured['format']))}"


def _metadata(facts: Facts) -> str:
    dataset = facts.recipe.data.dataset
    task = {"type": "image-classification"}
    metadata: dict[str, Any] = {
        "license": UNKNOWN,
        "library_name": facts.about["format"],
        "pipeline_tag": task["type"],
        "tags": ["kcnn", facts.about["format"], task["type"]],
    }
    if dataset not in DATASETS_OF_FILES:
        metadata["datasets"] = [dataset]
    if facts.measured["accuracy"] is not None:
        accuracy = {"type": "accuracy", "value": round(facts.measured["accuracy"], 6)}
        result = {
            "task": dict(task),
            "dataset": {"type": dataset, "name": dataset, "split": "test"},
            "metrics": [accuracy],
        }
        metadata["model-index"] = [{"name": facts.recipe.name, "results": [result]}]
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False)}---"


def _introduction(facts: Facts) -> Iterator[str]:
    if facts.recipe.about:
        yield plain(facts.recipe.about)
    if facts.recipe.source:
        yield f"Source: {plain(facts.recipe.source)}"
    yield (
        f"**License: {UNKNOWN}.** Before you publish the model, write its license into the first "
        "lines of this file, and here who made the images and whether they allow it."
    )


def _use(facts: Facts) -> Iterator[str]:
    lines = [facts.about["install"], f"python {_SCRIPT.replace('IMAGE', 'photo.jpg')}"]
    if facts.about["use"] != _SCRIPT:  # a page, which needs no packages
        yield f"```bash\npython {facts.about['use']}\n```"
        yield "The model also runs in Python:"
    yield "\n".join(["```bash", *lines, "```"])
    height, width = facts.about["image_size"]
    images = f"(count, {height}, {width}, {facts.about['channels']})"
    size = facts.about["batch_size"]
    if size is not None:
        images = images.replace("count", str(size))
    what = "one for each label" if facts.several_labels else "one for each class, which add up to 1"
    yield (
        f"{code(str(facts.about['file']))} takes raw images, {facts.about['takes']} of shape "
        f"{images}, with values from 0 to 255. It returns probabilities, {what}, in the order "
        "of `class_names.json`. "
        "`use.py` reads image files as the model needs them: upright, on white, in this size."
    )


def _data(facts: Facts) -> Iterator[str]:
    data = facts.recipe.data
    counts = {words: facts.summary.count(f"images.{part}") for part, words in _PARTS.items()}
    rows = [(words, count) for words, count in counts.items() if count is not None]
    yield f"Dataset: {code(data.dataset)}."
    if rows:
        yield table(("part", "images"), rows, ("---", "---:"))
    names = listed([plain(name) for name in facts.class_names], MAX_NAMED)
    kind = "any of these labels, or none" if facts.several_labels else "one of these classes"
    count = len(facts.class_names)
    yield f"Each image has {kind} ({count:,}): {names}."


def _results(facts: Facts) -> Iterator[str]:
    scores = score_table(facts)
    if not scores:
        yield "The run has no test scores of these weights: it was stopped before it was scored."
        return
    which = "after the last epoch" if facts.are_last else "at the best validation epoch"
    images = f" on {count_text(facts.test_images, 'test image')}" if facts.test_images else ""
    yield f"The model {which}{images}, none of which it was trained on:"
    yield scores
    if facts.several_labels:
        yield (
            "Accuracy counts each label of each image as a yes or no, at a probability of 0.5. "
            "`use.py` prints the labels above their threshold; where the table has none, it is 0.5."
        )
    if facts.per_class:
        yield class_table(facts)
    else:
        yield "The scores of each class are not known for these weights."


def _this_file(facts: Facts) -> Iterator[str]:
    yield "The exported file, run by itself in its own runtime and compared with the model:"
    yield file_table(facts)
    yield "Times and memory are those of the computer that exported it."
    if facts.measured["accuracy"] is None:
        yield "Its accuracy is not known: the test images have changed since the run."


def _limits(facts: Facts) -> Iterator[str]:
    yield "\n".join(f"- {sentence}" for sentence in limits(facts))


def _training(facts: Facts) -> Iterator[str]:
    yield _trained_with(facts)
    yield "The recipe, with every setting (`kcnn fit` takes it as it is):"
    text = printable(facts.recipe_text).rstrip("\n")
    # Longer than any fence in the recipe, which would end it.
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}yaml\n{text}\n{fence}"


def _trained_with(facts: Facts) -> str:
    packages = facts.environment.get("packages")
    versions = dict(packages) if isinstance(packages, dict) else {}
    programs = {
        "kcnn": facts.environment.get("kcnn"),
        "Keras": versions.get("keras"),
        "TensorFlow": versions.get("tensorflow"),
        "Python": facts.environment.get("python"),
    }
    known = [f"{name} {_text(version)}" for name, version in programs.items() if _text(version)]
    text = f"Trained with {', '.join(known)}" if known else "Trained"
    if precision := _text(facts.environment.get("precision")):
        text += f", in {precision}"
    if processor := _text(facts.environment.get("processor")):
        text += f", on {processor}"
    epochs, seconds = facts.summary.number("train.epoch"), facts.summary.number("timings.train")
    if epochs is not None:
        text += f"; {count_text(int(epochs), 'epoch')}"
    if seconds is not None:
        text += f" in {duration(seconds)}"
    parameters, shape = facts.summary.count("parameters"), facts.summary.image_shape()
    if parameters is not None and shape is not None:
        text += f"; {parameters:,} parameters, for images of {shape_text(shape)}"
    return f"{text}."


def _text(value: object) -> str:
    """Return a text of a file that a user may have edited; "" for anything else."""
    return plain(value) if isinstance(value, str) else ""
