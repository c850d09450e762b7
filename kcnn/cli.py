"""Every command of kcnn: parse, call, print. What a command does is in kcnn/commands/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kcnn import __version__
from kcnn.console import output
from kcnn.console.command_group import Commands
from kcnn.console.options import (
    at_least_two,
    complete_recipe,
    data_dir,
    device,
    for_gradients,
    for_one_layer,
    for_reading_runs,
    jobs,
    json_option,
    options,
    output_dir,
    overrides,
    quiet,
    recipe,
    resume_option,
    run,
    weights,
)
from kcnn.console.progress import make_progress
from kcnn.console.streams import show
from kcnn.console.usage import (
    for_a_new_run,
    for_resuming,
    refuse_explain_of_two_kinds,
    refuse_runs_of_two_kinds,
    refuse_without_gradients,
)
from kcnn.errors import RecipeError

SORTS = ("started", "accuracy", "epochs", "parameters", "seconds", "run")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="kcnn")
def cli() -> None:
    """Train convolutional networks on images from one recipe file.

    A recipe is a lesson or a paper made executable: it names the data, the layers in Keras's words,
    and the training. kcnn brings some (kcnn recipes).

    \b
    Examples:
      kcnn fit digits        train; needs no download
      kcnn plot              draw the newest run again
      kcnn export            write it as a SavedModel
    """


@cli.command()
@click.argument("recipe", required=False, shell_complete=complete_recipe)
@overrides
@options(output_dir, data_dir)
@click.option("--name", help="The run's name; the next number when left out.")
@click.option("--seed", type=click.IntRange(0), help="In place of train.seed.")
@resume_option
@options(device, quiet, json_option)
def fit(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Train the network that a recipe describes.

    RECIPE is a file or the name of a recipe that kcnn brings, and any setting of it can be given
    here. Leaves a run folder with metrics, pictures, models and the settings in force.

    A run that was stopped goes on with --resume and ends as it would have without the stop; with
    more epochs, a finished one goes on too. Its other settings cannot change.

    \b
    Examples:
      kcnn fit digits
      kcnn fit recipes/cifar.yaml train.epochs=5 train.optimizer.Adam.learning_rate=3e-4
      kcnn fit --resume
      kcnn fit --resume cifar/run-001 train.epochs=40
    """
    from kcnn.commands.fit import fit
    from kcnn.commands.resume import resume

    if arguments["resume"] is None:
        result = fit(progress=make_progress(quiet), **for_a_new_run(**arguments))
    else:
        result = resume(progress=make_progress(quiet), **for_resuming(**arguments))
    summary = {"path": str(result.run.path), **result.summary}
    show(output.json_text(summary) if as_json else output.fit_text(result))


@cli.command()
@click.argument("runs", nargs=-1)
@click.option("--only", metavar="NAME,...", default="", help="Only these pictures.")
@click.option(
    "--format", "image_format", type=click.Choice(["png", "svg", "pdf"]), default="png",
    show_default=True, help="How pictures are written.",
)  # fmt: skip
@click.option(
    "--style", type=click.Choice(["default", "textbook"]), default="default", show_default=True,
    help="Of accuracy: textbook has circles and squares, from 0 to 1.",
)  # fmt: skip
@click.option(
    "--image", type=click.Path(path_type=Path),
    help="Feature maps of this image file, not of test images.",
)  # fmt: skip
@for_reading_runs
def plot(only: str, quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Draw the pictures of one run again, or the curves of several.

    Curves of several runs lie over each other. The newest run when none is named. A run that was
    stopped plots what it has.

    \b
    Examples:
      kcnn plot
      kcnn plot cifar/run-001 cifar/run-002 --format svg
      kcnn plot --only accuracy,confusion
      kcnn plot --only accuracy --style textbook
      kcnn plot --only filters,feature_maps --image cat.png
    """
    from kcnn.commands.plot import plot_runs

    names = [name.strip() for name in only.split(",") if name.strip()]
    paths = plot_runs(only=names, progress=make_progress(quiet), **arguments)
    written = [str(path) for path in paths]
    show(output.json_text(written) if as_json else "\n".join(written))


@cli.command()
@run
@weights
@click.option(
    "--destination", type=click.Path(path_type=Path),
    help="Write to this new folder, not into the run's own export/saved_model.",
)  # fmt: skip
@for_reading_runs
def export(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Write a run's model as a SavedModel, and check it.

    The SavedModel takes raw images and gives class probabilities. It is loaded again in a fresh
    process with plain TensorFlow, and must answer as the model does on the whole test set. The
    newest run when none is named.

    \b
    Examples:
      kcnn export
      kcnn export cifar/run-001 --weights best
    """
    from kcnn.commands.export import export

    result = export(progress=make_progress(quiet), **arguments)
    show(output.json_text(vars(result)) if as_json else output.export_text(result))


@cli.command()
@recipe
@overrides
@click.option("--build", is_flag=True, help="Build it with Keras as well (takes seconds).")
@for_gradients
@json_option
def check(
    recipe: str, overrides: Sequence[str], build: bool, gradients: bool, as_json: bool,
    **of_gradients: Any,
) -> None:  # fmt: skip
    """Find every mistake in a recipe, without training.

    All that can be told together is: first the mistakes in words and values, then those between
    settings, then what does not fit of the network.

    --gradients compares backpropagation with numerical gradients, at weights chosen at random, in
    float64 on a few real images. Dropout and noise are held still; batch normalization takes the
    statistics of these images.

    \b
    Examples:
      kcnn check recipes/cifar.yaml train.batch_size=64
      kcnn check cifar --gradients
    """
    from kcnn.commands.check import check
    from kcnn.commands.check_gradients import check_gradients
    from kcnn.console.gradients import shown

    refuse_without_gradients(gradients, **of_gradients)
    if gradients:
        given = {name: value for name, value in of_gradients.items() if value is not None}
        report = check_gradients(recipe, overrides, progress=make_progress(quiet=False), **given)
        show(shown(report, as_json))
        click.get_current_context().exit(0 if report.right else 1)
    try:
        result = check(recipe, overrides, build, make_progress(quiet=False))
    except RecipeError as error:
        if as_json:
            show(output.json_text(output.mistakes_json(error)))
        raise
    show(output.json_text(output.check_json(result)) if as_json else output.check_text(result))


@cli.command()
@recipe
@overrides
@click.option(
    "--solve", type=click.Choice(["padding"]), help="Which padding keeps each convolution's map.",
)  # fmt: skip
@for_one_layer
@click.option("--markdown", is_flag=True, help="Print Markdown for course notes.")
@for_reading_runs
def explain(
    recipe: str, overrides: Sequence[str], solve: str | None, layer: str | None, markdown: bool,
    output_dir: Path, data_dir: Path | None, quiet: bool, as_json: bool, **of_layer: Any,
) -> None:  # fmt: skip
    """Show the arithmetic behind each layer of a recipe.

    The sums behind shapes, parameters and multiply-adds; with them the memory of the activations,
    the receptive field, and what is worth a second look. Nothing is trained. --layer shows how one
    value of a convolution comes about.

    \b
    Examples:
      kcnn explain cifar
      kcnn explain cifar --solve padding 'model.layers[0].Conv2D.kernel_size=7'
      kcnn explain mnist --layer conv2d --at 14,14
      kcnn explain mnist --markdown > mnist.md
    """
    from kcnn.commands.explain import explain, solve_for_padding
    from kcnn.commands.explain_layer import explain_layer
    from kcnn.console import convolution, explanation

    refuse_explain_of_two_kinds(solve, layer, markdown, as_json, **of_layer)
    if layer is not None:
        of_layer |= {"output_dir": output_dir, "data_dir": data_dir}
        example = explain_layer(recipe, overrides, layer, progress=make_progress(quiet), **of_layer)
        show(convolution.shown(example, as_json))
    else:
        result = solve_for_padding(recipe, overrides) if solve else explain(recipe, overrides)
        show(explanation.shown(result, as_json, markdown))
        if result.problem is not None:
            raise result.problem


@cli.command()
@run
@weights
@for_reading_runs
def evaluate(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Score a run's model on the test set again, class by class.

    \b
    Example:
      kcnn evaluate cifar/run-001 --weights best
    """
    from kcnn.commands.evaluate import evaluate

    result = evaluate(progress=make_progress(quiet), **arguments)
    show(output.json_text(result.as_json()) if as_json else output.evaluation_text(result))


@cli.command()
@click.argument("images", nargs=-1, required=True, metavar="[RUN] IMAGE...")
@weights
@click.option("--top", type=click.IntRange(1), default=3, show_default=True, help="Classes shown.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write a table, too.")
@options(output_dir, quiet, json_option)
def predict(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Say what is on your images.

    PNG, JPEG, BMP and GIF files, or folders of them. Size and colours are converted as the run
    needs. The newest run when none is named.

    \b
    Examples:
      kcnn predict cat.png
      kcnn predict cifar/run-001 photos/ --top 5 --csv answers.csv
    """
    from kcnn.commands.predict import UnreadableImagesError, predict, split_run

    run, images = split_run(arguments.pop("images"), arguments["output_dir"])
    problem: UnreadableImagesError | None = None
    try:
        answers = predict(images, run, progress=make_progress(quiet), **arguments)
    except UnreadableImagesError as error:
        answers, problem = error.predictions, error
    text = output.json_text(output.predictions_json(answers)) if as_json else None
    show(text or output.predictions_text(answers))
    if problem is not None:
        raise problem


@cli.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", callback=at_least_two)
@click.option(
    "--difference", type=click.FloatRange(0, 100, min_open=True), default=0.3, show_default=True,
    help="Points of test accuracy to count the seeds for.",
)  # fmt: skip
@options(output_dir, json_option)
def compare(runs: Sequence[str], difference: float, output_dir: Path, as_json: bool) -> None:
    """Compare finished runs, with what chance alone would do.

    Shows their settings and their accuracy. Runs that differ only by seed count as one group.
    For two runs every test image is compared.

    \b
    Examples:
      kcnn compare cifar/run-001 cifar/run-002
      kcnn compare outputs/cifar/seed-* outputs/cifar_tuned/seed-* --difference 1
    """
    from kcnn.commands.compare import compare
    from kcnn.console.comparison import comparison_text

    result = compare(runs, output_dir, difference / 100)
    show(output.json_text(result.as_json()) if as_json else comparison_text(result))


@cli.command()
@recipe
@overrides
@click.option(
    "--seeds", type=click.IntRange(1), default=3, show_default=True, help="How many to train.",
)  # fmt: skip
@click.option("--first-seed", type=click.IntRange(0), help="The first; train.seed when left out.")
@options(jobs, device, output_dir, data_dir, quiet, json_option)
def reproduce(
    recipe: str, overrides: Sequence[str], seeds: int, first_seed: int | None, quiet: bool,
    as_json: bool, **study: Any,
) -> None:  # fmt: skip
    """Train several seeds of a recipe; judge its published numbers.

    Each number is reproduced, or ours is below or above it, or the seeds are too few to decide.
    Finished runs of the same settings and seed are reused, and stopped ones are resumed; so the
    same command continues a stopped reproduction.

    \b
    Examples:
      kcnn reproduce cifar --seeds 5
      kcnn reproduce cifar --seeds 4 --jobs 2
      kcnn reproduce cifar --seeds 3 train.epochs=5
    """
    from kcnn.commands.reproduce import reproduce
    from kcnn.console.reproduction import reproduction_text
    from kcnn.studies.trials import StudyOptions

    options = StudyOptions(**study)
    result = reproduce(recipe, seeds, overrides, first_seed, options, make_progress(quiet))
    show(output.json_text(result.as_json()) if as_json else reproduction_text(result))


@cli.command()
@recipe
@overrides
@click.option(
    "--over", multiple=True, required=True, metavar="SETTING=[V1,V2,...]",
    help="A setting and its values, a YAML list; may be given several times.",
)  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True,
    help="Seeds of each combination.",
)  # fmt: skip
@options(jobs, device, output_dir, data_dir, quiet, json_option)
def sweep(
    recipe: str, overrides: Sequence[str], over: Sequence[str], seeds: int, quiet: bool,
    as_json: bool, **study: Any,
) -> None:  # fmt: skip
    """Train a recipe on a grid of settings.

    One run for each combination of the values; a table and a plot compare them. Finished runs of
    the same settings and seed are reused, and stopped ones are resumed; so the same command
    continues a stopped sweep.

    \b
    Examples:
      kcnn sweep cifar --over 'train.batch_size=[32,128]' --over 'train.optimizer=[SGD,Adam]'
      kcnn sweep digits --over 'train.optimizer=[SGD, {SGD: {momentum: 0.9}}, Adam]' --seeds 3
      kcnn sweep cifar --over 'train.optimizer.Adam.learning_rate=[1e-3,1e-4]' --jobs 2
    """
    from kcnn.commands.sweep import sweep
    from kcnn.console.sweep import sweep_text
    from kcnn.studies.trials import StudyOptions

    options = StudyOptions(**study)
    result = sweep(recipe, over, overrides, seeds, options, make_progress(quiet))
    show(output.json_text(result.as_json()) if as_json else sweep_text(result))


@cli.command()
@run
@output_dir
@click.option("--sort", type=click.Choice(SORTS), default="started", show_default=True)
@click.option("--watch", "watched", is_flag=True, help="Follow RUN while it trains.")
@json_option
def runs(run: str | None, output_dir: Path, sort: str, watched: bool, as_json: bool) -> None:
    """List runs, or follow one that trains.

    The list has their accuracy, size and time. --watch shows the log of RUN, the newest when none
    is named, until its training ends. Ctrl-C ends the watching alone.

    \b
    Examples:
      kcnn runs --sort accuracy
      kcnn runs --watch
    """
    refuse_runs_of_two_kinds(run, watched, as_json)
    if watched:
        from kcnn.commands.watch import watch

        for line in watch(run, output_dir):
            show(line)
        return
    from kcnn.commands.runs import list_runs

    rows = list_runs(output_dir, sort)
    show(output.json_text([row.as_json() for row in rows]) if as_json else output.runs_text(rows))


@cli.group(cls=Commands, invoke_without_command=True)
@json_option
@click.pass_context
def recipes(ctx: click.Context, as_json: bool) -> None:
    """List kcnn's recipes; show one, or copy one to start from.

    \b
    Examples:
      kcnn recipes
      kcnn recipes show cifar
      kcnn recipes copy cifar mine.yaml
    """
    if ctx.invoked_subcommand is None:
        from kcnn.commands.recipes import list_recipes

        listed = list_recipes()
        show(output.json_text(listed) if as_json else output.recipes_text(listed))


@recipes.command("show")
@click.argument("name")
def show_recipe(name: str) -> None:
    """Print a recipe.

    \b
    Example:
      kcnn recipes show cifar
    """
    from kcnn.commands.recipes import show_recipe

    show(show_recipe(name).rstrip("\n"))


@recipes.command("copy")
@click.argument("name")
@click.argument("destination", type=click.Path(path_type=Path), default=".")
def copy_recipe(name: str, destination: Path) -> None:
    """Copy a recipe, to make it your own.

    DESTINATION is a new file or a folder (the current folder when left out).

    \b
    Example:
      kcnn recipes copy cifar mine.yaml
    """
    from kcnn.commands.recipes import copy_recipe

    path = copy_recipe(name, destination)
    show(f"{path}\nnext: edit it, then kcnn check {path}")


@cli.group(cls=Commands, invoke_without_command=True)
@options(data_dir, json_option)
@click.pass_context
def data(ctx: click.Context, data_dir: Path | None, as_json: bool) -> None:
    """List the data sets and where they are; fetch or verify one.

    Looked for in --data-dir, then KCNN_DATA, then Keras's cache.

    \b
    Examples:
      kcnn data
      kcnn data fetch cifar10
      kcnn data verify mnist
    """
    if ctx.invoked_subcommand is None:
        from kcnn.commands.data import list_sets

        sets = list_sets(data_dir)
        show(output.json_text(sets) if as_json else output.sets_text(sets))


@data.command("fetch")
@click.argument("name")
@options(data_dir, quiet)
def fetch_set(name: str, data_dir: Path | None, quiet: bool) -> None:
    """Download a data set, unless it is here already.

    \b
    Example:
      kcnn data fetch cifar10
    """
    from kcnn.commands.data import fetch

    show(str(fetch(name, data_dir, make_progress(quiet))))


@data.command("verify")
@click.argument("name")
@options(data_dir, quiet, json_option)
def verify_set(name: str, data_dir: Path | None, quiet: bool, as_json: bool) -> None:
    """Read a data set, and say whether its files are the original ones.

    \b
    Example:
      kcnn data verify mnist
    """
    from kcnn.commands.data import verify

    result = verify(name, data_dir, make_progress(quiet))
    show(output.json_text(result) if as_json else output.verify_text(result))
    click.get_current_context().exit(0 if result["readable"] else 1)


@cli.command()
@options(output_dir, data_dir)
@click.option(
    "--repeatable", is_flag=True,
    help="Train digits twice, and see whether every byte is the same (half a minute).",
)  # fmt: skip
@options(quiet, json_option)
def doctor(
    output_dir: Path, data_dir: Path | None, repeatable: bool, quiet: bool, as_json: bool
) -> None:
    """Show versions, devices and data found on this machine.

    Says too whether bfloat16 is fast on it.

    \b
    Examples:
      kcnn doctor
      kcnn doctor --repeatable
    """
    from kcnn.commands.doctor import examine

    machine = examine(output_dir, data_dir, make_progress(quiet), repeatable)
    show(output.json_text(machine) if as_json else output.machine_text(machine))
    click.get_current_context().exit(1 if machine.get("differing_files") else 0)
