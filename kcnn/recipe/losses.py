"""Keras's losses and metrics for classification, with their own arguments.

`targets` is the form of labels that a class needs: class numbers (`sparse`) or one-hot rows
(`one_hot`). Recipes seldom set `from_logits`: kcnn sees whether the network ends in an activation.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kcnn.recipe.fields import Count, NotNegative, Positive, Settings, UnitInterval, choice
from kcnn.recipe.kinds import OneOf, table

Targets = Literal["sparse", "one_hot"]


class Loss(Settings):
    """What training minimizes."""

    targets: ClassVar[Targets] = "one_hot"
    takes_logits: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    # Whether each output is compared by itself, so that an image may have several labels.
    has_independent_outputs: ClassVar[bool] = False


class Crossentropy(Loss):
    """What every cross-entropy takes.

    Args:
        from_logits: Whether the outputs are logits; when left out, kcnn sees whether the network
            ends in softmax or sigmoid.
    """

    takes_logits: ClassVar[bool] = True

    from_logits: bool | None = None


class SparseCategoricalCrossentropy(Crossentropy):
    """Cross-entropy against class numbers."""

    targets: ClassVar[Targets] = "sparse"


class CategoricalCrossentropy(Crossentropy):
    """Cross-entropy against one-hot rows; it takes label smoothing.

    Args:
        label_smoothing: Fraction of each label that is spread evenly over all classes.
    """

    label_smoothing: UnitInterval | None = None


class BinaryCrossentropy(CategoricalCrossentropy):
    """Cross-entropy of each output by itself as yes or no, for images with several labels."""

    has_independent_outputs: ClassVar[bool] = True


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """Cross-entropy that weights hard images more (Lin et al., 2017).

    Args:
        alpha: Multiplier of the whole loss.
        gamma: How much less easy images count; 0 is cross-entropy.
    """

    alpha: NotNegative | None = None
    gamma: NotNegative | None = None


class BinaryFocalCrossentropy(CategoricalFocalCrossentropy):
    """`CategoricalFocalCrossentropy` of each output by itself as yes or no.

    Args:
        apply_class_balancing: Weight yes by alpha, no by 1 - alpha.
    """

    has_independent_outputs: ClassVar[bool] = True

    apply_class_balancing: bool | None = None


class CategoricalGeneralizedCrossEntropy(Loss):
    """Between cross-entropy and absolute error, for noisy labels (Zhang and Sabuncu, 2018).

    Args:
        q: Where in between: near 0 it is cross-entropy, near 1 absolute error.
    """

    targets: ClassVar[Targets] = "sparse"
    needs_probabilities: ClassVar[bool] = True

    q: Annotated[float | None, Field(gt=0, lt=1)] = None


class CategoricalHinge(Loss):
    """The margin between the right class and the best wrong one."""


class MeanSquaredError(Loss):
    """The mean squared difference from one-hot rows."""


class MeanAbsoluteError(Loss):
    """The mean absolute difference from one-hot rows."""


class Huber(Loss):
    """Squared error near 0, absolute error beyond `delta`.

    Args:
        delta: The difference above which it is absolute.
    """

    delta: Positive | None = None


class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine of the difference."""


class KLDivergence(Loss):
    """The Kullback–Leibler divergence from one-hot rows."""

    needs_probabilities: ClassVar[bool] = True


class Metric(Settings):
    """What is measured in addition to the loss, each epoch and at the end."""

    targets: ClassVar[Targets | None] = None
    needs_probabilities: ClassVar[bool] = False


class Accuracy(Metric):
    """The fraction of images whose highest output is the right class; always measured."""


class TopKCategoricalAccuracy(Metric):
    """The fraction of images whose right class is among the `k` highest outputs; one-hot targets.

    Args:
        k: How many outputs count.
    """

    targets: ClassVar[Targets | None] = "one_hot"

    k: Count | None = None


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """`TopKCategoricalAccuracy` for class numbers, as the default loss has them."""

    targets: ClassVar[Targets | None] = "sparse"


class _OneHotMetric(Metric):
    targets: ClassVar[Targets | None] = "one_hot"
    needs_probabilities: ClassVar[bool] = True


class Precision(_OneHotMetric):
    """The fraction of outputs above a threshold that are of the right class.

    Args:
        thresholds: The threshold.
        top_k: Count so many of an image's highest outputs instead of those above the threshold.
    """

    thresholds: UnitInterval | None = None
    top_k: Count | None = None


class Recall(Precision):
    """The fraction of right classes whose output is above a threshold."""


class AUC(_OneHotMetric):
    """The area under the ROC or precision-recall curve.

    Args:
        num_thresholds: Number of points on the curve.
        curve: Which of the two.
        multi_label: Average one curve per class, instead of one curve for the outputs of all.
    """

    num_thresholds: Annotated[int | None, Field(ge=2, le=10**9)] = None
    curve: Annotated[str | None, choice("ROC", "PR")] = None
    multi_label: bool | None = None


class F1Score(_OneHotMetric):
    """The harmonic mean of precision and recall.

    Args:
        average: Over all predictions (micro), over classes (macro), or over classes weighted by
            their number of images (weighted).
    """

    average: Annotated[str | None, choice("micro", "macro", "weighted")] = "macro"


LOSSES = table(
    SparseCategoricalCrossentropy, CategoricalCrossentropy, BinaryCrossentropy,
    CategoricalFocalCrossentropy, BinaryFocalCrossentropy, CategoricalGeneralizedCrossEntropy,
    CategoricalHinge, MeanSquaredError, MeanAbsoluteError, Huber, LogCosh, KLDivergence,
)  # fmt: skip
METRICS = table(
    Accuracy,
    TopKCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    Precision,
    Recall,
    AUC,
    F1Score,
)

AnyLoss = Annotated[Loss, OneOf(LOSSES, "loss")]
AnyMetric = Annotated[Metric, OneOf(METRICS, "metric")]
