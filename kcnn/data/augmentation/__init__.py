"""Augmentation in the input pipeline: batched TensorFlow operations, one module a family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcnn.data.augmentation import colour, crop_and_flip, cutout, mixing, rand_augment, warp
from kcnn.data.augmentation.augmenter import Augmenter
from kcnn.recipe import augmentations as settings

AUGMENTERS: Mapping[type[settings.Augmentation], Callable[[Any], Augmenter]] = {
    settings.RandomCrop: crop_and_flip.random_crop,
    settings.RandomFlip: crop_and_flip.random_flip,
    settings.AlternatingFlip: crop_and_flip.alternating_flip,
    settings.RandomRotation: warp.random_rotation,
    settings.RandomTranslation: warp.random_translation,
    settings.RandomZoom: warp.random_zoom,
    settings.RandomBrightness: colour.random_brightness,
    settings.RandomContrast: colour.random_contrast,
    settings.Cutout: cutout.cutout,
    settings.MixUp: mixing.mix_up,
    settings.CutMix: mixing.cut_mix,
    settings.RandAugment: rand_augment.rand_augment,
}


def augmenter_of(augmentation: settings.Augmentation) -> Augmenter:
    """Makes what a recipe's augmentation asks for."""
    return AUGMENTERS[type(augmentation)](augmentation)
