"""Build an Application: a model of `keras.applications` as one layer of the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state

from kcnn.model.dtype_policy import dtype_policy
from kcnn.recipe.layers import Application
from kcnn.recipe.layers.shapes import Shape

PREPROCESSING = "preprocessing"
# What `preprocess_input` of Keras does in its mode `caffe`: blue first, and means subtracted.
_CAFFE_MEANS = (103.939, 116.779, 123.68)
# And in its mode `torch`, for pixels from 0 to 255.
_TORCH_MEANS = tuple(255 * mean for mean in (0.485, 0.456, 0.406))
_TORCH_VARIANCES = tuple((255 * deviation) ** 2 for deviation in (0.229, 0.224, 0.225))


def build_application(
    settings: Application, name: str, shape: Shape, dtype: str | None, synchronized: bool
) -> keras.Model:
    """Build an application with random weights, from raw pixels to its last map.

    Args:
        settings: Which application, and what of it is trained.
        name: The layer's name in the model.
        shape: Height, width and channels of the images.
        dtype: Keras's dtype policy; the global one if None.
        synchronized: Whether batch normalization computes its statistics over all devices.
    """
    images = keras.Input(shape)
    with dtype_policy(dtype or keras.config.dtype_policy()), _numbered_from_0():
        pixels = _preprocessed(images, settings.architecture.preprocessing)
        widths = {} if settings.alpha is None else {"alpha": settings.alpha}
        # Otherwise a weight's path could be that of another layer's.
        with keras.name_scope(name):
            found = getattr(keras.applications, settings.name)(
                include_top=False, weights=None, input_tensor=pixels, **widths
            )
    # Of one input, where Keras's own model has a list of one, which it warns of when it is called.
    application = keras.Model(images, found.output, name=name)
    for layer in application.layers:
        if isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization):
            # bfloat16 would round pixels.
            layer.dtype_policy = keras.DTypePolicy("float32")
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = layer.synchronized or synchronized
    set_trained(application, settings.trained)
    return application


def call_application(
    application: keras.Model, settings: Application, inputs: keras.KerasTensor
) -> keras.KerasTensor:
    """Apply an application to images; in training, its batch normalization keeps its averages.

    As in Keras's guide to transfer learning: gradients of a few images would destroy what the
    averages have learned. They must be learned if all weights start from random numbers.
    """
    if settings.is_from_scratch:
        return application(inputs)
    return application(inputs, training=False)


def set_trained(application: keras.Model, trained: bool | int) -> None:
    """Set which weights of an application are trained.

    Args:
        application: The application.
        trained: All of them, none, or those of its last so many layers.
    """
    application.trainable = trained is not False
    if trained is not True and trained:
        for layer in application.layers[:-trained]:
            layer.trainable = False


def use_statistics(model: keras.Model) -> None:
    """Make layers that normalize pixels use the mean and variance that were put into them.

    Keras copies both when it loads a file, but not when they are assigned or set otherwise.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _preprocessed(images: keras.KerasTensor, mode: str) -> keras.KerasTensor:
    """Scale pixels from 0 to 255 as `preprocess_input` of an application does."""
    if mode == "tf":
        scaling = keras.layers.Rescaling(1 / 127.5, -1.0, name=PREPROCESSING, dtype="float32")
        return scaling(images)
    if mode == "inside":
        return images
    is_caffe = mode == "caffe"
    normalization = keras.layers.Normalization(
        mean=_CAFFE_MEANS if is_caffe else _TORCH_MEANS,
        variance=(1.0, 1.0, 1.0) if is_caffe else _TORCH_VARIANCES,
        name=PREPROCESSING,
        dtype="float32",
    )
    return normalization(keras.ops.flip(images, axis=-1) if is_caffe else images)


@contextmanager
def _numbered_from_0() -> Iterator[None]:
    """Let Keras number the layers that have no names of their own as if they were the first.

    Some applications have such layers, and their weights are found by their paths.
    """
    numbers = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", numbers)
