from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kcnn.export.card.card import model_card
from kcnn.files.atomic import write_json, write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import LabelScore, write_label_scores
from kcnn.runs.scores import ClassScore, write_per_class

RESOLVED = """\
name: pets
about: Cats and dogs.
source: A lesson, week 3
data: {dataset: folder, path: photos, image_size: [24, 32], resize: fit}
model:
  layers: [Flatten, Dense: {units: 2}]
train: {epochs: 3, batch_size: 8, optimizer: Adam, loss: sparse_categorical_crossentropy}
"""
SUMMARY = {
    "status": "finished",
    "image_shape": [24, 32, 3],
    "parameters": 4610,
    "class_names": ["cat", "dog"],
    "images": {"train": 300, "validation": 50, "test": 40},
    "train": {"epoch": 3, "loss": 0.3},
    "test": {
        "weights": "last", "images": 40, "loss": 0.412, "accuracy": 0.85,
        "balanced_accuracy": 0.8, "macro_f1": 0.81, "calibration_error": 0.031,
    },
    "best": {"epoch": 2, "val_accuracy": 0.9, "test_loss": 0.4, "test_accuracy": 0.875},
    "timings": {"train": 75},
}  # fmt: skip
ENVIRONMENT = {
    "kcnn": "0.2.0",
    "python": "3.12.1",
    "packages": {"keras": "3.15.1", "tensorflow": "2.21.0"},
    "precision": "float32",
    "processor": "Intel(R) Xeon(R) Processor",
}
PER_CLASS = (
    ClassScore("cat", 0.75, 0.7, 0.724, 10),
    ClassScore("dog", 0.9, 0.9, 0.9, 30),
)
ABOUT: dict[str, Any] = {
    "run": "pets/run-001",
    "weights": "last",
    "image_size": [24, 32],
    "channels": 3,
    "resize": "fit",
    "several_labels": False,
    "format": "litert",
    "file": "model.tflite",
    "use": "use.py IMAGE",
    "install": "pip install ai-edge-litert numpy pillow",
    "takes": "uint8",
    "quantize": "int8",
    "batch_size": None,
    "measured": {
        "format": "litert_int8",
        "runtime": "LiteRT 2.3.0",
        "size": 12_345,
        "images": 40,
        "accuracy": 0.825,
        "accuracy_low": 0.68,
        "accuracy_high": 0.9126,
        "largest_difference": 0.0213,
        "mean_difference": 0.0011,
        "other_classes": 1,
        "ms_batch_1": 0.0612,
        "ms_batch_32": None,
        "peak_memory_mb": 61.6,
    },
}
EXPECTED = """\
---
license: unknown
library_name: litert
pipeline_tag: image-classification
tags:
- kcnn
- litert
- image-classification
model-index:
- name: pets
  results:
  - task:
      type: image-classification
    dataset:
      type: folder
      name: folder
      split: test
    metrics:
    - type: accuracy
      value: 0.825
---

# pets/run-001, litert_int8

Cats and dogs.

Source: A lesson, week 3

**License: unknown.** Before you publish the model, write its license into the first lines of \
this file, and here who made the images and whether they allow it.

## Use

```bash
pip install ai-edge-litert numpy pillow
python use.py photo.jpg
```

`model.tflite` takes raw images, uint8 of shape (count, 24, 32, 3), with values from 0 to 255. \
It returns probabilities, one for each class, which add up to 1, in the order of \
`class_names.json`. `use.py` reads image files as the model needs them: upright, on white, in \
this size.

## Data

Dataset: `folder`.

| part | images |
| --- | ---: |
| training | 300 |
| validation | 50 |
| test | 40 |

Each image has one of these classes (2): cat, dog.

## Results

The model after the last epoch on 40 test images, none of which it was trained on:

| score | value | 95 % interval |
| --- | ---: | ---: |
| accuracy | 85.00 % | 70.93–92.94 % |
| balanced accuracy | 80.00 % | 62.95–90.15 % |
| macro F1 | 81.00 % | – |
| loss | 0.412 | – |
| calibration error | 0.031 | – |

| class | test images | recall | 95 % interval | precision | F1 |
| --- | ---: | ---: | ---: | ---: | ---: |
| cat | 10 | 70.00 % | 39.68–89.22 % | 75.00 % | 72.40 % |
| dog | 30 | 90.00 % | 74.38–96.54 % | 90.00 % | 90.00 % |

## This file

The exported file, run by itself in its own runtime and compared with the model:

| measured | value |
| --- | ---: |
| format | litert_int8 |
| runtime | LiteRT 2.3.0 |
| size | 12.3 kB |
| test images | 40 |
| accuracy | 82.50 % (68.00–91.26 %) |
| images with another class than the model's | 1 |
| largest difference of a probability | 0.021 |
| mean difference of a probability | 0.0011 |
| an image, one at a time | 0.0612 ms |
| an image, in batches of 32 | – |
| memory of the process | 62 MB |

Times and memory are those of the computer that exported it.

## Limits

- It knows 2 classes. An image of anything else gets one of them too, often with a high \
probability.
- The test images are from the same source as the training images. Images of another camera, \
place or time can be recognized less often.
- It recognizes these least often, by recall with its 95 % interval: cat: 70.00 % \
(39.68–89.22 %); dog: 90.00 % (74.38–96.54 %).
- It was tested on 40 images, which leaves the accuracy uncertain: 70.93–92.94 %.
- These have fewer than 30 test images, so that their numbers are rough: cat (10).
- It sees an image in color at 32×24 pixels. One of another shape gets black borders; details \
smaller than a pixel are lost.
- The intervals count the test images only. The same recipe trained with another seed gives \
other numbers.

## Training

Trained with kcnn 0.2.0, Keras 3.15.1, TensorFlow 2.21.0, Python 3.12.1, in float32, on \
Intel(R) Xeon(R) Processor; 3 epochs in 1 min 15 s; 4,610 parameters, for images of 24×32×3.

The recipe, with every setting (`kcnn fit` takes it as it is):

```yaml
"""
Make = Callable[..., RunFolder]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes a run folder."""

    def write(
        summary: dict[str, Any] = SUMMARY, per_class=PER_CLASS, resolved: str = RESOLVED
    ) -> RunFolder:
        run = RunFolder(tmp_path)
        write_text(run.resolved, resolved)
        write_json(run.summary, summary)
        write_json(run.environment, ENVIRONMENT)
        write_per_class(run, per_class)
        return run

    return write


def about(**changes: object) -> dict[str, Any]:
    """Return the facts of an artefact with other values, those measured too."""
    measured = {name: changes.get(name, value) for name, value in ABOUT["measured"].items()}
    return {
        **ABOUT,
        **{name: changes.get(name, ABOUT[name]) for name in ABOUT},
        "measured": measured,
    }


def section(card: str, heading: str) -> str:
    return card.partition(f"\n## {heading}\n\n")[2].partition("\n\n## ")[0]


def metadata(card: str) -> dict[str, Any]:
    """Read the first lines as Hugging Face does."""
    first, text, _ = card.split("---\n", 2)
    assert first == ""
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def test_the_whole_card(make: Make) -> None:
    card = model_card(make(), ABOUT, ["cat", "dog"])
    assert card == f"{EXPECTED}{RESOLVED}```\n"


def test_metadata_of_a_named_dataset(make: Make) -> None:
    data = "data: {dataset: folder, path: photos, image_size: [24, 32], resize: fit}"
    run = make(resolved=RESOLVED.replace(data, "data: {dataset: cifar10}"))
    found = metadata(model_card(run, about(format="onnx"), ["cat", "dog"]))
    assert found["license"] == "unknown"
    assert found["datasets"] == ["cifar10"]
    assert found["library_name"] == "onnx"
    (model,) = found["model-index"]
    (result,) = model["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": 0.825}]


def test_test_images_that_changed_give_no_accuracy(make: Make) -> None:
    changed = about(accuracy=None, accuracy_low=None, accuracy_high=None)
    card = model_card(make(), changed, ["cat", "dog"])
    assert "model-index" not in metadata(card)
    assert "| accuracy | – |" in section(card, "This file")
    assert section(card, "This file").endswith("the test images have changed since the run.")


def test_a_fixed_batch_size(make: Make) -> None:
    card = model_card(make(), about(batch_size=1), ["cat", "dog"])
    assert "uint8 of shape (1, 24, 32, 3)" in section(card, "Use")


def test_the_card_of_a_page_starts_its_server_before_anything_is_installed(make: Make) -> None:
    use = section(model_card(make(), about(use="serve.py"), ["cat", "dog"]), "Use")
    assert use.startswith(
        "```bash\npython serve.py\n```\n\nThe model also runs in Python:\n\n"
        "```bash\npip install ai-edge-litert numpy pillow\npython use.py photo.jpg\n```\n"
    )


def test_the_best_weights_have_scores_of_their_own(make: Make) -> None:
    card = model_card(make(), about(weights="best"), ["cat", "dog"])
    results = section(card, "Results")
    assert results.startswith("The model at the best validation epoch on 40 test images")
    assert "| accuracy | 87.50 % | 73.89–94.54 % |" in results
    assert "90.00 %" not in results  # of validation
    # per_class.csv is of the last weights
    assert results.endswith("The scores of each class are not known for these weights.")
    assert "| cat |" not in results
    assert "recall" not in section(card, "Limits")


def test_a_run_that_was_stopped(make: Make) -> None:
    run = make(summary={"status": "interrupted"})
    run.per_class.unlink()
    run.environment.unlink()
    card = model_card(run, ABOUT, ["cat", "dog"])
    assert "it was stopped before it was scored" in section(card, "Results")
    assert section(card, "Training").startswith("Trained.\n\nThe recipe")
    run.summary.unlink()
    assert model_card(run, ABOUT, ["cat", "dog"]) == card


def test_damaged_scores_of_the_classes_are_left_out(make: Make) -> None:
    run = make()
    run.per_class.write_text("class,precision\ncat,a lot\n", encoding="utf-8")
    results = section(model_card(run, ABOUT, ["cat", "dog"]), "Results")
    assert results.endswith("The scores of each class are not known for these weights.")


def test_several_labels(make: Make) -> None:
    scores = {"weights": "last", "accuracy": 0.9, "mean_average_precision": 0.7, "exact_match": 0.5}
    run = make(summary={**SUMMARY, "test": scores})
    labels = (
        LabelScore("cat", 0.8, 0.6, 0.7, 30, 0.75, 0.41),
        LabelScore("dog", None, None, None, 0, None, None),
    )
    write_label_scores(run, labels)
    card = model_card(run, about(several_labels=True), ["cat", "dog"])
    results = section(card, "Results")
    assert "| accuracy | 90.00 % | 76.95–96.04 % |" in results
    assert "| exact match | 50.00 % | 35.20–64.80 % |" in results
    assert "| cat | 30 | 60.00 % | 42.32–75.41 % | 80.00 % | 70.00 % | 75.00 % | 0.41 |" in results
    assert "| dog | 0 | – | – | – | – | – | – |" in results
    assert "Each image has any of these labels, or none (2): cat, dog." in card
    assert "It knows 2 labels. Of anything else in an image, it reports nothing." in card
    assert "cat: 60.00 %" in section(card, "Limits")


def test_strange_names_stay_text(make: Make) -> None:
    names = ["[x](javascript:1)", "a|b\n# c", "<script>", "\udcff\x1b[0m"]
    scores = [ClassScore(name, 0.5, 0.25 * index, 0.5, 40) for index, name in enumerate(names)]
    card = model_card(make(per_class=scores[:3]), ABOUT, names)
    assert "\\[x\\](javascript:1), a|b # c, &lt;script>, \\\\udcff\\\\u001b\\[0m." in card
    assert "| a\\|b # c | 40 |" in card
    assert "<script>" not in card
    assert "\n# c" not in card
    card.encode("utf-8")  # a lone surrogate would raise


def test_a_fence_in_the_recipe_ends_nothing(make: Make) -> None:
    resolved = RESOLVED.replace("Cats and dogs.", "'a ```` b'")
    card = model_card(make(resolved=resolved), ABOUT, ["cat", "dog"])
    assert card.endswith(f"\n\n`````yaml\n{resolved}`````\n")
