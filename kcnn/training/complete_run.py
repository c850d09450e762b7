"""Train a run to its end, score it and draw its plots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kcnn.errors import KcnnError
from kcnn.machine.memory import peak_memory_mb
from kcnn.machine.signals import stop_if_requested, stops_deferred
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.log import logged
from kcnn.runs.summary import About, Results, add_timings, write_stopped, write_summary
from kcnn.training.clock import Clock
from kcnn.training.prepare import PreparedTraining

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Dataset, Images
    from kcnn.runs.checkpoint import Checkpoint, Origin
    from kcnn.training.feed import Feed
    from kcnn.training.fit import Training
    from kcnn.training.phases import Phase

    Draw = Callable[[RunFolder, Dataset, keras.Model, Progress], None]


@dataclass(frozen=True)
class FitResult:
    """A finished run.

    Args:
        run: Its folder.
        summary: The content of summary.json.
    """

    run: RunFolder
    summary: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {"path": str(self.run.path), **self.summary}


def complete_run(
    run: RunFolder,
    prepared: PreparedTraining,
    model: keras.Model,
    clock: Clock,
    draw: Draw,
    progress: Progress,
    resumed: Checkpoint | None = None,
) -> FitResult:
    """Train a run to its end, score it and draw its plots.

    Args:
        run: The run; its recipe and environment have been written.
        prepared: The model's plan and the images.
        model: Its compiled model, before the first step.
        clock: Times the parts.
        draw: Draws the plots. It is handed in because training imports no figures.
        progress: Shows the work.
        resumed: The checkpoint to resume from; None for a new run.

    Raises:
        KcnnError: Training diverged, or the folder cannot be written.
        Stopped: A signal came, and the work has stopped in good order.
    """
    # A signal must not interrupt TensorFlow: the work stops only where it calls stop_if_requested.
    with logged(run, progress) as reported, stops_deferred():
        completion = _Completion(run, prepared, model, clock, reported)
        with completion.status_when_stopped():
            training = completion.train(resumed)
            stop_if_requested()
            summary = completion.score(training)
        # A run that is scored is finished, even if its plots cannot be drawn.
        summary = completion.draw(draw, summary)
    return FitResult(run, summary)


@dataclass(frozen=True)
class _Completion:
    """The steps of complete_run on one run."""

    run: RunFolder
    prepared: PreparedTraining
    model: keras.Model
    clock: Clock
    progress: Progress

    def train(self, resumed: Checkpoint | None) -> Training:
        """Train the recipe's epochs, and then those of fine-tuning."""
        from kcnn.model.first_kernel import first_kernel
        from kcnn.runs.filters import write_filters
        from kcnn.training.fit import seconds_before
        from kcnn.training.phases import Phase

        began_from = resumed
        origin = resumed.origin if resumed else self._origin()
        with self.clock.timed("train"):
            training = None
            if resumed is None or resumed.fine_tuned_after is None:
                training = self._train_phase(Phase(self.prepared.plan), origin, resumed)
                resumed = None
            if self.prepared.recipe.train.fine_tune is not None:
                training = self._fine_tune(origin, resumed, training)
            assert training is not None
            write_filters(self.run, origin.first_kernel, first_kernel(self.model))
        # Only now is it certain that the checkpoint belongs to this training.
        self.clock.add_earlier("train", seconds_before(began_from))
        return training

    def score(self, training: Training) -> dict[str, Any]:
        """Score the model; write and return the summary, without the time of drawing."""
        from kcnn.training.scoring.final_scores import score_and_save

        prepared, clock = self.prepared, self.clock
        with clock.timed("score"):
            scores = score_and_save(
                prepared.plan, self.model, training, prepared.dataset, self.run, self.progress
            )
        rate = round(len(training.rows) * prepared.images_per_epoch / clock.parts["train"])
        results = Results(
            class_names=prepared.dataset.class_names,
            images={
                "train": len(prepared.train),
                "validation": len(prepared.validation or ()),
                "test": len(prepared.dataset.test),
            },
            images_digest=prepared.images_digest,
            test_images_digest=prepared.dataset.test.digest(),
            train=training.row_of_weights,
            test=scores.test,
            test_augmented=scores.augmented,
            best=scores.best,
            fine_tuning=training.fine_tuning.as_json() if training.fine_tuning else None,
            timings=clock.parts | {"training_images_per_second": rate},
            peak_memory_mb=peak_memory_mb(),
        )
        # Before the plots, which show its numbers.
        return write_summary(self.run, self._summary(), results)

    def draw(self, draw: Draw, summary: dict[str, Any]) -> dict[str, Any]:
        """Draw the plots; write and return the summary with all timings."""
        with self.clock.timed("draw"):
            draw(self.run, self.prepared.dataset, self.model, self.progress)
        timings = self.clock.parts | {"total": self.clock.total}
        return add_timings(self.run, summary, timings)

    @contextmanager
    def status_when_stopped(self) -> Iterator[None]:
        """If the run does not finish, add the reason to the summary and keep its numbers."""
        try:
            yield
        except KeyboardInterrupt:
            with suppress(KcnnError):  # a full disk did not end the run
                write_stopped(self.run, self._summary(), "interrupted")
            self.progress.note(_how_to_resume(self.run))
            raise
        except Exception as error:
            bug = f"{type(error).__name__}: {error}"
            reason = error.message if isinstance(error, KcnnError) else bug
            with suppress(KcnnError):
                write_stopped(self.run, self._summary(), "failed", reason)
            raise

    def _origin(self) -> Origin:
        """Return what every checkpoint records about the run besides its state."""
        from kcnn.model.first_kernel import first_kernel
        from kcnn.runs.checkpoint import Origin

        return Origin(
            images=self.prepared.images_digest,
            settings=self.prepared.settings_digest(),
            first_kernel=first_kernel(self.model),
        )

    def _fine_tune(
        self, origin: Origin, resumed: Checkpoint | None, before: Training | None
    ) -> Training:
        """Train with layers of the applications unfrozen, from where the phase before ended."""
        from kcnn.training.fit import compile_model
        from kcnn.training.phases import fine_tuning_phase, unfreeze

        if before is not None:
            after = len(before.rows)
        else:
            assert resumed is not None and resumed.fine_tuned_after is not None
            after = resumed.fine_tuned_after
        phase = fine_tuning_phase(self.prepared.plan, after)
        with self.model.distribute_strategy.scope():
            fine_tuning = unfreeze(phase, self.model)
            compile_model(phase.plan, self.model, self.prepared.steps_per_epoch)
        self.progress.note(fine_tuning.in_words)
        return replace(self._train_phase(phase, origin, resumed, before), fine_tuning=fine_tuning)

    def _train_phase(
        self,
        phase: Phase,
        origin: Origin,
        resumed: Checkpoint | None,
        before: Training | None = None,
    ) -> Training:
        """Train to a phase's last epoch; first to the end of an epoch that was stopped."""
        from kcnn.runs.checkpoint import newest_checkpoint

        while resumed and resumed.step:
            self._train_on(phase, origin, resumed, before)
            resumed = newest_checkpoint(self.run, self.progress)
        return self._train_on(phase, origin, resumed, before)

    def _train_on(
        self, phase: Phase, origin: Origin, resumed: Checkpoint | None, before: Training | None
    ) -> Training:
        from kcnn.training.fit import train

        feed = self._feed(phase, resumed)
        return train(phase, self.model, feed, self.run, self.progress, origin, resumed, before)

    def _feed(self, phase: Phase, resumed: Checkpoint | None) -> Feed:
        from kcnn.data.pipeline import evaluation_batches, training_batches
        from kcnn.training.feed import Feed
        from kcnn.training.scoring.predict import batch_size

        prepared, settings = self.prepared, self.prepared.recipe.train
        classes = prepared.plan.classes if settings.loss.targets == "one_hot" else None
        batches = training_batches(
            prepared.train,
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
        validation = prepared.validation and evaluation_batches(
            prepared.validation, batch_size(self.model), classes
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

    def _summary(self) -> About:
        recipe, cost = self.prepared.recipe, self.prepared.plan.cost
        return About(
            run=self.run.title,
            recipe=recipe.name,
            dataset=recipe.data.dataset,
            image_shape=self.prepared.dataset.image_shape,
            started=self.clock.started.isoformat(timespec="seconds"),
            epochs=recipe.train.all_epochs,
            parameters=cost.parameters,
            trainable_parameters=cost.parameters - cost.not_trained,
            multiply_adds=cost.multiply_adds,
        )


def _how_to_resume(run: RunFolder) -> str:
    from kcnn.runs.checkpoint import has_checkpoint

    if has_checkpoint(run):
        return f"the finished epochs are kept; to resume: kcnn fit --resume {run.path}"
    return f"no epoch is finished; to start again: kcnn fit --resume {run.path}"
