"""Words that people bring along from PyTorch, older Keras and tutorials, and what kcnn calls them.

Likeness of letters leads from them to nothing, or to the wrong name: `GELU` to `ELU`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kcnn.text.did_you_mean import nearest

# What other libraries call each name. A word for several names means the first that is known at
# its location.
_OTHER_WORDS = {
    "Dense": "linear fc",
    "Conv2D": "conv convolution2d",
    "Conv2DTranspose": "convtranspose2d",
    "MaxPooling2D": "maxpool maxpool2d",
    "AveragePooling2D": "avgpool avgpool2d",
    "GlobalAveragePooling2D": "adaptiveavgpool2d globalavgpool2d",
    "GlobalMaxPooling2D": "adaptivemaxpool2d globalmaxpool2d",
    "BatchNormalization": "batchnorm batchnorm2d",
    "LayerNormalization": "layernorm",
    "GroupNormalization": "groupnorm",
    "LocalResponseNormalization": "localresponsenorm",
    "SpatialDropout2D": "dropout2d",
    "ZeroPadding2D": "zeropad2d",
    "UpSampling2D": "upsample",
    "Concatenate": "concat",
    "filters": "out_channels",
    "units": "out_features",
    "kernel_size": "kernel",
    "strides": "stride subsample",
    "padding": "border_mode",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "kernel_initializer": "init",
    "rate": "p",
    "negative_slope": "alpha",
    "final_fraction": "alpha",
    "factor": "alpha decay_rate",
    "learning_rate": "lr",
    "epsilon": "eps",
    "beta_1": "momentum",
    "beta_2": "rho",
    "Cosine": "cosinedecay cosine_decay cosineannealinglr",
    "Exponential": "exponentialdecay exponential_decay exponentiallr",
    "Step": "piecewiseconstantdecay piecewise_constant step_decay steplr multisteplr",
    "OneCycle": "onecyclelr",
    "path": "root folder directory",
    "image_size": "img_size resize",
    "augment": "augmentation augmentations transform transforms",
    "validation": "validation_split val_split",
    "test": "test_split",
    "scaling": "normalize rescale",
    "batch_size": "batch",
    "epochs": "num_epochs n_epochs",
    "loss": "criterion",
    "learning_rate_schedule": "scheduler lr_scheduler lr_schedule",
    "precision": "dtype mixed_precision",
    "seed": "random_seed random_state",
    "SparseCategoricalCrossentropy": "crossentropyloss cross_entropy crossentropy nllloss",
    "BinaryCrossentropy": "bce bceloss bcewithlogitsloss",
    "MeanSquaredError": "mse mseloss",
    "MeanAbsoluteError": "mae l1loss",
    "Accuracy": "acc sparse_categorical_accuracy categorical_accuracy",
    "accuracy": "acc",
    "val_accuracy": "val_acc",
    "test_accuracy": "test_acc",
    "F1Score": "f1",
    "SparseTopKCategoricalAccuracy": "top_k top5",
    "GlorotUniform": "glorot xavier xavier_uniform",
    "GlorotNormal": "xavier_normal",
    "HeNormal": "he kaiming kaiming_normal",
    "HeUniform": "kaiming_uniform",
    "LecunNormal": "lecun",
    "RandomNormal": "normal",
    "RandomUniform": "uniform",
    "Zeros": "zero",
    "Ones": "one",
    "mixed_float16": "float16 fp16 half",
    "mixed_bfloat16": "bfloat16 bf16",
    "float32": "fp32",
}
_NAMES: dict[str, list[str]] = {}
for _name, _words in _OTHER_WORDS.items():
    for _word in _words.split():
        _NAMES.setdefault(_word, []).append(_name)

# Activations that are layers elsewhere, and Keras's names of them.
ACTIVATION_LAYERS = {
    word.replace("_", ""): word
    for word in (
        "tanh", "sigmoid", "celu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh",
        "log_softmax", "mish", "relu6", "selu", "silu", "softplus", "softsign", "swish",
    )
} | {"hardswish": "hard_silu", "identity": "linear"}  # fmt: skip

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
    """Return the known name that a word of another library stands for; None for other words."""
    return next((name for name in _NAMES.get(word.lower(), ()) if name in known), None)


def advice_for(word: str, known: Collection[str]) -> str | None:
    """Return what to write instead of a word that has no single name here; None for other words.

    Args:
        word: The word.
        known: The names that its location takes.
    """
    found = (words.get(word.lower()) for name, words in _ADVICE.items() if name in known)
    return next(filter(None, found), None)


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that a mistyped or foreign word stands for; None if there is none."""
    names = list(known)
    return name_for(word, names) or nearest(word, names)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` or what else to write, else the empty string."""
    names = list(known)
    if advice := advice_for(word, names):
        return f"; {advice}"
    near = nearest_word(word, names)
    return "" if near is None else f"; did you mean {near}?"
