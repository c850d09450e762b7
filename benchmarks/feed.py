"""Compare an epoch of kcnn, with its input pipeline, with bare Keras on float arrays."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.recipe.optimizers import ConvolutionMuon
from training_speed import choose_policy, format_ratios, images_per_second

# Recipes that are too slow for a CPU, need a user's images or pretrained weights, or have the model
# of another recipe.
SKIPPED = {"alexnet", "vgg16", "cifar96", "cifar94_muon", "transfer"}
RECIPES = tuple(name for name in shipped_recipes() if name not in SKIPPED)
AUGMENTED = "[{RandomCrop: {padding: 2}}, RandomFlip, {Cutout: {size: 4}}]"
# The columns of the table, and the overrides of the recipe for each.
VARIANTS = {
    "without augmentation": ["data.augment=[]"],
    "with crop, flip and cutout": [f"data.augment={AUGMENTED}"],
    "with the recipe's own": [],
}


def measure_ratios(
    recipe: str, overrides: Sequence[str], precision: str, rounds: int, epochs: int, images: int
) -> list[float]:
    """Time bare Keras and kcnn in turn; return kcnn's seconds divided by bare Keras's."""
    measured = []
    for number in range(1, rounds + 1):
        bare, ours = (
            images_per_second(contender, recipe, precision, epochs, images, *overrides)
            for contender in ("bare_keras", "ours")
        )
        measured.append(bare / ours)
        click.echo(
            f"{' '.join([recipe, *overrides])}, round {number}: {measured[-1]:.3f}", err=True
        )
    return measured


def common_optimizer(recipe: str) -> list[str]:
    """Return an override to SGD if Keras does not have the recipe's optimizer."""
    is_ours = isinstance(read_recipe(recipe).train.optimizer, ConvolutionMuon)
    return ["train.optimizer=SGD"] if is_ours else []


@click.command(epilog="Example: python benchmarks/feed.py cifar mnist --rounds 5")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...", type=click.Choice(RECIPES))
@click.option("--precision", default="auto", show_default=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]))  # fmt: skip
@click.option("--rounds", default=3, show_default=True, help="How often each is run, in turn.")
@click.option(
    "--epochs", default=2, show_default=True, help="Epochs that are timed, after a warm-up epoch."
)
@click.option("--images", default=10_000, show_default=True, help="Images in an epoch.")
def main(recipes: tuple[str, ...], precision: str, rounds: int, epochs: int, images: int) -> None:
    """Compare an epoch of some RECIPEs, or of nearly all, with bare Keras on the same model.

    Print kcnn's seconds divided by those of model.fit on float arrays without augmentation: 1 is
    as fast, 1.03 takes 3 % longer. The seconds of kcnn are with its input pipeline and its faster
    layers. If Keras does not have the recipe's optimizer, both use SGD. The table has the median of
    the rounds, the lowest and the highest. All recipes take hours. If a recipe fails, the others
    are still measured, and the exit status is 1.
    """
    click.echo(f"| recipe | {' | '.join(VARIANTS)} |\n| --- |{' ---: |' * len(VARIANTS)}")
    failed = False
    for recipe in recipes or RECIPES:
        cells, policy = [recipe], choose_policy(recipe, precision)
        for overrides in VARIANTS.values():
            if not overrides and not read_recipe(recipe).data.augment:
                cells.append("–")
                continue
            settings = [*overrides, *common_optimizer(recipe)]
            try:
                cells.append(
                    format_ratios(measure_ratios(recipe, settings, policy, rounds, epochs, images))
                )
            except click.ClickException as error:
                error.show()
                cells.append("failed")
                failed = True
        click.echo(f"| {' | '.join(cells)} |")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
