"""Prepare a training: load its images, build its model, and check both before writing a file."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.counts import CountError
from kcnn.data.find_images import MAX_NAMED
from kcnn.errors import DataError, TrainingError
from kcnn.machine.memory import free_memory
from kcnn.machine.signals import stops_deferred
from kcnn.model.checked_recipe import CheckedRecipe, class_weight_mistakes, require_batch
from kcnn.model.explain.remarks import grouped_remarks
from kcnn.model.explain.slow_averages import slow_averages
from kcnn.model.plan import Plan
from kcnn.model.processor_limits import require_kernels
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.recipe.differences import deciding_settings, without_newer_defaults
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR
from kcnn.training.fresh_model import fresh_model
from kcnn.training.steps_per_execution import should_compile_steps

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kcnn.data.dataset import Dataset, Images
    from kcnn.training.devices import Devices


@dataclass(frozen=True)
class PreparedTraining:
    """A model to train, and the images to train it on.

    Args:
        plan: The model's layers, and the recipe.
        dataset: The images, of which those for validation were set apart.
        validation: The images that are scored after each epoch; None if there are none.
        images_digest: `Dataset.digest` of all images, those for validation among them.
        class_weights: How much each class counts in the loss, float32 of shape (classes,); None if
            all count equally.
    """

    plan: Plan
    dataset: Dataset
    validation: Images | None
    images_digest: str
    class_weights: np.ndarray | None = None

    @property
    def recipe(self) -> Recipe:
        """The settings in force."""
        return self.plan.recipe

    @property
    def train(self) -> Images:
        """The training images."""
        return self.dataset.train

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps in an epoch."""
        from kcnn.data.splits import steps_per_epoch

        settings = self.recipe.train
        return steps_per_epoch(len(self.train), settings.batch_size, settings.drop_remainder)

    @property
    def batch_size(self) -> int:
        """Number of images in a step; less than the recipe's if there are fewer training images."""
        return min(len(self.train), self.recipe.train.batch_size)

    @property
    def images_per_epoch(self) -> int:
        """Number of training images in an epoch; less than all if it drops a remainder."""
        return min(len(self.train), self.steps_per_epoch * self.recipe.train.batch_size)

    def settings_digest(self) -> str:
        """Return a hash of the settings that decide the training, without its length and path."""
        settings = without_newer_defaults(deciding_settings(self.recipe))
        settings["train"].pop("epochs")
        if settings["train"].get("fine_tune"):
            settings["train"]["fine_tune"].pop("epochs")
        settings["data"].pop("path", None)
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode("utf-8")).hexdigest()


def prepare_training(
    checked: CheckedRecipe,
    data_dir: Path | None,
    progress: Progress,
    output_dir: Path = DEFAULT_OUTPUT_DIR,
) -> PreparedTraining:
    """Load the images of a recipe that was checked, and set those for validation apart.

    Args:
        checked: The recipe, what is known of its images, and its plan.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows the work.
        output_dir: The folder of all runs. Decoded images that do not fit into memory are kept on
            its disk.

    Raises:
        KcnnError: The images cannot be read or do not suit the recipe.
    """
    from kcnn.data.cache import cache_images
    from kcnn.data.load import load_dataset
    from kcnn.data.scan import UnreadableImagesError, write_unreadable
    from kcnn.data.splits import set_validation_apart

    recipe = checked.recipe
    settings = recipe.train
    try:
        dataset = load_dataset(recipe.data, data_dir, progress, checked.images.listing)
        plan = checked.confirm(dataset)
        digest, total = dataset.digest(), len(dataset.train)
        dataset = cache_images(dataset, recipe.data.cache, output_dir, progress)
        dataset, validation = set_validation_apart(dataset, recipe.data.validation, settings.seed)
    except CountError as error:
        problem = recipe.origin.problem(error.loc, error.reason)
        raise DataError(problem, error.hint) from None
    except UnreadableImagesError as error:
        if len(error.refused) > MAX_NAMED:
            path = write_unreadable(output_dir, error.refused)
            raise DataError(error.message, f"{error.hint}; all of them: {path}") from None
        raise
    require_batch(recipe, len(dataset.train))
    for names, sentence in grouped_remarks(slow_averages(plan, total)):
        progress.note(f"warning: {names}: {sentence}")
    if (count := len(dataset.train)) < settings.batch_size:
        progress.note(
            f"an epoch is a single step of all {count} training images, because batch_size is "
            f"{settings.batch_size}"
        )
    weights = _class_weights(recipe, dataset, progress)
    return PreparedTraining(plan, dataset, validation, digest, weights)


def _class_weights(recipe: Recipe, dataset: Dataset, progress: Progress) -> np.ndarray | None:
    """Return the weight of each class, from the images that are left for training."""
    from kcnn.data.class_weights import class_weights, weights_text

    setting, names = recipe.train.class_weight, dataset.class_names
    if setting is None:
        return None
    with class_weight_mistakes(recipe):
        weights = class_weights(setting, dataset.train.labels, names)
    progress.note(weights_text(weights, names))
    return weights


def build_compiled_model(
    prepared: PreparedTraining,
    devices: Devices,
    policy: str,
    progress: Progress,
    first_step: int = 0,
) -> keras.Model:
    """Build and compile a training's model for the devices that train it.

    Args:
        prepared: The model's plan and the images.
        devices: The devices to train it on.
        policy: Keras's dtype policy.
        progress: Receives a note on what is different on several devices.
        first_step: The step of an epoch at which the training resumes; 0 for its start.

    Raises:
        KcnnError: Keras refuses a layer, or a batch is too small for the number of devices.
        Stopped: A signal came while the model was built.
    """
    from kcnn.model.dtype_policy import dtype_policy
    from kcnn.training.fit import compile_model

    _require_parts(prepared, devices)
    _require_no_accumulation(prepared, devices)
    if devices.count > 1 and prepared.recipe.train.optimizer.clips:
        progress.note("several devices: each clips the gradient of its own part of a batch")
    with stops_deferred():
        if devices.are_one_processor:
            require_kernels(prepared.plan, policy)
            _require_memory(prepared, policy)
        with devices.strategy.scope(), dtype_policy(policy):
            model = fresh_model(
                prepared.plan,
                prepared.train,
                synchronized=devices.count > 1,
                compiled=devices.are_one_processor,
            )
            compile_model(
                prepared.plan,
                model,
                prepared.steps_per_epoch,
                compiled_steps=devices.are_one_processor
                and should_compile_steps(prepared.plan, len(prepared.train), first_step),
            )
    return model


def _require_memory(prepared: PreparedTraining, policy: str) -> None:
    """Raise if memory must run out: TensorFlow would end the process without a message."""
    free = free_memory()
    bytes_a_value = 4 if policy == "float32" else 2
    sizes = {name: bytes_a_value * math.prod(shape) for name, shape in prepared.plan.shapes.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    batch_size = prepared.batch_size
    if free is None or sizes[largest] * batch_size <= free:
        return
    message = (
        f"layer {largest} makes {sizes[largest] * batch_size / 1e9:,.0f} GB of a batch of "
        f"{batch_size} images, and {free / 1e9:,.0f} GB of memory are free"
    )
    fits = int(free / (2 * sum(sizes.values())))  # forward and back
    hint = f"write a batch_size of about {fits}" if fits else "write fewer filters, or smaller maps"
    raise TrainingError(prepared.recipe.origin.problem(("train", "batch_size"), message), hint)


def _require_parts(prepared: PreparedTraining, devices: Devices) -> None:
    """Raise unless every device gets images of every batch; Keras fails on an empty part."""
    settings = prepared.recipe.train
    last = 0 if settings.drop_remainder else len(prepared.train) % settings.batch_size
    for size in (settings.batch_size, last) if last else (settings.batch_size,):
        # TensorFlow splits equal batches evenly. If the last is smaller, it rounds up the part of
        # each device in every batch, until nothing is left.
        part = -(-size // devices.count) if last else 1
        if part * (devices.count - 1) >= size:
            raise _empty_part(prepared, devices, size)


def _empty_part(prepared: PreparedTraining, devices: Devices, size: int) -> DataError:
    batch_size = prepared.recipe.train.batch_size
    message = (
        f"batches of {batch_size} from {len(prepared.train)} images: one of {size} leaves none for "
        f"the last of {devices.count} devices"
    )
    hint = f"write a batch_size of at least {devices.count}"
    if batch_size >= devices.count:
        hint = "write drop_remainder: true, or another batch_size"
    return DataError(prepared.recipe.origin.problem(("train", "batch_size"), message), hint)


def _require_no_accumulation(prepared: PreparedTraining, devices: Devices) -> None:
    """Raise for accumulated gradients on several devices, which Keras sums where it may not."""
    if devices.count > 1 and prepared.recipe.train.optimizer.gradient_accumulation_steps:
        optimizer = type(prepared.recipe.train.optimizer).__name__
        loc = ("train", "optimizer", optimizer, "gradient_accumulation_steps")
        raise TrainingError(
            prepared.recipe.origin.problem(loc, f"does not go with {devices.count} devices"),
            "leave it out, or train on one device: --device 0",
        )
