"""The text each command prints when it is done."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kcnn.console.tables import per_cent, table
from kcnn.text.duration import duration

if TYPE_CHECKING:
    from kcnn.commands.check import Check
    from kcnn.commands.evaluate import Evaluation
    from kcnn.commands.export import ExportResult
    from kcnn.commands.predict import Prediction
    from kcnn.commands.runs import RunRow
    from kcnn.errors import RecipeError
    from kcnn.training.complete_run import FitResult


def json_text(value: Any) -> str:
    """Return a result as JSON; in ASCII unless standard output has a Unicode encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    # Escapes keep a path as it is; a look-alike of a character would change it.
    in_unicode = encoding.lower().startswith("utf")
    return json.dumps(value, indent=2, ensure_ascii=not in_unicode, default=str)


def fit_text(result: FitResult) -> str:
    """Says test accuracy, where the run lies and what to type next."""
    summary, path = result.summary, result.run.path
    test, best = summary["test"], summary.get("best")
    lines = [
        f"test accuracy  {per_cent(test['accuracy'])} on {test['images']:,} images, "
        f"with the {test['weights']} weights",
        *(
            [f"               {_augmented_accuracy(summary['test_augmented'])}"]
            if "test_augmented" in summary
            else []
        ),
        *(
            [f"               {per_cent(best['test_accuracy'])} with epoch {best['epoch']}'s "
             f"weights, the best by validation ({per_cent(best['val_accuracy'])})"]
            if best
            else []
        ),
        f"time           {duration(summary['timings']['train'])} training, "
        f"{summary['timings']['training_images_per_second']:,} images/s; "
        f"{duration(summary['timings']['total'])} in all",
        f"run            {path}",
        f"pictures       {path / 'plots'}",
        "next           kcnn plot, kcnn export, kcnn predict IMAGE",
    ]  # fmt: skip
    return "\n".join(lines)


def check_text(check: Check) -> str:
    """Says what network a right recipe describes."""
    recipe, plan = check.recipe, check.plan
    is_own = recipe.data.path is not None  # whose images no check reads
    caveat = ", as far as can be told without the images" if is_own else ""
    verdict = f"{recipe.origin.file}: no mistakes found{caveat}"
    if plan is None:
        return verdict
    height, width, channels = plan.image_shape
    classes = f" to {plan.classes} classes" if plan.classes else ""
    built = "; Keras built it" if check.built else ""
    return (
        f"{verdict}{built}\n"
        f"{len(plan.nodes)} layers, from {height}×{width}×{channels} images{classes}; "
        f"{plan.cost.parameters:,} parameters, {plan.cost.multiply_adds:,} multiply-adds an image"
    )


def check_json(check: Check) -> dict[str, Any]:
    """Gives what a check found as plain JSON values."""
    plan = check.plan
    return {
        "recipe": str(check.recipe.origin.file),
        "name": check.recipe.name,
        "built": check.built,
        "image_shape": list(plan.image_shape) if plan else None,
        "classes": plan.classes if plan else None,
        "layers": len(plan.nodes) if plan else None,
        "parameters": plan.cost.parameters if plan else None,
        "multiply_adds": plan.cost.multiply_adds if plan else None,
    }


def mistakes_json(error: RecipeError) -> dict[str, Any]:
    """Gives the mistakes of a recipe as plain JSON values."""
    return {"mistakes": list(error.problems), "hint": error.hint}


def evaluation_text(evaluation: Evaluation) -> str:
    """Writes the accuracy and a row a class."""
    rows = [
        (one.name, per_cent(one.precision), per_cent(one.recall), per_cent(one.f1), one.support)
        for one in evaluation.per_class
    ]
    text = (
        table(("class", "precision", "recall", "f1", "images"), rows)
        + f"\n\n{evaluation.run} ({evaluation.weights} weights): test accuracy "
        f"{per_cent(evaluation.accuracy)} on {evaluation.images:,} images"
    )
    augmented = evaluation.augmented
    return f"{text}\n{_augmented_accuracy(augmented)}" if augmented else text


def _augmented_accuracy(augmented: Mapping[str, Any]) -> str:
    from kcnn.recipe.schema import FlipsAndShifts  # not for --help to wait for

    changes = FlipsAndShifts.model_construct(flip=augmented["flip"], shift=augmented["shift"])
    return f"{per_cent(augmented['accuracy'])} with {changes.in_words} averaged"


def predictions_text(predictions: Sequence[Prediction]) -> str:
    """Writes a row an image: its most probable classes."""
    count = max(len(one.classes) for one in predictions)
    rows = [
        (one.path, *(f"{name} {100 * chance:.1f} %" for name, chance in one.classes))
        for one in predictions
    ]
    return table(("image", "class", *["then"] * (count - 1)), rows)


def predictions_json(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Gives predictions as plain JSON values."""
    return [
        {
            "image": str(one.path),
            "classes": [{"class": name, "probability": chance} for name, chance in one.classes],
        }
        for one in predictions
    ]


def export_text(result: ExportResult) -> str:
    """Says where the export lies, what the gate found, and how to use it."""
    return (
        f"{result.path}  {result.size / 1e6:.1f} MB\n"
        f"checked in a fresh process with plain TensorFlow on {result.images:,} test images: "
        f"accuracy {per_cent(result.accuracy)}, largest difference of a probability "
        f"{result.largest_difference:.1e}, {result.different_classes} different classes\n"
        f"use it: {result.usage}"
    )


def runs_text(rows: Sequence[RunRow]) -> str:
    """Writes the table of runs."""
    if not rows:
        return "no runs yet; kcnn fit digits trains the first"
    return table(
        ("run", "status", "test accuracy", "val accuracy", "epochs", "parameters", "training",
         "started"),
        [
            (
                row.run, row.status, per_cent(row.test_accuracy), per_cent(row.val_accuracy),
                row.epochs, row.parameters,
                None if row.seconds is None else duration(row.seconds),
                f"{row.started:%Y-%m-%d %H:%M}",
            )
            for row in rows
        ],
    )  # fmt: skip


def recipes_text(recipes: Sequence[Mapping[str, Any]]) -> str:
    """Writes the table of recipes."""
    rows = [(one["name"], one["dataset"], one["about"]) for one in recipes]
    return table(("recipe", "data", "about"), rows) + "\n\nkcnn recipes show NAME prints one"


def sets_text(sets: Sequence[Mapping[str, Any]]) -> str:
    """Writes the table of data sets."""
    rows = [
        (
            one["name"],
            one["train_count"],
            one["test_count"],
            "×".join(map(str, one["image_shape"])),
            len(one["class_names"]),
            one["found"] or f"not here; kcnn data fetch {one['name']}",
        )
        for one in sets
    ]
    return table(("set", "training", "test", "images", "classes", "found"), rows)


def verify_text(result: Mapping[str, Any]) -> str:
    """Says whether a set can be read and whether it is the original."""
    files = {
        True: "the original download",
        False: "not byte for byte the original download",
        None: "of a form for which no hash of the original is known",
    }[result["original"]]
    if result["original"] is False and result["readable"]:
        files += "; the images can be read all the same"
    lines = [f"{result['name']}: {result['path']}"]
    lines += [f"sha256 {digest}  {name}" for name, digest in result["sha256"].items()]
    lines.append(f"files: {files}")
    if result["readable"]:
        lines.append(
            f"readable: {result['train_count']:,} training and {result['test_count']:,} test images"
        )
    else:
        lines.append(f"not readable: {result['problem']}")
    return "\n".join(lines)


def _repeatability(differing: list[str] | None) -> list[tuple[str, str]]:
    if differing is None:
        return []
    same = "yes: two fits of digits left the same files, except for recorded times"
    return [("repeatable", f"NO: {', '.join(differing)} differ" if differing else same)]


def machine_text(machine: Mapping[str, Any]) -> str:
    """Writes what the doctor found."""
    devices = [
        " ".join(str(value) for value in device.values() if value) for device in machine["devices"]
    ]
    precision = {
        "AMX": "fast (AMX): train.precision=auto uses it",
        "AVX-512 BF16": "fast (AVX-512 BF16): train.precision=auto uses it",
        "none": "slow on this processor: train.precision=auto stays with float32",
    }[machine["bfloat16"]]
    problem = machine["output_dir_problem"]
    rows = [
        ("kcnn", machine["kcnn"]),
        ("python", machine["python"]),
        *machine["packages"].items(),
        ("processor", f"{machine['processor']}, {machine['cores']} cores"),
        ("devices", ", ".join(devices)),
        ("oneDNN", {True: "on", False: "off", None: "TensorFlow's choice"}[machine["onednn"]]),
        ("bfloat16", precision),
        *_repeatability(machine.get("differing_files")),
        ("output folder", problem or f"{machine['output_dir']}: can be written"),
        *((f"data {name}", found or "not here") for name, found in machine["data"].items()),
    ]
    return table(("what", "found"), rows)
