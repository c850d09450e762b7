"""Examples for settings that are easier to show than to explain; a test reads each in a recipe."""

from __future__ import annotations

from kcnn.recipe.augmentations import AlternatingFlip, MixUp
from kcnn.recipe.data_settings import FlipsAndShifts
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import Dirac, Whitening
from kcnn.recipe.layers import Application, Layer, Repeat, Residual
from kcnn.recipe.losses import CategoricalCrossentropy, SparseTopKCategoricalAccuracy
from kcnn.recipe.optimizers import ConvolutionMuon, Optimizer
from kcnn.recipe.regularizers import L2
from kcnn.recipe.schedules import ReduceLROnPlateau, Step, Triangle
from kcnn.recipe.schema import Fidelity, Published
from kcnn.recipe.train_settings import EarlyStopping, Lookahead, TrainSettings

EXAMPLES: dict[type[Settings], str] = {
    FlipsAndShifts: """\
data:
  test_time_augmentation: {flip: horizontal, shift: 1}""",
    AlternatingFlip: """\
data:
  augment:
    - AlternatingFlip
    - RandomCrop: {padding: 2, fill_mode: reflect}""",
    MixUp: """\
data:
  augment: [MixUp]
train:
  loss: categorical_crossentropy""",
    Layer: """\
model:
  layers:
    - Conv2D: {name: near, inputs: image, filters: 8, kernel_size: 3, padding: same}
    - Conv2D: {name: far, inputs: image, filters: 8, kernel_size: 5, padding: same}
    - Concatenate: {inputs: [near, far]}
    - GlobalAveragePooling2D
    - Dense: {units: 10}""",
    Residual: """\
model:
  layers:
    - Residual:
        body:
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
          - BatchNormalization
        shortcut:
          - Conv2D: {filters: 16, kernel_size: 1}
    - ReLU
    - GlobalAveragePooling2D
    - Dense: {units: 10}""",
    Repeat: """\
model:
  layers:
    - Repeat:
        times: 3
        body:
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
          - MaxPooling2D
    - Flatten
    - Dense: {units: 10}""",
    Application: """\
data:
  image_size: [96, 96]   # applications take images of 32×32 or more, some of 71×71 or 75×75
model:
  layers:
    - Application: {name: MobileNetV2, weights: none}
    - GlobalAveragePooling2D
    - Dense: {units: 10}""",
    Dirac: """\
model:
  layers:
    - Conv2D: {filters: 64, kernel_size: 3, padding: same, kernel_initializer: Dirac}
    - GlobalAveragePooling2D
    - Dense: {units: 10}""",
    Whitening: """\
model:
  layers:
    - Conv2D: {name: whiten, filters: 24, kernel_size: 2, kernel_initializer: Whitening}
    - ReLU
    - GlobalAveragePooling2D
    - Dense: {units: 10}
train:
  learning_rate_multipliers: {whiten/kernel: 0}   # stays as it was computed""",
    L2: """\
model:
  layers:
    - Flatten
    - Dense: {units: 10, kernel_regularizer: {L2: {l2: 0.0005}}}""",
    TrainSettings: """\
train:
  learning_rate_multipliers: {"*/bias": 2, conv2d/kernel: 0.5}""",
    Optimizer: """\
train:
  optimizer: {AdamW: {learning_rate: 0.001, use_ema: true, ema_momentum: 0.999}}""",
    ConvolutionMuon: """\
train:
  optimizer: {ConvolutionMuon: {learning_rate: 0.24, sgd_learning_rate_ratio: 6.25}}""",
    Step: """\
train:
  epochs: 20
  learning_rate_schedule: {Step: {epochs: [10, 15], factor: 0.1}}""",
    Triangle: """\
train:
  learning_rate_schedule: {Triangle: {peak_fraction: 0.2}}""",
    ReduceLROnPlateau: """\
data:
  validation: 5000
train:
  learning_rate_schedule: {ReduceLROnPlateau: {patience: 3, factor: 0.5}}""",
    Lookahead: """\
train:
  lookahead: {every: 5, decay: 0.95}""",
    CategoricalCrossentropy: """\
train:
  loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}""",
    SparseTopKCategoricalAccuracy: """\
train:
  metrics: [{SparseTopKCategoricalAccuracy: {k: 3}}]""",
    EarlyStopping: """\
data:
  validation: 5000
train:
  early_stopping: {patience: 3, restore_best_weights: true}""",
    Published: """\
published:
  - {metric: test_accuracy, value: 0.72951, source: "course report, week 11"}""",
    Fidelity: """\
fidelity:
  - setting: train.optimizer.Adam.learning_rate
    status: assumed
    note: the report names Adam only""",
}
