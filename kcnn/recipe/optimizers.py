"""Keras's optimizers with their own arguments, and one of ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from kcnn.recipe.fields import (
    BelowOne,
    Count,
    NotNegative,
    Positive,
    RegularExpression,
    Settings,
    UnitInterval,
    mistake,
)
from kcnn.recipe.kinds import OneOf, table


class Optimizer(Settings):
    """What every optimizer takes.

    Args:
        learning_rate: How far a step goes; with a schedule, its highest rate.
        weight_decay: Fraction of every weight that a step subtracts, times the learning rate.
        clipnorm: Clip the gradient of each weight tensor to this norm. Only one of the three
            settings that clip may be set.
        clipvalue: Clip every number of a gradient to between minus and plus this.
        global_clipnorm: Clip the gradient of all weights together to this norm.
        use_ema: Keep a moving average of the weights; each epoch is scored with it, and training
            ends with it.
        ema_momentum: Fraction of the average that each step keeps.
        ema_overwrite_frequency: Replace the weights by the average every so many steps;
            otherwise only at the end.
        loss_scale_factor: Multiply the loss, and divide the gradients again, so that small ones are
            not lost in float16.
        gradient_accumulation_steps: Update the weights once in so many steps, by the mean of the
            gradients.
    """

    learning_rate: Positive | None = None
    weight_decay: NotNegative | None = None
    clipnorm: Positive | None = None
    clipvalue: Positive | None = None
    global_clipnorm: Positive | None = None
    use_ema: bool | None = None
    ema_momentum: UnitInterval | None = None
    ema_overwrite_frequency: Count | None = None
    loss_scale_factor: Positive | None = None
    gradient_accumulation_steps: Annotated[int | None, Field(ge=2)] = None

    @property
    def clips(self) -> list[str]:
        """The settings that clip gradients; at most one."""
        return [
            name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name)
        ]

    @model_validator(mode="after")
    def _clip_once(self) -> Optimizer:
        if len(self.clips) > 1:
            raise mistake("clips_twice", settings=" and ".join(self.clips))
        return self


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    Args:
        momentum: Fraction of its last update that a weight repeats at each step.
        nesterov: Compute the gradient one step of momentum ahead.
    """

    momentum: UnitInterval | None = None
    nesterov: bool | None = None


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012).

    Args:
        rho: Fraction of the mean of squared gradients that each step keeps.
        momentum: Fraction of its last update that a weight repeats at each step.
        epsilon: Added to the divisor.
        centered: Divide by the gradients' variance instead of their squares.
    """

    rho: UnitInterval | None = None
    momentum: UnitInterval | None = None
    epsilon: Positive | None = None
    centered: bool | None = None


class Moments(Optimizer):
    """What Adam and its relatives take.

    Args:
        beta_1: Fraction of the mean of gradients that each step keeps.
        beta_2: Fraction of the mean of squared gradients that each step keeps.
        epsilon: Added to the divisor.
    """

    beta_1: BelowOne | None = None
    beta_2: BelowOne | None = None
    epsilon: Positive | None = None


class Adam(Moments):
    """Adam (Kingma and Ba, 2015).

    Args:
        amsgrad: Divide by the largest mean so far (Reddi et al., 2018).
    """

    amsgrad: bool | None = None


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""


class Adamax(Moments):
    """Adam with the infinity norm (Kingma and Ba, 2015)."""


class Nadam(Moments):
    """Adam with Nesterov momentum (Dozat, 2016)."""


class Lamb(Moments):
    """Layer-wise adaptive rates for large batches (You et al., 2020)."""


class Lion(Optimizer):
    """Sign momentum (Chen et al., 2023)."""

    beta_1: BelowOne | None = None
    beta_2: BelowOne | None = None


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    rho: UnitInterval | None = None
    epsilon: Positive | None = None


class Adagrad(Optimizer):
    """AdaGrad (Duchi et al., 2011)."""

    initial_accumulator_value: NotNegative | None = None
    epsilon: Positive | None = None


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern, 2018)."""

    beta_2_decay: float | None = None
    epsilon_1: Positive | None = None
    epsilon_2: Positive | None = None
    clip_threshold: Positive | None = None
    relative_step: bool | None = None


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    learning_rate_power: Annotated[float | None, Field(le=0)] = None
    initial_accumulator_value: NotNegative | None = None
    l1_regularization_strength: NotNegative | None = None
    l2_regularization_strength: NotNegative | None = None
    l2_shrinkage_regularization_strength: NotNegative | None = None
    beta: float | None = None


class Muon(Optimizer):
    """Orthogonalized momentum (Jordan et al., 2024); Keras's leaves convolutions to AdamW."""

    adam_beta_1: BelowOne | None = None
    adam_beta_2: BelowOne | None = None
    adam_weight_decay: NotNegative | None = None
    epsilon: Positive | None = None
    exclude_layers: list[RegularExpression] | None = None
    exclude_embeddings: bool | None = None
    muon_a: float | None = None
    muon_b: float | None = None
    muon_c: float | None = None
    adam_lr_ratio: Positive | None = None
    momentum: UnitInterval | None = None
    ns_steps: Count | None = None
    nesterov: bool | None = None
    rms_rate: Positive | None = None


class ConvolutionMuon(Optimizer):
    """Muon (Jordan et al., 2024) for kernels of Conv2D, SGD for the rest; not in Keras.

    Args:
        learning_rate: How far a step of the kernels goes; with a schedule, its highest rate.
        weight_decay: Fraction of every weight that a step subtracts, times the learning rate; it
            has no effect on kernels whose norm `normalize` keeps.
        momentum: Momentum of the kernels of Conv2D.
        nesterov: Whether their gradient is computed one step of momentum ahead.
        ns_steps: Newton-Schulz steps that orthogonalize their update.
        normalize: Keep each such kernel's norm at the square root of its number of filters.
        sgd_learning_rate_ratio: The rate of all other weights over `learning_rate`.
        sgd_momentum: Nesterov momentum of all other weights.
    """

    learning_rate: Positive | None = 0.24
    weight_decay: NotNegative | None = None
    momentum: BelowOne | None = 0.6
    nesterov: bool | None = True
    ns_steps: Count | None = 5
    normalize: bool | None = True
    sgd_learning_rate_ratio: Positive | None = 1.0
    sgd_momentum: BelowOne | None = 0.85


OPTIMIZERS = table(
    SGD, RMSprop, Adam, AdamW, Adadelta, Adagrad, Adamax, Adafactor, Nadam, Ftrl, Lion, Lamb, Muon,
    ConvolutionMuon,
)  # fmt: skip

AnyOptimizer = Annotated[Optimizer, OneOf(OPTIMIZERS, "optimizer")]
