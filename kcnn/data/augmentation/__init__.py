"""Augmentation in the input pipeline, as TensorFlow operations on batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcnn.data.augmentation import color, crop_and_flip, cutout, mixing, rand_augment, warp
from kcnn.data.augmentation.augmenter import Augmenter
from kcnn.recipe import augmentations as settings

AUGMENTERS: Mapping[type[settings.Augmentation], Callable[[Any], Augmenter]] = {
    settings.RandomCrop: crop_and_flip.random_crop,
    settings.RandomFlip: crop_and_flip.random_flip,
    settings.AlternatingFlip: crop_and_flip.alternating_flip,
    settings.RandomRotation: warp.random_rotation,
    settings.RandomTranslation: warp.random_translation,
    settings.RandomZoom: warp.random_zoom,
    settings.RandomBrightness: color.random_brightness,
    settings.RandomContrast: color.random_contrast,
    settings.Cutout: cutout.cutout,
    settings.MixUp: mixing.mix_up,
    settings.CutMix: mixing.cut_mix,
    settings.RandAugment: rand_augment.rand_augment,
}


def build_augmenter(augmentation: settings.Augmentation) -> Augmenter:
    """Build the augmenter for an augmentation of a recipe."""
    return AUGMENTERS[type(augmentation)](augmentation)
