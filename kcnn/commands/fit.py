"""kcnn fit: train a recipe's model, score it and draw its plots."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.machine.start import start_tensorflow
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.pretrained import find_pretrained
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.environment import write_environment
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, RunFolder, create_run, require_creatable
from kcnn.runs.lock import lock_run
from kcnn.runs.log import Remembering, log_notes
from kcnn.runs.recipe import write_recipe, write_resolved
from kcnn.runs.splits import write_splits
from kcnn.starter.another_dataset import proposing_overrides
from kcnn.starter.recipe_or_images import read_recipe_or_images
from kcnn.trackers.listen import tracked
from kcnn.trackers.trackers import make_trackers
from kcnn.training.clock import Clock
from kcnn.training.complete_run import FitResult as FitResult
from kcnn.training.complete_run import complete_run
from kcnn.training.prepare import PreparedTraining, build_compiled_model, prepare_training

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Dataset


def fit(
    recipe: str | Path | Recipe,
    overrides: Sequence[str] = (),
    output_dir: Path = DEFAULT_OUTPUT_DIR,
    name: str | None = None,
    data_dir: Path | None = None,
    seed: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    trackers: Mapping[str, str] | None = None,
) -> FitResult:
    """Train the model of a recipe and write a run folder.

    Errors in the recipe, the data or the machine are raised before the run folder is created.

    Args:
        recipe: A file, the name of a recipe that comes with kcnn, images, for which a recipe is
            made, or a recipe that was read.
        overrides: Settings from the command line, each `setting=value`; none for a recipe that was
            read.
        output_dir: The folder of all runs.
        name: The run's name; the next free number if None.
        data_dir: The folder in which datasets are looked for first.
        seed: Override of `train.seed`.
        device: `cpu`, `gpu`, numbers of GPUs such as `0,1`, or None for the best device.
        progress: Where the work is reported.
        trackers: Where trackers are to send the run, by their names (`tensorboard`, `mlflow`);
            empty for a tracker's default.

    Returns:
        The run and its summary.

    Raises:
        KcnnError: The recipe, the data, the devices, the output folder or a tracker cannot be used.
    """
    clock, display = Clock(), progress or Progress()
    listeners = make_trackers(trackers or {})
    progress = Remembering(display)
    with proposing_overrides("kcnn fit", recipe, overrides):
        settings, made = _read(recipe, _with_seed(overrides, seed), progress)
        checked = check_recipe(settings)
    require_creatable(output_dir, settings.name, name)
    with clock.timed("load"):
        pretrained = find_pretrained(checked.plan, progress)
        prepared = prepare_training(checked, data_dir, progress, output_dir)
    with clock.timed("start"):
        start_tensorflow(progress)
    from kcnn.model.initial_weights import take_initial_weights
    from kcnn.model.pretrained_weights import describe_pretrained, load_pretrained
    from kcnn.training.devices import choose_devices
    from kcnn.training.precision import choose_precision
    from kcnn.training.run_description import describe_run

    devices = choose_devices(device)
    chosen = choose_precision(prepared.plan, devices)
    if chosen.reason:
        progress.note(f"precision: {chosen.policy}, because {chosen.reason}")
    with clock.timed("build"):
        model = build_compiled_model(prepared, devices, chosen.policy, progress)
        load_pretrained(prepared.plan, model, pretrained)
        initial = take_initial_weights(prepared.recipe, model)
    environment = describe_run(devices, chosen.policy, prepared.recipe.train.seed)
    if pretrained:
        environment["pretrained_weights"] = describe_pretrained(pretrained)
    for layer, file in pretrained.items():
        progress.note(f"{layer}: starts with the weights of {file.path} (SHA-256 {file.sha256})")
    if initial is not None:
        progress.note(initial.in_words)
        environment["initial_weights"] = initial.as_json()
    run = create_run(output_dir, settings.name, name)
    if made:
        progress.note(f"the recipe is {run.recipe}")
    with lock_run(run):
        _begin(run, prepared, environment, clock.started)
        log_notes(run, progress.notes)
        with tracked(run, listeners, display) as display:
            return complete_run(run, prepared, model, clock, draw_plots, display)


def draw_plots(run: RunFolder, dataset: Dataset, model: keras.Model, progress: Progress) -> None:
    """Draw all plots of a run that was just trained, with its model still in memory.

    Args:
        run: The run; its files are written.
        dataset: The images, without those for validation among the training images.
        model: The trained model.
        progress: Receives a note for each figure that cannot be drawn.
    """
    # Here, because importing Matplotlib takes most of a second, and a recipe with a mistake should
    # be refused without it.
    from kcnn.figures.run_plots import plot_run
    from kcnn.model.feature_maps import compute_feature_maps

    plot_run(run, dataset, partial(compute_feature_maps, model), progress=progress)


def _with_seed(overrides: Sequence[str], seed: int | None) -> Sequence[str]:
    return overrides if seed is None else [*overrides, f"train.seed={seed}"]


def _read(
    recipe: str | Path | Recipe, overrides: Sequence[str], progress: Progress
) -> tuple[Recipe, bool]:
    """Return the settings in force, and whether the recipe was made for images."""
    if isinstance(recipe, Recipe):
        assert not overrides
        return recipe, False
    settings, starter = read_recipe_or_images(recipe, overrides)
    if starter is not None:
        progress.note(starter.note)
    return settings, starter is not None


def _begin(
    run: RunFolder, prepared: PreparedTraining, environment: Mapping[str, Any], started: datetime
) -> None:
    """Write the recipe and the environment of a run; if that fails, there is no run."""
    try:
        write_recipe(run, prepared.recipe.origin.content)
        write_environment(run, environment, started)
        _write_splits(run, prepared)
        write_resolved(run, resolved_yaml(prepared.recipe))  # last: from here on it is a run
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise


def _write_splits(run: RunFolder, prepared: PreparedTraining) -> None:
    """Write which image is trained on and which is only measured, if they have names."""
    from kcnn.data.labels import classes_of

    parts = {
        "train": prepared.train,
        "validation": prepared.validation,
        "test": prepared.dataset.test,
    }
    named = {
        split: (images.names, map(classes_of, images.labels))
        for split, images in parts.items()
        if images is not None and images.names is not None
    }
    if named:
        write_splits(run, prepared.dataset.class_names, named)
