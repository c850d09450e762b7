"""Train a run to its end, score it and draw its plots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kcnn.errors import DivergedError, KcnnError
from kcnn.machine.memory import peak_memory_mb
from kcnn.machine.signals import stop_if_requested, stops_deferred
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.log import logged
from kcnn.runs.summary import About, Results, add_timings, write_stopped, write_summary
from kcnn.text.shell import shell_word
from kcnn.training.clock import Clock
from kcnn.training.prepare import PreparedTraining

if TYPE_CHECKING:
    import keras

    from kcnn.data.dataset import Dataset
    from kcnn.runs.checkpoint import Checkpoint, Origin
    from kcnn.training.fit import Training

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
        from kcnn.training.train_phases import PhasedTraining

        origin = resumed.origin if resumed else self._origin()
        with self.clock.timed("train"):
            phases = PhasedTraining(self.run, self.prepared, self.model, self.progress)
            training = phases.train(origin, resumed)
            write_filters(self.run, origin.first_kernel, first_kernel(self.model))
        # Only now is it certain that the checkpoint belongs to this training.
        self.clock.add_earlier("train", seconds_before(resumed))
        return training

    def score(self, training: Training) -> dict[str, Any]:
        """Score the model; write and return the summary, without the time of drawing."""
        from kcnn.training.scoring.final_scores import score_and_save

        prepared, clock = self.prepared, self.clock
        with clock.timed("score"):
            scores = score_and_save(
                prepared.plan,
                self.model,
                training,
                prepared.dataset,
                self.run,
                self.progress,
                prepared.validation,
            )
        rate = round(len(training.rows) * prepared.images_per_epoch / clock.parts["train"])
        timings = clock.parts | {"training_images_per_second": rate}
        if training.epochs_on_features:
            timings["epochs_on_features"] = training.epochs_on_features
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
            timings=timings,
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
            if not isinstance(error, DivergedError):
                self.progress.note(_how_to_resume(self.run))
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
            several_labels=self.prepared.dataset.has_several_labels,
        )


def _how_to_resume(run: RunFolder) -> str:
    from kcnn.runs.checkpoint import has_checkpoint

    if has_checkpoint(run):
        return f"the finished epochs are kept; to resume: kcnn fit --resume {shell_word(run.path)}"
    return f"no epoch is finished; to start again: kcnn fit --resume {shell_word(run.path)}"
