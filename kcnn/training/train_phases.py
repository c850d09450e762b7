"""Train a run through its phases: the recipe's epochs, then those of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras

from kcnn.data.dataset import Images
from kcnn.data.pipeline import Rows, evaluation_batches, training_batches
from kcnn.model.costs import total_cost
from kcnn.model.graph import Node
from kcnn.progress import Progress
from kcnn.runs.checkpoint import Checkpoint, Origin, newest_checkpoint
from kcnn.runs.folder import RunFolder
from kcnn.training.compiled_steps import steps_together
from kcnn.training.feed import Feed
from kcnn.training.fit import Training, compile_model, train
from kcnn.training.frozen_features import (
    compute_features,
    fit_into_memory,
    last_frozen,
    model_of_features,
)
from kcnn.training.phases import Phase, fine_tuning_phase, rest_in_training, unfreeze
from kcnn.training.prepare import PreparedTraining
from kcnn.training.scoring.predict import batch_size


@dataclass(frozen=True)
class _Trained:
    """What a phase trains, and on what.

    Args:
        model: The compiled model.
        train: The training images, or their features.
        validation: Those for validation; None if there are none.
    """

    model: keras.Model
    train: Rows
    validation: Rows | None


@dataclass(frozen=True)
class PhasedTraining:
    """The training of a run.

    Args:
        run: The run.
        prepared: The model's plan and the images.
        model: Its model, compiled for the first phase.
        progress: Receives steps and epochs.
    """

    run: RunFolder
    prepared: PreparedTraining
    model: keras.Model
    progress: Progress

    def train(self, origin: Origin, resumed: Checkpoint | None) -> Training:
        """Train to the last epoch of the last phase.

        Args:
            origin: What every checkpoint records besides the state of the training.
            resumed: The checkpoint to resume from; None for a new training.

        Raises:
            KcnnError: Training diverged, memory ran out, or the folder cannot be written.
            Stopped: A signal came.
        """
        rest_in_training(self.prepared.plan, self.model)
        training = None
        frozen = self._frozen_layer()
        is_cached = frozen is not None and self._has_room(frozen)
        if resumed is None or resumed.fine_tuned_after is None:
            phase = Phase(self.prepared.plan)
            # A checkpoint of the phase's end is restored without training on: no image is read.
            has_ended = resumed is not None and (
                resumed.is_stopped or resumed.epoch >= phase.last_epoch
            )
            trained = self._images()
            if frozen is not None and not has_ended:
                self._note_frozen(frozen, is_cached)
                trained = self._features(frozen) if is_cached else trained
            training = self._train_phase(phase, trained, origin, resumed, None)
            resumed = None
        first_epochs = len(training.rows) if training else _epochs_before(resumed)
        if self.prepared.recipe.train.fine_tune is not None:
            training = self._fine_tune(first_epochs, origin, resumed, training)
        assert training is not None
        return replace(training, epochs_on_features=first_epochs if is_cached else 0)

    def _images(self) -> _Trained:
        return _Trained(self.model, self.prepared.train, self.prepared.validation)

    def _frozen_layer(self) -> Node | None:
        """Return the layer whose output the first phase may train on instead of the images."""
        is_one_device = self.model.distribute_strategy.num_replicas_in_sync == 1
        return last_frozen(self.prepared.plan) if is_one_device else None

    def _has_room(self, node: Node) -> bool:
        prepared = self.prepared
        count = len(prepared.train) + len(prepared.validation or ())
        return fit_into_memory(prepared.plan, node, count)

    def _note_frozen(self, node: Node, is_cached: bool) -> None:
        features = f"the features of frozen layers up to {node.name}"
        if is_cached:
            epochs = "the epochs"
            if self.prepared.recipe.train.fine_tune is not None:
                epochs = "the epochs before fine-tuning"
            self.progress.note(f"{features} are computed once; {epochs} train on them")
        else:
            self.progress.note(
                f"{features} do not fit into a quarter of the free memory, so every epoch "
                "computes them"
            )

    def _features(self, node: Node) -> _Trained:
        """Return the layers behind a frozen one, and what they train on: its output, computed once.

        Args:
            node: The frozen layer.
        """
        prepared, plan = self.prepared, self.prepared.plan
        model = model_of_features(self.model, node)
        behind = plan.nodes[plan.nodes.index(node) + 1 :]
        multiply_adds = total_cost(behind, plan.shapes).multiply_adds
        compile_model(plan, model, prepared.steps_per_epoch, multiply_adds)
        return _Trained(
            model,
            compute_features(self.model, node, prepared.train, prepared.batch_size, self.progress),
            prepared.validation
            and compute_features(
                self.model, node, prepared.validation, batch_size(self.model), self.progress
            ),
        )

    def _fine_tune(
        self, after: int, origin: Origin, resumed: Checkpoint | None, before: Training | None
    ) -> Training:
        """Train with layers of the applications unfrozen, after so many epochs without."""
        prepared = self.prepared
        phase = fine_tuning_phase(prepared.plan, after)
        with self.model.distribute_strategy.scope():
            fine_tuning = unfreeze(phase, self.model)
            compile_model(phase.plan, self.model, prepared.steps_per_epoch)
        self.progress.note(fine_tuning.in_words)
        training = self._train_phase(phase, self._images(), origin, resumed, before)
        return replace(training, fine_tuning=fine_tuning)

    def _train_phase(
        self,
        phase: Phase,
        trained: _Trained,
        origin: Origin,
        resumed: Checkpoint | None,
        before: Training | None,
    ) -> Training:
        """Train to a phase's last epoch; first to the end of an epoch that was stopped."""

        def train_on(resumed: Checkpoint | None) -> Training:
            feed = self._feed(phase, trained, resumed)
            return train(
                phase, trained.model, feed, self.run, self.progress, origin, resumed, before
            )

        while resumed and resumed.step:
            train_on(resumed)
            resumed = newest_checkpoint(self.run, self.progress)
        return train_on(resumed)

    def _feed(self, phase: Phase, trained: _Trained, resumed: Checkpoint | None) -> Feed:
        prepared, settings = self.prepared, self.prepared.recipe.train
        classes = prepared.plan.classes if settings.loss.targets == "one_hot" else None
        together = steps_together(trained.model)
        batches = training_batches(
            trained.train,
            batch_size=settings.batch_size,
            epochs=phase.last_epoch,
            first_epoch=resumed.epoch if resumed else phase.after,
            first_step=resumed.step if resumed else 0,
            seed=settings.seed,
            shuffle=settings.shuffle,
            with_replacement=settings.sampling == "with_replacement",
            balanced=settings.sampling == "balanced",
            class_weights=prepared.class_weights,
            drop_remainder=settings.drop_remainder,
            augmentations=prepared.recipe.data.augment,
            classes=classes,
            steps_together=together,
        )
        validation = trained.validation and evaluation_batches(
            trained.validation, batch_size(self.model), classes
        )
        sources = [part for part in (prepared.train, prepared.validation) if part is not None]
        return Feed(
            batches,
            prepared.steps_per_epoch,
            prepared.batch_size,
            validation,
            self._watched(),
            tuple(sources),
            together,
        )

    def _watched(self) -> dict[str, Images]:
        """Return the images that the recipe watches, by the column of their accuracy."""
        count = self.prepared.recipe.train.watch_first
        if count is None:
            return {}
        return {
            "first_train_accuracy": self.prepared.train.first(count),
            "first_test_accuracy": self.prepared.dataset.test.first(count),
        }


def _epochs_before(resumed: Checkpoint | None) -> int:
    """Return how many epochs came before the fine-tuning that a checkpoint is of."""
    assert resumed is not None and resumed.fine_tuned_after is not None
    return resumed.fine_tuned_after
