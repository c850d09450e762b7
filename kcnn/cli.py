"""Every command of kcnn: parse, call, print. What a command does is in kcnn/commands/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kcnn import __version__
from kcnn.console.command_group import Commands
from kcnn.console.options import (
    at,
    at_least_two,
    complete_recipe,
    data_dir,
    device,
    for_reading_runs,
    former,
    image_format,
    jobs,
    json_option,
    options,
    output_dir,
    overrides,
    quiet,
    recipe,
    refuse_nan,
    resume_option,
    run,
    run_and_where,
    split_names,
    tracker_options,
    weights,
)
from kcnn.console.progress import make_progress
from kcnn.console.show import show
from kcnn.console.streams import echo
from kcnn.console.usage import (
    arguments_to_fit,
    arguments_to_resume,
    arguments_to_track,
    pass_to_subcommand,
    refuse_both,
    run_and_settings,
    settings_among,
)

SORTS = ("started", "accuracy", "epochs", "parameters", "seconds", "run")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="kcnn")
def cli() -> None:
    """Train convolutional networks on images from one recipe file.

    A recipe is a YAML file. It names the images, the layers in Keras's words, and the training.
    `kcnn recipes` lists the recipes that come with kcnn.

    \b
    Examples:
      kcnn fit digits        train a network; needs no download
      kcnn plot              draw the plots of the newest run again
      kcnn export            write its model as a SavedModel
    """


@cli.command()
@click.argument("recipe", required=False, shell_complete=complete_recipe)
@overrides
@options(output_dir, data_dir)
@click.option("--name", help="Name of the run; without it, the next number.")
@click.option("--seed", type=click.IntRange(0), help="Seed, instead of the recipe's train.seed.")
@resume_option
@options(device, tracker_options, quiet, json_option)
def fit(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Train the network that a recipe describes.

    RECIPE is a file, or the name of a recipe that comes with kcnn. Write settings after it to
    change them. It may also be a folder of images, a .csv table of them or an .npz file: kcnn then
    makes a recipe, the one that kcnn init writes. The command makes a run folder with the metrics,
    plots, models and all settings.

    --resume continues a run that was stopped. The result is the same as without the stop. A
    finished run can be given more epochs.

    \b
    Examples:
      kcnn fit digits
      kcnn fit photos/
      kcnn fit recipes/cifar.yaml train.epochs=5 train.optimizer.Adam.learning_rate=3e-4
      kcnn fit --resume
      kcnn fit --resume cifar/run-001 train.epochs=40
      kcnn fit cifar --tensorboard
      kcnn fit cifar --mlflow http://127.0.0.1:5000
    """
    from kcnn.commands.fit import fit
    from kcnn.commands.resume import resume
    from kcnn.console.fit import fit_text

    if arguments["resume"] is None:
        result = fit(progress=make_progress(quiet), **arguments_to_fit(**arguments))
    else:
        result = resume(progress=make_progress(quiet), **arguments_to_resume(**arguments))
    show(result, fit_text, as_json)


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
    help="The new recipe; without it, the name of the images with .yaml, in the current folder.",
)  # fmt: skip
@json_option
def init(as_json: bool, **arguments: Any) -> None:
    """Write a first recipe for your own images.

    PATH is a folder with a folder of images for each class, a .csv table or an .npz file. kcnn
    looks at the number, the size and the colors of the images, chooses a model that suits them, and
    explains each number in a comment. It checks the recipe, and overwrites no file.

    \b
    Examples:
      kcnn init photos
      kcnn init photos -o first.yaml
      kcnn fit first.yaml
    """
    from kcnn.commands.init import init
    from kcnn.console.init import init_text

    show(init(progress=make_progress(quiet=False), **arguments), init_text, as_json)


@cli.command()
@click.argument("runs", nargs=-1, metavar="[RUN]... [data.path=PATH]")
@click.option(
    "--only", metavar="NAME,...", default="", callback=split_names, help="Draw only these plots.",
)  # fmt: skip
@image_format
@click.option(
    "--style", type=click.Choice(["default", "textbook"]), default="default", show_default=True,
    help="Style of the accuracy plot: textbook has markers, and an axis from 0 to 1.",
)  # fmt: skip
@former("--image", now="kcnn feature-maps IMAGE")
@for_reading_runs
def plot(quiet: bool, as_json: bool, runs: tuple[str, ...], **arguments: Any) -> None:
    """Draw the plots of one run again, or the curves of several.

    Without RUNS, the newest run is plotted. The curves of several runs share one plot. For a run
    that was stopped, kcnn plots what there is. If your images moved since, data.path=PATH after a
    run says where they are now.

    \b
    Examples:
      kcnn plot
      kcnn plot cifar/run-001 cifar/run-002 --format svg
      kcnn plot --only accuracy,confusion
      kcnn plot --only accuracy --style textbook
      kcnn plot pets/run-001 data.path=/mnt/photos
    """
    from kcnn.commands.plot import plot_runs
    from kcnn.console.plot import plots_text

    names, settings = settings_among(runs)
    plots = plot_runs(names, settings=settings, progress=make_progress(quiet), **arguments)
    show(plots, plots_text, as_json)


@cli.command("feature-maps")
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--run", help="Run whose model is used; without it, the newest.")
@image_format
@options(output_dir, quiet, json_option)
def feature_maps(quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Draw what each layer of a run's model makes of your image.

    IMAGE is a PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC file; size and colors are
    converted as the run needs.

    \b
    Examples:
      kcnn feature-maps cat.png
      kcnn feature-maps cat.png --run cifar/run-001 --format svg
    """
    from kcnn.commands.feature_maps import plot_feature_maps
    from kcnn.console.plot import plots_text

    show(plot_feature_maps(progress=make_progress(quiet), **arguments), plots_text, as_json)


@cli.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@options(tracker_options, output_dir, quiet, json_option)
def track(quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Send runs to TensorBoard or MLflow after their training.

    Without RUNS, the newest run is sent. Metrics, plots and settings come from the files of the
    run; what was sent before is not sent twice. kcnn fit sends a run while it trains, with the same
    options.

    \b
    Examples:
      kcnn track --tensorboard
      kcnn track cifar/run-001 cifar/run-002 --mlflow http://127.0.0.1:5000
    """
    from kcnn.commands.track import track
    from kcnn.console.track import track_text

    result = track(progress=make_progress(quiet), **arguments_to_track(**arguments))
    show(result, track_text, as_json)


@cli.command()
@run_and_where
@click.option(
    "--format",
    "formats",
    default="saved_model",
    show_default=True,
    callback=split_names,
    help="Formats, with commas: saved_model, keras, litert, onnx, openvino, web; or all.",
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "dynamic", "int8"]),
    help="Make the model smaller: weights of 16 or 8 bits, or all of it in 8 bits.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="Number of images that the model takes at once, for programs that need a fixed one.",
)
@weights
@click.option(
    "--destination", type=click.Path(path_type=Path),
    help="Write to this new folder, not into the run's own export folder.",
)  # fmt: skip
@for_reading_runs
def export(as_json: bool, quiet: bool, words: tuple[str, ...], **arguments: Any) -> None:
    """Write a run's model for use without kcnn, and prove it.

    Each format gets a folder with the model, a script that uses it, and a model card. A fresh
    process without kcnn loads the model in its own runtime, and its predictions must equal those
    of the run's model on the whole test set. Without RUN, the newest run is exported. If your
    images moved since, data.path says where they are now.

    \b
    Examples:
      kcnn export
      kcnn export cifar/run-001 --format litert,onnx
      kcnn export --format litert --quantize int8
      kcnn export pets/run-001 data.path=/mnt/photos
    """
    from kcnn.commands.export import export
    from kcnn.console.export import export_text

    arguments |= run_and_settings(words)
    result = export(progress=make_progress(quiet), **arguments)
    show(result, export_text, as_json, problem=result.problem)


@cli.command()
@recipe
@overrides
@click.option("--build", is_flag=True, help="Also build the model with Keras (takes seconds).")
@former("--gradients", "--weights", "--data-dir", now="kcnn gradients RECIPE")
@json_option
def check(as_json: bool, **arguments: Any) -> None:
    """Find every mistake in a recipe, without training.

    It reports all mistakes of one kind together: first wrong words and values; when there are none,
    settings that do not go together; then layers that do not fit.

    \b
    Example:
      kcnn check recipes/cifar.yaml train.batch_size=64
    """
    from kcnn.commands.check import check
    from kcnn.console.check import check_text

    show(check(progress=make_progress(quiet=False), **arguments), check_text, as_json)


@cli.command()
@recipe
@overrides
@click.option("--weights", type=click.IntRange(1), default=300, show_default=True,
              help="Number of weights to check.")  # fmt: skip
@options(data_dir, quiet, json_option)
def gradients(quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Compare backpropagation with numerical gradients.

    It checks weights chosen at random, in float64, on a few training images. Dropout and noise draw
    the same random numbers each time. Batch normalization uses the mean and variance of these
    images.

    \b
    Example:
      kcnn gradients cifar --weights 100
    """
    from kcnn.commands.gradients import check_gradients
    from kcnn.console.gradients import gradients_text

    report = check_gradients(progress=make_progress(quiet), **arguments)
    show(report, gradients_text, as_json, passed=report.right)


@cli.command()
@recipe
@overrides
@click.option("--markdown", is_flag=True, help="Print Markdown for course notes.")
@former("--solve", now="kcnn padding RECIPE")
@former("--layer", "--at", "--filter", "--image", "--run", now="kcnn trace RECIPE LAYER")
@json_option
def explain(markdown: bool, as_json: bool, **arguments: Any) -> None:
    """Show the arithmetic behind each layer of a recipe.

    It calculates the output shape, parameters and multiply-adds of each layer, the memory of its
    output and its receptive field, and remarks on what may be a mistake. Nothing is trained.

    \b
    Examples:
      kcnn explain cifar
      kcnn explain mnist --markdown > mnist.md
    """
    from kcnn.commands.explain import explain
    from kcnn.console.explain import explanation_markdown, explanation_text

    refuse_both("--markdown", "--json", markdown and as_json)
    result = explain(progress=make_progress(quiet=False), **arguments)
    text_of = explanation_markdown if markdown else explanation_text
    show(result, text_of, as_json, problem=result.problem)


@cli.command()
@recipe
@overrides
@json_option
def padding(as_json: bool, **arguments: Any) -> None:
    """Find the padding that keeps the size of feature maps.

    \b
    Example:
      kcnn padding cifar 'model.layers[0].Conv2D.kernel_size=7'
    """
    from kcnn.commands.padding import solve_for_padding
    from kcnn.console.padding import padding_text

    result = solve_for_padding(**arguments)
    show(result, padding_text, as_json, problem=result.problem)


@cli.command()
@recipe
@click.argument("layer")
@overrides
@at
@click.option("--filter", type=click.IntRange(0), help="Number of the filter, from 0.")
@click.option(
    "--image", type=click.Path(path_type=Path),
    help="Image file; without it, the first test image.",
)  # fmt: skip
@click.option("--run", help="Run whose weights are used; without it, the weights before training.")
@for_reading_runs
def trace(quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Calculate one output value of a convolution, step by step.

    It prints the window of a real image, the filter, and their products. LAYER is the name of the
    convolution in kcnn explain.

    \b
    Example:
      kcnn trace mnist conv2d --at 9,21
    """
    from kcnn.commands.trace import trace
    from kcnn.console.trace import trace_text

    show(trace(progress=make_progress(quiet), **arguments), trace_text, as_json)


@cli.command()
@run_and_where
@weights
@click.option(
    "--wrong", metavar="DIR", type=click.Path(path_type=Path),
    help="Copy the images that are classified wrong to DIR/true class/predicted class/.",
)  # fmt: skip
@click.option("--link", is_flag=True, help="With --wrong: make links instead of copies.")
@for_reading_runs
def evaluate(as_json: bool, quiet: bool, words: tuple[str, ...], **arguments: Any) -> None:
    """Score a run's model on the test set again, class by class.

    Without RUN, the newest run is scored. If your images moved since, data.path says where they are
    now.

    \b
    Examples:
      kcnn evaluate cifar/run-001 --weights best
      kcnn evaluate --wrong mistakes
      kcnn evaluate pets/run-001 data.path=/mnt/photos
    """
    from kcnn.commands.evaluate import evaluate
    from kcnn.console.evaluate import evaluation_text

    if arguments["link"] and arguments["wrong"] is None:
        raise click.UsageError("--link: write --wrong DIR too, the folder for the links")
    arguments |= run_and_settings(words)
    show(evaluate(progress=make_progress(quiet), **arguments), evaluation_text, as_json)


@cli.command()
@click.argument("images", nargs=-1, required=True, metavar="[RUN] IMAGE...")
@weights
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Number of classes to show; of several labels, all above their thresholds.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    help="Also write the predictions to this CSV file.",
)
@options(output_dir, quiet, json_option)
def predict(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Predict the classes of your images.

    IMAGE is a PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC file, or a folder of them; size and
    colors are converted as the run needs. Without RUN, the newest run is used.

    \b
    Examples:
      kcnn predict cat.png
      kcnn predict cifar/run-001 photos/ --top 5 --csv predictions.csv
    """
    from kcnn.commands.predict import predict, split_run
    from kcnn.console.predict import predictions_text

    run, images = split_run(arguments.pop("images"), arguments["output_dir"])
    result = predict(images, run, progress=make_progress(quiet), **arguments)
    show(result, predictions_text, as_json, problem=result.problem)


@cli.command()
@run
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True,
              help="Port; 0 for any that is free.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen at; 0.0.0.0 lets other machines ask too.")  # fmt: skip
@click.option(
    "--format", "format_name", type=click.Choice(["litert", "onnx"]),
    help="Runtime; without it, LiteRT if it is installed.",
)  # fmt: skip
@click.option(
    "--weights", type=click.Choice(["last", "best"]),
    help="Weights to serve; without it, those that are exported, else the last.",
)  # fmt: skip
@click.option("--max-upload", type=click.IntRange(1, 1000), default=32, show_default=True,
              metavar="MB", help="Largest size of a request.")  # fmt: skip
@click.option("--max-images", type=click.IntRange(1), default=128, show_default=True,
              help="Most images in a request.")  # fmt: skip
@click.option("--queue", type=click.IntRange(1), default=256, show_default=True,
              help="Images, and requests, that may wait; others get status 429.")  # fmt: skip
@for_reading_runs
def serve(as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Answer requests for predictions over HTTP.

    POST /classify takes an image file. The server also understands TensorFlow Serving's REST
    interface. GET /health and GET /metrics (for Prometheus) report its state. The model is
    exported first, unless it is already. Without RUN, the newest run is served. Ctrl-C answers the
    requests that were accepted, then ends.

    \b
    Examples:
      kcnn serve
      kcnn serve cifar/run-001 --port 8502 --format onnx
    """
    from kcnn.commands.serve import serve
    from kcnn.console.serve import service_text

    service = serve(progress=make_progress(quiet), **arguments)
    show(service, service_text, as_json)
    service.run_until_signal()


@cli.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", callback=at_least_two)
@click.option(
    "--difference", type=click.FloatRange(0, 100, min_open=True), default=0.3, show_default=True,
    callback=refuse_nan,
    help="Difference of test accuracy, in percentage points, for which to count the seeds.",
)  # fmt: skip
@options(output_dir, json_option)
def compare(difference: float, as_json: bool, **arguments: Any) -> None:
    """Compare finished runs, and judge if they differ by chance.

    It shows which settings differ, and the accuracies with their confidence intervals. Runs that
    differ only in their seed are one group. For two runs it compares the predictions for every
    test image.

    \b
    Examples:
      kcnn compare cifar/run-001 cifar/run-002
      kcnn compare outputs/cifar/seed-* outputs/cifar_tuned/seed-* --difference 1
    """
    from kcnn.commands.compare import compare
    from kcnn.console.compare import comparison_text

    show(compare(difference=difference / 100, **arguments), comparison_text, as_json)


@cli.command()
@recipe
@overrides
@click.option(
    "--seeds", type=click.IntRange(1), show_default="3", help="Number of seeds to train.",
)  # fmt: skip
@click.option(
    "--first-seed", type=click.IntRange(0), help="First seed; without it, the recipe's train.seed."
)
@click.option(
    "--folds", type=click.IntRange(2, 1000),
    help="Cross-validate: divide the training images into so many folds.",
)  # fmt: skip
@former("--side-by-side", now="--jobs")
@options(jobs, device, output_dir, data_dir, quiet, json_option)
def reproduce(
    jobs: int, device: str | None, output_dir: Path, data_dir: Path | None, quiet: bool,
    as_json: bool, seeds: int | None, first_seed: int | None, folds: int | None, **arguments: Any,
) -> None:  # fmt: skip
    """Train several seeds; judge a recipe's published numbers.

    The verdict on each number: reproduced; ours is below or above it; or too few seeds to decide.
    Finished runs with the same settings and seed are not trained again, and stopped ones are
    resumed. So the same command continues where it was stopped.

    With --folds, each fold of the training images is tested once by a model trained on the others.
    The folds are stratified; images with the same group in a CSV are in one fold. The test set is
    not used, and published numbers are not judged.

    \b
    Examples:
      kcnn reproduce digits --folds 5
      kcnn reproduce cifar --seeds 5
      kcnn reproduce cifar --seeds 4 --jobs 2
      kcnn reproduce cifar --seeds 3 train.epochs=5
    """
    from kcnn.studies.trials import StudyOptions

    refuse_both("--folds", "--seeds", folds is not None and seeds is not None)
    refuse_both("--folds", "--first-seed", folds is not None and first_seed is not None)
    study = StudyOptions(output_dir, data_dir, device, jobs)
    common = {"options": study, "progress": make_progress(quiet), **arguments}
    if folds is not None:
        from kcnn.commands.cross_validate import cross_validate
        from kcnn.console.cross_validation import cross_validation_text

        show(cross_validate(folds=folds, **common), cross_validation_text, as_json)
    else:
        from kcnn.commands.reproduce import reproduce
        from kcnn.console.reproduce import reproduction_text

        result = reproduce(seeds=seeds or 3, first_seed=first_seed, **common)
        show(result, reproduction_text, as_json)


@cli.command()
@recipe
@overrides
@click.option(
    "--over", multiple=True, required=True, metavar="SETTING=[V1,V2,...]",
    help="A setting and its values, a YAML list; may be repeated.",
)  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True,
    help="Seeds of each combination.",
)  # fmt: skip
@former("--side-by-side", now="--jobs")
@options(jobs, device, output_dir, data_dir, quiet, json_option)
def sweep(
    jobs: int, device: str | None, output_dir: Path, data_dir: Path | None, quiet: bool,
    as_json: bool, **arguments: Any,
) -> None:  # fmt: skip
    """Train a recipe on a grid of settings.

    It trains one run for each combination of the values, and compares them in a table and a plot.
    Finished runs with the same settings and seed are not trained again, and stopped ones are
    resumed. So the same command continues where it was stopped.

    \b
    Examples:
      kcnn sweep cifar --over 'train.batch_size=[32,128]' --over 'train.optimizer=[SGD,Adam]'
      kcnn sweep digits --over 'train.optimizer=[SGD, {SGD: {momentum: 0.9}}, Adam]' --seeds 3
      kcnn sweep cifar --over 'train.optimizer.Adam.learning_rate=[1e-3,1e-4]' --jobs 2
    """
    from kcnn.commands.sweep import sweep
    from kcnn.console.sweep import sweep_text
    from kcnn.studies.trials import StudyOptions

    study = StudyOptions(output_dir, data_dir, device, jobs)
    result = sweep(options=study, progress=make_progress(quiet), **arguments)
    show(result, sweep_text, as_json)


@cli.command()
@output_dir
@click.option("--sort", type=click.Choice(SORTS), default="started", show_default=True)
@former("--watch", now="kcnn watch [RUN]")
@json_option
def runs(as_json: bool, **arguments: Any) -> None:
    """List runs with their accuracy, size and time.

    \b
    Examples:
      kcnn runs
      kcnn runs --sort accuracy
    """
    from kcnn.commands.runs import list_runs
    from kcnn.console.runs import runs_text

    show(list_runs(**arguments), runs_text, as_json)


@cli.command()
@run
@output_dir
def watch(**arguments: Any) -> None:
    """Print the log of a run until its training ends.

    Without RUN, the newest run is watched. Ctrl-C ends only the watching, not the training.

    \b
    Example:
      kcnn watch cifar/run-001
    """
    from kcnn.commands.watch import watch

    for line in watch(**arguments):
        echo(line)


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
        from kcnn.console.recipes import recipes_text

        show(list_recipes(), recipes_text, as_json)
    else:
        pass_to_subcommand(ctx, as_json=as_json)


@recipes.command("show")
@click.argument("name")
@json_option
def show_recipe(name: str, as_json: bool) -> None:
    """Print a recipe.

    \b
    Example:
      kcnn recipes show cifar
    """
    from kcnn.commands.recipes import show_recipe
    from kcnn.console.recipes import recipe_text

    show(show_recipe(name), recipe_text, as_json)


@recipes.command("copy")
@click.argument("name")
@click.argument("destination", type=click.Path(path_type=Path), default=".")
@json_option
def copy_recipe(name: str, destination: Path, as_json: bool) -> None:
    """Copy a recipe, to make it your own.

    DESTINATION is a new file or a folder (without it, the current folder).

    \b
    Example:
      kcnn recipes copy cifar mine.yaml
    """
    from kcnn.commands.recipes import copy_recipe
    from kcnn.console.recipes import copy_text

    show(copy_recipe(name, destination), copy_text, as_json)


@cli.group(cls=Commands, invoke_without_command=True)
@options(data_dir, json_option)
@click.pass_context
def data(ctx: click.Context, data_dir: Path | None, as_json: bool) -> None:
    """List the datasets; fetch, verify or inspect one.

    kcnn looks in --data-dir, then in KCNN_DATA, then in Keras's cache.

    \b
    Examples:
      kcnn data
      kcnn data fetch cifar10
      kcnn data verify mnist
      kcnn data inspect photos/
    """
    if ctx.invoked_subcommand is None:
        from kcnn.commands.data import list_datasets
        from kcnn.console.data import datasets_text

        show(list_datasets(data_dir), datasets_text, as_json)
    else:
        pass_to_subcommand(ctx, data_dir=data_dir, as_json=as_json)


@data.command("fetch")
@click.argument("name")
@options(data_dir, quiet, json_option)
def fetch_dataset(name: str, data_dir: Path | None, quiet: bool, as_json: bool) -> None:
    """Download a dataset, unless it is here already.

    \b
    Example:
      kcnn data fetch cifar10
    """
    from kcnn.commands.data import fetch
    from kcnn.console.data import fetched_text

    show(fetch(name, data_dir, make_progress(quiet)), fetched_text, as_json)


@data.command("verify")
@click.argument("name")
@options(data_dir, quiet, json_option)
def verify_dataset(name: str, data_dir: Path | None, quiet: bool, as_json: bool) -> None:
    """Read a dataset, and compare its files with the original ones.

    \b
    Example:
      kcnn data verify mnist
    """
    from kcnn.commands.data import verify
    from kcnn.console.data import verification_text

    result = verify(name, data_dir, make_progress(quiet))
    show(result, verification_text, as_json, passed=result.readable)


@data.command("inspect")
@click.argument("path")
@click.option(
    "--samples", metavar="FILE.png", type=click.Path(path_type=Path),
    help="Also draw images of each class into this new file.",
)  # fmt: skip
@click.option(
    "--report", metavar="FILE.csv", type=click.Path(path_type=Path),
    help="Also write all that was found to this new CSV file.",
)  # fmt: skip
@options(data_dir, quiet, json_option)
def inspect_data(path: str, quiet: bool, as_json: bool, **arguments: Any) -> None:
    """Look at images before training: counts, damage, copies.

    PATH is a folder of images, a CSV, Parquet or npz file, a recipe, a run's folder, or the name of
    a dataset.
    Every image is read, and nothing is changed.

    Copies matter most: of test images among the training images, and of one image in two classes.
    They are found even when they were resized, compressed or cropped a little. The exit status is
    1 if there is a problem.

    \b
    Examples:
      kcnn data inspect photos/
      kcnn data inspect photos/ --samples samples.png --report report.csv
    """
    from kcnn.commands.inspect_data import inspect_data
    from kcnn.console.inspect_data import inspection_text

    result = inspect_data(path, progress=make_progress(quiet), **arguments)
    show(result, inspection_text, as_json, passed=not result.has_problems)


@data.command("suspects")
@run_and_where
@click.option(
    "--folds", type=click.IntRange(2, 1000), default=3, show_default=True,
    help="Number of trainings, each without one fold of the training images.",
)  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(1), help="Epochs of each training; without it, the run's."
)
@options(jobs, device, output_dir, data_dir, quiet, json_option)
def data_suspects(
    words: tuple[str, ...], jobs: int, device: str | None, output_dir: Path,
    data_dir: Path | None, quiet: bool, as_json: bool, **arguments: Any,
) -> None:  # fmt: skip
    """List training images whose label is probably wrong.

    The run's recipe is trained once for each fold of the training images, without that fold. Then
    the model judges its labels, by confident learning (Northcutt, Jiang and Chuang, 2021). These
    trainings, suspects.csv and a plot are written to suspects/ in the run's folder; your images and
    the run's other files stay as they are. Without RUN, the newest run is taken.

    \b
    Examples:
      kcnn data suspects
      kcnn data suspects pets/run-001 --folds 5 --epochs 10 --jobs 2
    """
    from kcnn.commands.suspects import find_suspects
    from kcnn.console.suspects import suspects_text
    from kcnn.studies.trials import StudyOptions

    study = StudyOptions(output_dir, data_dir, device, jobs)
    arguments |= run_and_settings(words)
    result = find_suspects(
        output_dir=output_dir, options=study, progress=make_progress(quiet), **arguments
    )
    show(result, suspects_text, as_json)


@cli.command()
@options(output_dir, data_dir)
@click.option(
    "--repeatable", is_flag=True,
    help="Train digits twice, and check that both runs are equal (half a minute).",
)  # fmt: skip
@options(quiet, json_option)
def doctor(
    output_dir: Path, data_dir: Path | None, repeatable: bool, quiet: bool, as_json: bool
) -> None:
    """Show versions, devices and data found on this machine.

    It also shows whether this machine is fast at bfloat16.

    \b
    Examples:
      kcnn doctor
      kcnn doctor --repeatable
    """
    from kcnn.commands.doctor import examine
    from kcnn.console.doctor import machine_text

    machine = examine(output_dir, data_dir, make_progress(quiet), repeatable)
    show(machine, machine_text, as_json, passed=not machine.differing_files)
