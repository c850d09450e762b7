"""The sentence of each mistake whose words are always the same; braces hold its facts."""

from __future__ import annotations

from kcnn.recipe.data_settings import DATASETS_OF_FILES, OWN_DATASETS
from kcnn.recipe.strict_yaml import MAX_FILE_BYTES, MAX_NAME_LENGTH, MAX_NESTING, MAX_VALUES

BRACKETS = "write a list in square brackets, as in [3, 3]"
PASTED_SPACE = "YAML reads a space copied from a web page as a letter; type the spaces again"

YAML = {
    "too_large": f"{{size:,}} bytes; a recipe has at most {MAX_FILE_BYTES:,}. Is it one?",
    "not_utf_8": "not UTF-8 text; save the file as UTF-8",
    "too_deep": f"nested deeper than {MAX_NESTING} levels",
    "too_many_values": f"more than {MAX_VALUES:,} values",
    "second_document": "a second document begins; a recipe is one document",
    "tag": "tag {tag}: tags are not part of a recipe",
    "unknown_anchor": "*{name}: no anchor of this name before it",
    "anchor_too_large": f"*{{name}}: more than {MAX_VALUES:,} values",
    "duplicate": "{name}: is set twice; line {first} has it already",
    "tuple": f"{{name}}: (…) is Python; {BRACKETS}, and a text in quotes",
    "name_no_word": "a setting's name must be a plain word",
    "name_length": f"a setting's name has 1 to {MAX_NAME_LENGTH} printable characters",
    "merge_key": "<<: merging mappings is not part of a recipe",
    "pasted_space": PASTED_SPACE,
    "surrogate": "not Unicode: half of a surrogate pair",
    "yaml_1_1_boolean": '{text}: write {meant}, or "{text}" if the word is meant',
}

OVERRIDES = {
    "no_equals_sign": "expected setting=value",
    "not_printable": "expected one line of printable characters",
    "no_setting_name": "'{name}' is not the name of a setting",
    "class_left_out": "{here} is {name}; write {here}.{name}.{rest}={value}",
    "another_class": "{here} is {name}; to replace it write '{here}={value}'",
    "no_list": "[{index}]: there is no list here; write the whole list, as in [a, b]",
    "list_index": "{step}: this is a list; name an item by its number, as in [0]",
    "beyond_list": "[{index}]: the list has {length} items, the first is [0]",
    "has_no_settings": "{step}: the value before it, {found}, has no settings",
}

# A word that is not among `names` is followed by the one that was meant.
CONFLICTS = {
    "path_missing": "dataset {dataset} needs path, as in path: {example}",
    "path_of_named_dataset": "dataset {dataset} is found by its name; path is for "
    f"{', '.join(OWN_DATASETS[:-1])} and {OWN_DATASETS[-1]} (--data-dir is the folder of named "
    "datasets)",
    "image_size_missing": "dataset {dataset} needs image_size, as in image_size: [64, 64]",
    "setting_of_files": f"is for image files, as of dataset {' or '.join(DATASETS_OF_FILES)}; "
    "dataset {dataset} has none, so leave it out",
    "scaled_twice": "{application} does its own preprocessing of raw pixels, and {scaling} would "
    "scale them before it; leave scaling out, or write scaling: none",
    "mixed_labels": "{augmentation} mixes labels, which {loss} cannot take; write "
    "train.loss: categorical_crossentropy",
    "metric_needs_one_hot": "{metric} does not go with {loss}; write "
    "train.loss: categorical_crossentropy",
    "metric_needs_sparse": "{metric} does not go with {loss}; write TopKCategoricalAccuracy",
    "metric_twice": "{metric} is in the list already",
    "monitor_needs_validation": "monitors {monitor}, which needs validation images; set "
    "data.validation",
    "monitor_not_measured": "monitors {word}, which is not measured",
    "long_warmup": "{warmup_epochs:g} is not below train.epochs, which is {epochs}",
    "balanced_twice": "does not go with sampling: balanced, which shows each class equally often "
    "already; keep one of them",
    "fine_tuned_from_the_start": "all layers of the Application are trained from the start; write "
    "trainable: false there, or leave fine_tune out",
    "nothing_to_fine_tune": "the model has no Application whose layers it could unfreeze; leave it "
    "out",
    "sampling_in_order": "{sampling} draws images at random, and shuffle: false keeps their "
    "order; leave one out",
    "ftrl_starts_at_zero": "starts at a rate of 0, by which Ftrl divides; leave the warm-up out",
    "adafactor_multipliers": "Adafactor computes its own rates; leave the multipliers out, or "
    "choose another optimizer",
    "ema_and_watch_first": "does not go with use_ema: it would score other weights than the "
    "averaged ones that training ends with; leave it out, or set data.validation",
    "ema_and_lookahead": "does not go with use_ema, which averages the weights once more; leave "
    "one out",
    "ema_and_restoring": "does not go with use_ema, which replaces the restored weights by the "
    "last averages; leave it out, best.keras keeps the best epoch anyway",
    "muon_and_layer": "ConvolutionMuon needs kernels with one column per filter, as in Conv2D; "
    "choose another optimizer",
    "idle_without_ema": "does nothing without use_ema; add use_ema: true, or leave it out",
    "idle_without_momentum": "does nothing without momentum; add momentum: 0.9, or leave it out",
    "needs_test_time_augmentation": "{metric} is measured only with data.test_time_augmentation, "
    "as in {{flip: horizontal, shift: 1}}",
    "metric_not_measured": "'{word}' is not measured",
    "not_a_fraction": "{value:g} is not a fraction between 0 and 1",
    "per_cent": "{value:g} is not a fraction between 0 and 1; did you mean {fraction:g}?",
}

# What validators raise.
SETTINGS = {
    "missing": "missing; this setting is needed",
    "no_such_home": "the path begins with the home of a user that does not exist",
    "averages_nothing": "expected flip, shift or both, as in {{flip: horizontal, shift: 1}}",
    "no_widths": "{name} has one width only; leave alpha out",
    "unknown_width": "alpha {alpha:g}: Keras has {name} with alpha {known}",
    "clips_twice": "{settings}: gradients are clipped in one way only; keep one",
    "not_rising": "epochs must rise, as in [10, 15]",
    "wrong_order": "{lower} {lowest:g} is above {upper}, {highest:g}; write a higher {upper}",
}

SENTENCES = {**YAML, **OVERRIDES, **CONFLICTS, **SETTINGS}
