"""The README's table of recipes, from what `kcnn reproduce` measured.

`python benchmarks/results.py outputs` takes every `outputs/NAME/reproduction/reproduction.json`
into benchmarks/results/ and writes the table from all that lies there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kcnn.commands.check import check
from kcnn.commands.studies.verdicts import Quantity
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.library import find_recipe, shipped_recipes
from kcnn.recipe.schema import Published

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
BEGIN = "<!-- results: python benchmarks/results.py outputs -->"
END = "<!-- end of results -->"
COLUMNS = (
    "recipe", "parameters", "multiply-adds", "published (source): verdict", "our test accuracy",
    "seconds",
)  # fmt: skip
# The tutorials, the nets made to score, the pairs to compare, the well-known large ones.
ORDER = (
    "digits", "mnist", "leaky_bn", "leaky_bn_fast", "lenet5", "simple_convnet", "cifar",
    "cifar_padding1", "cifar_tuned", "cifar94", "cifar94_muon", "cifar96", "mnist_best",
    "dense", "convolution", "batch_norm", "layer_norm", "alexnet", "alexnet_cifar",
    "vgg16", "resnet20",
)  # fmt: skip


def take_in(output_dir: Path) -> None:
    """Keeps what was reproduced below a folder of runs, each with the machine it ran on.

    Args:
        output_dir: Where runs lie.
    """
    RESULTS.mkdir(exist_ok=True)
    for report in sorted(output_dir.glob("*/reproduction/reproduction.json")):
        measured = json.loads(report.read_text(encoding="utf-8"))
        if measured["recipe"] in ORDER and not measured["overrides"]:
            kept = json.dumps(_without_places(measured), indent=2, ensure_ascii=False)
            (RESULTS / f"{measured['recipe']}.json").write_text(f"{kept}\n", encoding="utf-8")


def _without_places(measured: dict[str, Any]) -> dict[str, Any]:
    """Leaves out where the runs lay, which means nothing to others."""
    runs = [{"seed": run["seed"], "seconds": run["seconds"]} for run in measured["runs"]]
    first = Path(measured["runs"][0]["path"])
    environment = json.loads((first / "environment.json").read_text(encoding="utf-8"))
    machine = {
        "processor": environment["processor"],
        "bfloat16": environment["bfloat16"],
        "training_devices": environment["training_devices"],
        "tensorflow": environment["packages"]["tensorflow"],
        "keras": environment["packages"]["keras"],
    }
    kept = {name: value for name, value in measured.items() if name != "report"}
    return kept | {"runs": runs, "machine": machine}


def table() -> str:
    """Gives the table of all recipes, measured or not."""
    assert set(ORDER) == set(shipped_recipes()), "ORDER names every recipe once"
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(_row, ORDER)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_table(readme: str) -> str:
    """Puts the table between its two marks in a README's text."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{_machines()}\n\n{END}{after}"


def _machines() -> str:
    """Says which recipes were measured on which processor, the busiest one last."""
    recipes: dict[str, list[str]] = {}
    for name in ORDER:
        if measured := _measured(name):
            machine = measured["machine"]
            recipes.setdefault(_described(machine), []).append(name)
    *others, (busiest, _) = sorted(recipes.items(), key=lambda one: len(one[1]))
    listed = [f"{', '.join(f'`{name}`' for name in names)} on {one}" for one, names in others]
    return f"Measured {'; '.join([*listed, f'all others on {busiest}'])}."


def _measured(name: str) -> dict[str, Any] | None:
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _row(name: str) -> list[str]:
    recipe, plan, measured = read_recipe(find_recipe(name)), check(name).plan, _measured(name)
    return [
        f"`{name}`: {(recipe.about or '').rstrip('.')}",
        f"{plan.cost.parameters:,}",
        f"{plan.cost.multiply_adds:,}",
        _published(recipe, measured) or "–",
        _accuracies(recipe, measured) if measured else "not measured",
        # Whatever else ran on the machine can only have slowed a seed down.
        f"{min(run['seconds'] for run in measured['runs']):.0f}" if measured else "–",
    ]


def _published(recipe: Recipe, measured: dict[str, Any] | None) -> str:
    verdicts = {one["metric"]: one["verdict"] for one in measured["published"]} if measured else {}
    return "; ".join(_one_published(one, verdicts.get(one.metric)) for one in recipe.published)


def _one_published(one: Published, verdict: str | None) -> str:
    prefix, _, rest = one.metric.partition("_")
    label = "validation " if prefix == "val" else ""
    label = "augmented " if rest.startswith("augmented_") else label
    shown = f"{label}{100 * one.value:.6g} % ({one.source})"
    judged = f"ours is {verdict}" if verdict in ("below", "above") else verdict
    return f"{shown}: **{judged}**" if judged else shown


def _accuracies(recipe: Recipe, measured: dict[str, Any]) -> str:
    plain = _accuracy(measured, "test_accuracy")
    changes = recipe.data.test_time_augmentation
    if changes is None:
        return plain
    averaged = _accuracy(measured, "test_augmented_accuracy")
    return f"{plain}; with {changes.in_words} averaged {averaged}"


def _described(machine: dict[str, Any]) -> str:
    has = machine["bfloat16"]
    return f"{machine['processor']} with {'no fast bfloat16' if has == 'none' else has}"


def _accuracy(measured: dict[str, Any], name: str) -> str:
    (test,) = (one for one in measured["quantities"] if one["name"] == name)
    quantity = Quantity(test["name"], tuple(test["values"]), test["images"])
    spread = f" ± {100 * quantity.interval.half_width:.2f}" if quantity.interval else ""
    return f"{100 * quantity.mean:.2f}{spread} % ({len(quantity.values)})"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take_in(Path(sys.argv[1]))
    readme_file = REPOSITORY / "README.md"
    written = with_table(readme_file.read_text(encoding="utf-8"))
    readme_file.write_text(written, encoding="utf-8")
