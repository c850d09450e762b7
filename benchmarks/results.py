"""Write the README's table of recipes from the results of `kcnn reproduce`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kcnn.model.checked_recipe import plan_without_images
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.library import find_recipe, shipped_recipes
from kcnn.studies.quantities import Quantity
from kcnn.studies.verdicts import Verdict, judge

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
BEGIN = "<!-- results: python benchmarks/results.py outputs -->"
END = "<!-- end of results -->"
COLUMNS = (
    "recipe", "parameters", "multiply-adds", "published (source): verdict", "our test accuracy",
    "seconds",
)  # fmt: skip
# Tutorials, models for a high accuracy, pairs to compare, and well-known large models.
ORDER = (
    "digits", "mnist", "leaky_bn", "leaky_bn_fast", "lenet5", "simple_convnet", "cifar",
    "cifar_padding1", "cifar_tuned", "cifar94", "cifar94_muon", "cifar96", "mnist_best",
    "dense", "convolution", "batch_norm", "layer_norm", "alexnet", "alexnet_cifar",
    "vgg16", "resnet20", "transfer",
)  # fmt: skip


def store_results(output_dir: Path) -> None:
    """Copy the results of `kcnn reproduce` into RESULTS, with the machine of each.

    Args:
        output_dir: The folder of all runs.
    """
    RESULTS.mkdir(exist_ok=True)
    for report in sorted(output_dir.glob("*/reproduction/reproduction.json")):
        measured = json.loads(report.read_text(encoding="utf-8"))
        if measured["recipe"] in ORDER and not measured["overrides"]:
            stored = json.dumps(_stored(measured, report), indent=2, ensure_ascii=False)
            (RESULTS / f"{measured['recipe']}.json").write_text(f"{stored}\n", encoding="utf-8")


def _stored(measured: dict[str, Any], report: Path) -> dict[str, Any]:
    """Return the part of a result to store: no paths, and nothing that can be computed from it.

    Verdicts are computed when the table is written, by kcnn's current rules.
    """
    runs = [{"seed": run["seed"], "seconds": run["seconds"]} for run in measured["runs"]]
    quantities = [
        {key: quantity[key] for key in ("name", "values", "images")}
        for quantity in measured["quantities"]
    ]
    first = report.parents[1] / Path(measured["runs"][0]["path"]).name
    environment = json.loads((first / "environment.json").read_text(encoding="utf-8"))
    machine = {
        "processor": environment["processor"],
        "bfloat16": environment["bfloat16"],
        "training_devices": environment["training_devices"],
        "tensorflow": environment["packages"]["tensorflow"],
        "keras": environment["packages"]["keras"],
    }
    return {
        "recipe": measured["recipe"],
        "runs": runs,
        "quantities": quantities,
        "machine": machine,
    }


def table() -> str:
    """Return the table of all recipes, measured or not."""
    assert set(ORDER) == set(shipped_recipes()), "ORDER names every recipe once"
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(_row, ORDER)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_table(readme: str) -> str:
    """Return the text of the README with the table between BEGIN and END."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise click.ClickException(f"README.md: expected {BEGIN} and {END} around the table")
    return f"{before}{BEGIN}\n\n{table()}\n\n{_machines()}\n\n{END}{after}"


def _machines() -> str:
    """Return which recipes were measured on which processor, the most used processor last."""
    recipes: dict[str, list[str]] = {}
    for name in ORDER:
        if measured := _read_result(name):
            machine = measured["machine"]
            recipes.setdefault(_processor(machine), []).append(name)
    *others, (busiest, _) = sorted(recipes.items(), key=lambda item: len(item[1]))
    listed = [
        f"{', '.join(f'`{name}`' for name in names)} on {processor}" for processor, names in others
    ]
    return f"Measured {'; '.join([*listed, f'all others on {busiest}'])}."


def _read_result(name: str) -> dict[str, Any] | None:
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _row(name: str) -> list[str]:
    recipe, measured = read_recipe(find_recipe(name)), _read_result(name)
    plan = plan_without_images(recipe)  # without images, which alexnet's recipe does not have
    return [
        f"`{name}`: {(recipe.about or '').rstrip('.')}",
        f"{plan.cost.parameters:,}",
        f"{plan.cost.multiply_adds:,}",
        _published(recipe, measured) or "–",
        _accuracies(recipe, measured) if measured else "not measured",
        # The fastest seed, because other programs can only slow a training down.
        f"{min(run['seconds'] for run in measured['runs']):.0f}" if measured else "–",
    ]


def _published(recipe: Recipe, measured: dict[str, Any] | None) -> str:
    quantities = _quantities(measured) if measured else []
    return "; ".join(_verdict(judge(number, quantities)) for number in recipe.published)


def _verdict(judged: Verdict) -> str:
    prefix, _, rest = judged.metric.partition("_")
    label = "validation " if prefix == "val" else ""
    label = "augmented " if rest.startswith("augmented_") else label
    published = f"{label}{100 * judged.value:.6g} % ({judged.source})"
    verdict = judged.verdict
    if verdict == "not measured":
        return published
    if verdict in ("below", "above"):
        verdict = f"ours is {verdict}"
    return f"{published}: **{verdict}**"


def _accuracies(recipe: Recipe, measured: dict[str, Any]) -> str:
    plain = _accuracy(measured, "test_accuracy")
    changes = recipe.data.test_time_augmentation
    if changes is None:
        return plain
    averaged = _accuracy(measured, "test_augmented_accuracy")
    return f"{plain}; with {changes.in_words} averaged {averaged}"


def _processor(machine: dict[str, Any]) -> str:
    has = machine["bfloat16"]
    return f"{machine['processor']} with {'no fast bfloat16' if has == 'none' else has}"


def _accuracy(measured: dict[str, Any], name: str) -> str:
    (quantity,) = (quantity for quantity in _quantities(measured) if quantity.name == name)
    spread = f" ± {100 * quantity.interval.half_width:.2f}" if quantity.interval else ""
    return f"{100 * quantity.mean:.2f}{spread} % ({len(quantity.values)})"


def _quantities(measured: dict[str, Any]) -> list[Quantity]:
    return [
        Quantity(quantity["name"], tuple(quantity["values"]), quantity["images"])
        for quantity in measured["quantities"]
    ]


@click.command(epilog="Example: python benchmarks/results.py outputs")
@click.argument("output_dir", required=False, type=click.Path(path_type=Path, exists=True))
def main(output_dir: Path | None) -> None:
    """Write the README's table of recipes from the results in benchmarks/results.

    First copy there what kcnn reproduce measured below OUTPUT_DIR (reproduction.json).
    """
    if output_dir is not None:
        store_results(output_dir)
    readme_file = REPOSITORY / "README.md"
    written = with_table(readme_file.read_text(encoding="utf-8"))
    readme_file.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
