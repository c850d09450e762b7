"""Compare an epoch of a recipe in kcnn, images included, with bare Keras on ready float arrays."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes
from kcnn.recipe.optimizers import ConvolutionMuon
from training_speed import images_per_second, settled, shown

# Too slow for a processor, for images of your own, or the network of another recipe.
LEFT_OUT = {"alexnet", "vgg16", "cifar96", "cifar94_muon"}
RECIPES = tuple(name for name in shipped_recipes() if name not in LEFT_OUT)
AUGMENTED = "[{RandomCrop: {padding: 2}}, RandomFlip, {Cutout: {size: 4}}]"
# What is set of the recipe for each column.
WAYS = {
    "without augmentation": ["data.augment=[]"],
    "with crop, flip and cutout": [f"data.augment={AUGMENTED}"],
    "with the recipe's own": [],
}


def ratios(
    recipe: str, overrides: Sequence[str], precision: str, rounds: int, epochs: int, images: int
) -> list[float]:
    """Time bare Keras and kcnn in turn; return the seconds of kcnn over those of bare Keras."""
    found = []
    for turn in range(1, rounds + 1):
        bare, ours = (
            images_per_second(contender, recipe, precision, epochs, images, *overrides)
            for contender in ("bare_keras", "ours")
        )
        found.append(bare / ours)
        click.echo(f"{' '.join([recipe, *overrides])}, round {turn}: {found[-1]:.3f}", err=True)
    return found


def optimizer_of_both(recipe: str) -> list[str]:
    """Return the optimizer of both where Keras does not have the recipe's."""
    ours = isinstance(read_recipe(recipe).train.optimizer, ConvolutionMuon)
    return ["train.optimizer=SGD"] if ours else []


@click.command(epilog="Example: python benchmarks/feed.py cifar mnist --rounds 5")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...", type=click.Choice(RECIPES))
@click.option("--precision", default="auto", show_default=True,
              type=click.Choice(["auto", "float32", "mixed_bfloat16"]))  # fmt: skip
@click.option("--rounds", default=3, show_default=True, help="Times each is run, in turn.")
@click.option("--epochs", default=2, show_default=True, help="Timed in each run, after one more.")
@click.option("--images", default=10_000, show_default=True, help="In an epoch.")
def main(recipes: tuple[str, ...], precision: str, rounds: int, epochs: int, images: int) -> None:
    """Compare an epoch of some RECIPEs, or of nearly all, with bare Keras's on the same net.

    Prints kcnn's seconds over those of model.fit on float arrays, which never augments: 1 is as
    fast, 1.03 takes 3 % longer. Both kcnn's images and its faster layers count; where Keras lacks
    the recipe's optimizer, both train by SGD. Median of the rounds, and the lowest and highest. All
    recipes take hours. If one fails, the others are measured all the same; the exit status is 1.
    """
    policy = settled(precision)
    click.echo(f"| recipe | {' | '.join(WAYS)} |\n| --- |{' ---: |' * len(WAYS)}")
    failed = False
    for recipe in recipes or RECIPES:
        cells = [recipe]
        for overrides in WAYS.values():
            if not overrides and not read_recipe(recipe).data.augment:
                cells.append("–")
                continue
            alike = [*overrides, *optimizer_of_both(recipe)]
            try:
                cells.append(shown(ratios(recipe, alike, policy, rounds, epochs, images)))
            except click.ClickException as error:
                error.show()
                cells.append("failed")
                failed = True
        click.echo(f"| {' | '.join(cells)} |")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
