"""Words that people bring along from PyTorch, older Keras and tutorials, and what kcnn calls them.

Likeness of letters leads from them to nothing, or to the wrong name: `GELU` to `ELU`.
"""

from __future__ import annotations

from collections.abc import Collection

# What each word is called here; of several names, the one that is known at the place.
_NAMES: dict[str, tuple[str, ...]] = {
    # layers
    "linear": ("Dense",),
    "fc": ("Dense",),
    "conv": ("Conv2D",),
    "convolution2d": ("Conv2D",),
    "convtranspose2d": ("Conv2DTranspose",),
    "maxpool": ("MaxPooling2D",),
    "maxpool2d": ("MaxPooling2D",),
    "avgpool": ("AveragePooling2D",),
    "avgpool2d": ("AveragePooling2D",),
    "adaptiveavgpool2d": ("GlobalAveragePooling2D",),
    "adaptivemaxpool2d": ("GlobalMaxPooling2D",),
    "globalavgpool2d": ("GlobalAveragePooling2D",),
    "globalmaxpool2d": ("GlobalMaxPooling2D",),
    "batchnorm": ("BatchNormalization",),
    "batchnorm2d": ("BatchNormalization",),
    "layernorm": ("LayerNormalization",),
    "groupnorm": ("GroupNormalization",),
    "localresponsenorm": ("LocalResponseNormalization",),
    "dropout2d": ("SpatialDropout2D",),
    "zeropad2d": ("ZeroPadding2D",),
    "upsample": ("UpSampling2D",),
    "concat": ("Concatenate",),
    # settings of layers
    "out_channels": ("filters",),
    "out_features": ("units",),
    "kernel": ("kernel_size",),
    "stride": ("strides",),
    "subsample": ("strides",),
    "border_mode": ("padding",),
    "dilation": ("dilation_rate",),
    "bias": ("use_bias",),
    "init": ("kernel_initializer",),
    "p": ("rate",),
    "alpha": ("negative_slope",),
    # settings of optimizers
    "lr": ("learning_rate",),
    "eps": ("epsilon",),
    "momentum": ("beta_1",),
    "rho": ("beta_2",),
    # settings of sections
    "root": ("path",),
    "folder": ("path",),
    "directory": ("path",),
    "img_size": ("image_size",),
    "resize": ("image_size",),
    "augmentation": ("augment",),
    "augmentations": ("augment",),
    "transform": ("augment",),
    "transforms": ("augment",),
    "validation_split": ("validation",),
    "val_split": ("validation",),
    "test_split": ("test",),
    "normalize": ("scaling",),
    "rescale": ("scaling",),
    "batch": ("batch_size",),
    "num_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "criterion": ("loss",),
    "scheduler": ("learning_rate_schedule",),
    "lr_scheduler": ("learning_rate_schedule",),
    "lr_schedule": ("learning_rate_schedule",),
    "dtype": ("precision",),
    "mixed_precision": ("precision",),
    "random_seed": ("seed",),
    "random_state": ("seed",),
    # losses and metrics
    "crossentropyloss": ("SparseCategoricalCrossentropy",),
    "cross_entropy": ("SparseCategoricalCrossentropy",),
    "crossentropy": ("SparseCategoricalCrossentropy",),
    "nllloss": ("SparseCategoricalCrossentropy",),
    "bce": ("BinaryCrossentropy",),
    "bceloss": ("BinaryCrossentropy",),
    "bcewithlogitsloss": ("BinaryCrossentropy",),
    "mse": ("MeanSquaredError",),
    "mseloss": ("MeanSquaredError",),
    "mae": ("MeanAbsoluteError",),
    "l1loss": ("MeanAbsoluteError",),
    "acc": ("Accuracy", "accuracy"),
    "val_acc": ("val_accuracy",),
    "test_acc": ("test_accuracy",),
    "sparse_categorical_accuracy": ("Accuracy",),
    "categorical_accuracy": ("Accuracy",),
    "f1": ("F1Score",),
    "top_k": ("SparseTopKCategoricalAccuracy",),
    "top5": ("SparseTopKCategoricalAccuracy",),
    # initializers
    "glorot": ("GlorotUniform",),
    "xavier": ("GlorotUniform",),
    "xavier_uniform": ("GlorotUniform",),
    "xavier_normal": ("GlorotNormal",),
    "he": ("HeNormal",),
    "kaiming": ("HeNormal",),
    "kaiming_normal": ("HeNormal",),
    "kaiming_uniform": ("HeUniform",),
    "lecun": ("LecunNormal",),
    "normal": ("RandomNormal",),
    "uniform": ("RandomUniform",),
    "zero": ("Zeros",),
    "one": ("Ones",),
    # precisions
    "float16": ("mixed_float16",),
    "fp16": ("mixed_float16",),
    "half": ("mixed_float16",),
    "bfloat16": ("mixed_bfloat16",),
    "bf16": ("mixed_bfloat16",),
    "fp32": ("float32",),
}  # fmt: skip

# Activations that are layers elsewhere, and Keras's names of them.
ACTIVATION_LAYERS = {
    word.replace("_", ""): word
    for word in (
        "tanh", "sigmoid", "celu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh",
        "log_softmax", "mish", "relu6", "selu", "silu", "softplus", "softsign", "swish",
    )
} | {"hardswish": "hard_silu", "identity": "linear"}  # fmt: skip

_SHAPE_IS_KNOWN = "leave it out, kcnn knows the shape of what comes in"
_DECAY = "write train.learning_rate_schedule, as in {Exponential: {factor: 0.9}}"
_OPTIMIZERS = {
    word: f"belongs to the optimizer; write train.optimizer: {example}"
    for word, example in {
        "learning_rate": "{Adam: {learning_rate: 0.001}}",
        "lr": "{Adam: {learning_rate: 0.001}}",
        "weight_decay": "{AdamW: {weight_decay: 0.004}}",
        "momentum": "{SGD: {momentum: 0.9}}",
    }.items()
} | {"decay": _DECAY}

# What to do about a word that no single name stands for, by a name that is known at its place.
_ADVICE: dict[str, dict[str, str]] = {
    "Activation": {  # among layers
        "input": "leave it out, kcnn knows the shape of the images",
        "inputlayer": "leave it out, kcnn knows the shape of the images",
        "sequential": "leave it out and list its layers here",
    }
    | {word: f"write Activation: {{activation: {name}}}" for word, name in
       ACTIVATION_LAYERS.items()},
    "inputs": dict.fromkeys(  # among the settings of a layer
        ("input_shape", "batch_input_shape", "input_dim", "in_channels", "in_features",
         "num_features"),
        _SHAPE_IS_KNOWN,
    ),
    "beta_1": {  # among the settings of Adam and its kin
        "betas": "write beta_1: 0.9 and beta_2: 0.999, each a setting of its own",
        "nesterov": "Nadam is Adam with it; write optimizer: Nadam",
    },
    "AdamW": dict.fromkeys(  # among optimizers
        ("schedulefreeadamw", "schedule_free_adam_w"),
        "left out: on TensorFlow, Keras's takes other steps than its paper (Defazio et al., 2024); "
        "write AdamW, and train.learning_rate_schedule: Cosine",
    ),
    "clipnorm": {  # among the settings of an optimizer
        "decay": _DECAY,
    },
    # at the left edge, and among the settings of model and of train
    "train": _OPTIMIZERS,
    "layers": _OPTIMIZERS,
    "optimizer": _OPTIMIZERS
    | {"callbacks": "write early_stopping: {patience: 5} or learning_rate_schedule: Cosine"},
}  # fmt: skip


def name_for(word: str, known: Collection[str]) -> str | None:
    """Gives what a word of another library is called here; None for other words.

    Args:
        word: The word.
        known: The names that may stand in its place.
    """
    return next((name for name in _NAMES.get(word.lower(), ()) if name in known), None)


def advice_for(word: str, known: Collection[str]) -> str | None:
    """Says what to do about a word that no single name stands for; None for other words.

    Args:
        word: The word.
        known: The names that may stand in its place.
    """
    found = (words.get(word.lower()) for place, words in _ADVICE.items() if place in known)
    return next(filter(None, found), None)
