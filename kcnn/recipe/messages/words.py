"""Words that people bring along from PyTorch, older Keras and tutorials, and what kcnn calls them.

Likeness of letters leads from them to nothing, or to the wrong name: `GELU` to `ELU`.
"""

from __future__ import annotations

from collections.abc import Collection

# What each word is called here; of several names, the one that is known at the location.
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
    "alpha": ("negative_slope", "final_fraction", "factor"),
    # settings of optimizers
    "lr": ("learning_rate",),
    "eps": ("epsilon",),
    "momentum": ("beta_1",),
    "rho": ("beta_2",),
    # learning-rate schedules, and their settings
    "cosinedecay": ("Cosine",),
    "cosine_decay": ("Cosine",),
    "cosineannealinglr": ("Cosine",),
    "exponentialdecay": ("Exponential",),
    "exponential_decay": ("Exponential",),
    "exponentiallr": ("Exponential",),
    "piecewiseconstantdecay": ("Step",),
    "piecewise_constant": ("Step",),
    "step_decay": ("Step",),
    "steplr": ("Step",),
    "multisteplr": ("Step",),
    "onecyclelr": ("OneCycle",),
    "decay_rate": ("factor",),
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

# Words that are called here what they nearly mean: to ask after, not to write in their place.
_NEARLY = ("momentum", "rho", "decay_rate")

_SHAPE_IS_KNOWN = "leave it out, kcnn knows the shape of what comes in"
_DECAY = "a falling rate is train.learning_rate_schedule, as in {Exponential: {factor: 0.9}}"
_KERAS_SCHEDULES = {
    "initial_learning_rate": "leave it out, the optimizer's learning_rate is it",
    "decay_steps": "leave it out, a schedule counts epochs or goes over the whole training",
}

# What to do about a word that no single name stands for, by a name that is known at its location.
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
        "betas": "two settings here, beta_1 and beta_2, as in beta_1: 0.9, beta_2: 0.999",
        "nesterov": "Nadam is Adam with it; write Nadam in place of Adam, and leave this out",
    },
    "AdamW": dict.fromkeys(  # among optimizers
        ("schedulefreeadamw", "schedule_free_adam_w"),
        "left out: on TensorFlow, Keras's takes other steps than its paper (Defazio et al., 2024); "
        "write AdamW, and train.learning_rate_schedule: Cosine",
    ),
    "OneCycle": {  # among learning-rate schedules
        **dict.fromkeys(
            ("cosinedecayrestarts", "cosineannealingwarmrestarts"),
            "left out; Cosine falls once, over the whole training",
        ),
        **dict.fromkeys(
            ("polynomialdecay", "inversetimedecay", "linearlr"),
            "left out; nearest to it are Cosine and Exponential",
        ),
    },
    "final_fraction": _KERAS_SCHEDULES,  # among the settings of Cosine and its kin
    "factor": _KERAS_SCHEDULES,  # among those of Step and Exponential
    "clipnorm": {  # among the settings of an optimizer
        "decay": _DECAY,
    },
    # at the left edge, and among the settings of model and of train
    "train": {"decay": _DECAY},
    "layers": {"decay": _DECAY},
    "optimizer": {
        "decay": _DECAY,
        "callbacks": "what callbacks do are settings here, as in early_stopping: {patience: 5} and "
        "learning_rate_schedule: Cosine",
    },
}  # fmt: skip


def name_for(word: str, known: Collection[str]) -> str | None:
    """Gives what a word of another library is called here; None for other words.

    Args:
        word: The word.
        known: The names that may stand in its place.
    """
    return next((name for name in _NAMES.get(word.lower(), ()) if name in known), None)


def same_setting(word: str, known: Collection[str]) -> str | None:
    """Gives the setting that means just what a word of another library does; None for others.

    Args:
        word: The word, which may be the setting's own name.
        known: The settings that may stand in its place.
    """
    if word in known:
        return word
    return None if word.lower() in _NEARLY else name_for(word, known)


def is_needless(word: str, known: Collection[str]) -> bool:
    """Whether a word of another library says what kcnn knows by itself.

    Args:
        word: The word.
        known: The settings that may stand in its place.
    """
    return advice_for(word, known) == _SHAPE_IS_KNOWN


def advice_for(word: str, known: Collection[str]) -> str | None:
    """Says what to do about a word that no single name stands for; None for other words.

    Args:
        word: The word.
        known: The names that may stand in its place.
    """
    found = (words.get(word.lower()) for loc, words in _ADVICE.items() if loc in known)
    return next(filter(None, found), None)
