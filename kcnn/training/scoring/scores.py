"""Scores: how well a model's predictions agree with the labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcnn.data.labels import has_several
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import (
    LabelPredictions,
    LabelScore,
    write_label_predictions,
    write_label_scores,
)
from kcnn.runs.scores import (
    ClassScore,
    Confusion,
    Predictions,
    probability_text,
    write_confusion,
    write_per_class,
    write_predictions,
)
from kcnn.text.listed import listed

MAX_NAMES = 10  # classes named in one line
MAX_CLASSES_WITHOUT_TOP_K = 5


@dataclass(frozen=True)
class Scores:
    """How well a model did on labeled images.

    Args:
        accuracy: Fraction of the images that were predicted as their own class; of images with
            several labels, fraction of right decisions.
        overall: Further scores of all classes together, as of `overall_scores` or `measure_labels`.
        per_class: The score of each class; a `LabelScore` where images may have several labels.
        predictions: The prediction for each image.
        confusion: How often each class was predicted as each; None where images may have several.
    """

    accuracy: float
    overall: Mapping[str, float]
    per_class: tuple[ClassScore, ...]
    predictions: Predictions | LabelPredictions
    confusion: Confusion | None = None

    def write(self, run: RunFolder, files: Sequence[str] | None) -> None:
        """Write per_class.csv, predictions.csv and, if there is one, confusion.csv.

        Args:
            run: The run.
            files: The file of each image; None if the images have none.

        Raises:
            RunError: A file cannot be written.
        """
        if isinstance(self.predictions, LabelPredictions):
            write_label_scores(
                run, [score for score in self.per_class if isinstance(score, LabelScore)]
            )
            write_label_predictions(run, replace(self.predictions, files=files))
            return
        assert self.confusion is not None
        write_per_class(run, self.per_class)
        write_confusion(run, self.confusion)
        write_predictions(run, replace(self.predictions, files=files))

    def note_missing_classes(self, progress: Progress) -> None:
        """Note the classes that no image shows, whose recall is not known."""
        missing = [score.name for score in self.per_class if not score.support]
        if missing:
            named = listed(missing, MAX_NAMES)
            progress.note(f"no test image shows {named}: recall is not known there")


def score(
    probabilities: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    thresholds: Sequence[float | None] | None = None,
) -> Scores:
    """Compare probabilities with labels.

    Args:
        probabilities: Shape (images, classes).
        labels: The labels, in one of the forms of `kcnn.data.labels`.
        class_names: The name of each column of the probabilities.
        thresholds: As of `measure_labels`, where images may have several labels.
    """
    if has_several(labels):
        from kcnn.training.scoring.label_scores import measure_labels  # imports scikit-learn

        measured = measure_labels(probabilities, labels, class_names, thresholds)
        return Scores(**vars(measured))
    labels = np.asarray(labels)
    predicted = probabilities.argmax(axis=1)
    counts = _count(labels, predicted, len(class_names))
    predictions = Predictions(
        index=np.arange(len(labels)),
        label=labels,
        predicted=predicted,
        probability=_probability(probabilities),
    )
    per_class = _class_scores(counts, class_names)
    return Scores(
        accuracy=float(np.mean(predicted == labels)),
        overall=overall_scores(per_class, probabilities, predictions),
        per_class=per_class,
        confusion=Confusion(tuple(class_names), counts),
        predictions=predictions,
    )


def _count(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return the confusion matrix, int64 of shape (true classes, predicted classes)."""
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def _class_scores(counts: np.ndarray, class_names: Sequence[str]) -> tuple[ClassScore, ...]:
    """Return the score of each class.

    Args:
        counts: As of `_count`.
        class_names: The name of each class.
    """
    found = zip(class_names, counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1), strict=True)
    return tuple(
        ClassScore(
            name,
            _fraction(right, predicted),
            _fraction(right, support),
            _fraction(2 * right, predicted + support),
            int(support),
        )
        for name, right, predicted, support in found
    )


def _fraction(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def overall_scores(
    per_class: Sequence[ClassScore], probabilities: np.ndarray, predictions: Predictions
) -> dict[str, float]:
    """Return scores of all classes together that do not favor frequent classes, or rank them.

    Args:
        per_class: The scores of each class.
        probabilities: Shape (images, classes).
        predictions: The prediction for each image.

    Returns:
        - `balanced_accuracy`, the mean recall of the classes that images show (Brodersen et al.,
          2010), and `macro_f1`, the mean F1 of those that images show or are predicted;
        - `top_3_accuracy` of six to nine classes, `top_5_accuracy` of more: how often the right
          class is among so many with the highest probability. Chance is a half or less;
        - `roc_auc` and `average_precision` of two classes, of which the second is the positive one;
          left out if all images show the same class.
    """
    scores = {
        "balanced_accuracy": _mean(score.recall for score in per_class),
        "macro_f1": _mean(score.f1 for score in per_class),
    }
    classes, labels = len(per_class), predictions.label
    if classes > MAX_CLASSES_WITHOUT_TOP_K:
        k = 3 if classes < 2 * 5 else 5
        scores[f"top_{k}_accuracy"] = _top_k_accuracy(labels, probabilities, k)
    if classes == 2 and len(np.unique(labels)) == 2 and _sum_to_1(probabilities):
        # Here, because its import takes a second, and only runs of two classes need it.
        from sklearn.metrics import average_precision_score, roc_auc_score

        positive = predictions.second_class_probability
        scores["roc_auc"] = float(roc_auc_score(labels, positive))
        scores["average_precision"] = float(average_precision_score(labels, positive))
    return scores


def _top_k_accuracy(labels: np.ndarray, probabilities: np.ndarray, k: int) -> float:
    """Return the fraction of images whose label is among the k most probable classes.

    Of equal probabilities, the later class counts as the higher one, as in scikit-learn.
    """
    highest = probabilities.argsort(axis=1, kind="stable")[:, -k:]
    return float(np.mean((highest == labels[:, np.newaxis]).any(axis=1)))


def _probability(probabilities: np.ndarray) -> np.ndarray:
    """Return the highest probability of each image; of two classes, rounded as it is written.

    Near 1, float32 has few numbers; what the other class lacks to 0 has more digits. The scores of
    two classes then are those of the curves that are drawn from predictions.csv.
    """
    if probabilities.shape[1] != 2 or not _sum_to_1(probabilities):
        return np.asarray(probabilities.max(axis=1))
    highest = 1 - probabilities.min(axis=1).astype(np.float64)
    return np.array([float(probability_text(probability)) for probability in highest])


def _sum_to_1(probabilities: np.ndarray) -> bool:
    """Return whether they are of a softmax; two sigmoids are not each other's complement."""
    return bool(np.allclose(probabilities.sum(axis=1), 1, atol=1e-3))


def _mean(fractions: Iterable[float | None]) -> float:
    return float(np.mean([fraction for fraction in fractions if fraction is not None]))
