"""Train a run through its phases: the recipe's epochs, then those of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras

from kcnn.data.dataset import Images
from kcnn.data.pipeline import Rows, evaluation_batches, training_batches
from kcnn.model.costs import total_cost
from kcnn.progress import Progress
from kcnn.runs.checkpoint import Checkpoint, Origin, newest_checkpoint
from kcnn.runs.folder import RunFolder
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
        if resumed is None or resumed.fine_tuned_after is None:
            # A checkpoint of the first phase's end is restored without training on.
            training = self._train_phase(
                Phase(self.prepared.plan), self._first(), origin, resumed, None
            )
            resumed = None
        if self.prepared.recipe.train.fine_tune is not None:
            training = self._fine_tune(origin, resumed, training)
        assert training is not None
        return training

    def _first(self) -> _Trained:
        """Return what the first phase trains: the layers behind frozen ones, if that is the same.

        Their features are computed once.
        """
        prepared, plan = self.prepared, self.prepared.plan
        images = _Trained(self.model, prepared.train, prepared.validation)
        node = last_frozen(plan)
        if node is None or self.model.distribute_strategy.num_replicas_in_sync > 1:
            return images
        if not fit_into_memory(plan, node, len(prepared.train) + len(prepared.validation or ())):
            self.progress.note(
                f"the features of frozen layers up to {node.name} do not fit into a quarter of "
                "the free memory, so every epoch computes them"
            )
            return images
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
        self, origin: Origin, resumed: Checkpoint | None, before: Training | None
    ) -> Training:
        """Train with layers of the applications unfrozen, from where the phase before ended."""
        if before is not None:
            after = len(before.rows)
        else:
            assert resumed is not None and resumed.fine_tuned_after is not None
            after = resumed.fine_tuned_after
        prepared = self.prepared
        phase = fine_tuning_phase(prepared.plan, after)
        with self.model.distribute_strategy.scope():
            fine_tuning = unfreeze(phase, self.model)
            compile_model(phase.plan, self.model, prepared.steps_per_epoch)
        self.progress.note(fine_tuning.in_words)
        trained = _Trained(self.model, prepared.train, prepared.validation)
        training = self._train_phase(phase, trained, origin, resumed, before)
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
