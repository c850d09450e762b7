"""Write `docs/recipe.md`, the page of all settings, from the schema and its docstrings.

    python docs/write_recipe.py

A test checks that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.recipe import layers, losses, optimizers, schedules
from kcnn.recipe.augmentations import AUGMENTATIONS, Warp
from kcnn.recipe.constraints import CONSTRAINTS
from kcnn.recipe.data_settings import DataSettings, FlipsAndShifts, Fold
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import KERNEL_INITIALIZERS_OF_CONV2D, Seeded
from kcnn.recipe.kinds import Kinds
from kcnn.recipe.layers.convolutions import Convolution
from kcnn.recipe.layers.kernel import Weighted
from kcnn.recipe.layers.normalization import Normalization
from kcnn.recipe.regularizers import REGULARIZERS
from kcnn.recipe.schema import Fidelity, ModelSettings, Published, Recipe
from kcnn.recipe.train_settings import EarlyStopping, FineTune, Lookahead, TrainSettings
from kcnn.text.markdown import code, table
from recipe_examples import EXAMPLES
from recipe_settings import Setting, settings_of, summary

PAGE = Path(__file__).with_name("recipe.md")

Row = tuple[str, str, str, str]

HEADINGS: Row = ("setting", "takes", "default", "meaning")
INTRODUCTION = """\
# Everything a recipe may say

<!-- Written from docstrings: python docs/write_recipe.py -->

A recipe is a YAML file. Three sections are required: `data`, `model` and `train`.

```yaml
data:
  dataset: cifar10
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
    - MaxPooling2D
    - Flatten
    - Dense: {units: 10}
train:
  epochs: 5
  optimizer: {Adam: {learning_rate: 0.001}}
```

A layer is a class of Keras, alone or with settings: `MaxPooling2D` or
`MaxPooling2D: {pool_size: 3}`. The same is true of optimizers, losses, metrics and the like; these
may also be written in lower case, as in `he_normal` or `categorical_crossentropy`.

Any setting can be given on the command line, as in
`kcnn fit mine.yaml train.optimizer.Adam.learning_rate=3e-4`. `kcnn check mine.yaml` reports all
mistakes, not only the first.

A setting that you leave out has the default of these tables. *Required* means that there is no
default. *Keras's* means that Keras decides. A dash means that the setting is off, unless its
meaning says otherwise. The examples show only the lines in question."""


@dataclass(frozen=True)
class Section:
    """A section of the page: the settings of one class, or the classes that a setting may name.

    Args:
        title: The heading.
        text: The text before the tables.
        settings: The class whose settings the section lists.
        names: What a setting names with one of the classes, such as `optimizer`.
        kinds: These classes.
        shared: Base classes of some of them; their settings are listed once.
        keras: The page of keras.io/api that explains the arguments.
    """

    title: str
    text: str = ""
    settings: type[Settings] | None = None
    names: str = ""
    kinds: Sequence[type[Settings]] = ()
    shared: Sequence[type[Settings]] = ()
    keras: str = ""

    def is_named(self, names: str) -> bool:
        """Check whether a setting names this section: `optimizer`, or `Lookahead` itself."""
        own = self.settings.__name__ if self.settings else self.names
        return names == own


def _kinds(named: Kinds) -> Sequence[type[Settings]]:
    return list(named.values())


SECTIONS = (
    Section("The recipe", settings=Recipe),
    Section("data", settings=DataSettings),
    Section("Fold", "`data.fold`:", settings=Fold),
    Section("Test-time augmentation", "`data.test_time_augmentation`:", settings=FlipsAndShifts),
    Section(
        "Augmentations",
        "`data.augment` lists any of these. They change images in training only.",
        names="augmentation",
        kinds=_kinds(AUGMENTATIONS),
        shared=(Warp,),
    ),
    Section("model", settings=ModelSettings),
    Section(
        "Layers",
        "`model.layers` lists any of these, and so do `body` and `shortcut` of the two that nest.",
        names="layer",
        kinds=_kinds(layers.LAYERS),
        shared=(layers.Layer, Weighted, Convolution, Normalization),
        keras="layers",
    ),
    Section(
        "Initializers",
        "How weights begin: `kernel_initializer`, `bias_initializer` and the like.",
        names="initializer",
        kinds=_kinds(KERNEL_INITIALIZERS_OF_CONV2D),
        shared=(Seeded,),
        keras="layers/initializers",
    ),
    Section(
        "Regularizers",
        "`kernel_regularizer` and the like.",
        names="regularizer",
        kinds=_kinds(REGULARIZERS),
        keras="layers/regularizers",
    ),
    Section(
        "Constraints",
        "`kernel_constraint` and the like.",
        names="constraint",
        kinds=_kinds(CONSTRAINTS),
        keras="layers/constraints",
    ),
    Section("train", settings=TrainSettings),
    Section(
        "Optimizers",
        "`train.optimizer` is one of these.",
        names="optimizer",
        kinds=_kinds(optimizers.OPTIMIZERS),
        shared=(optimizers.Optimizer, optimizers.Moments),
        keras="optimizers",
    ),
    Section(
        "Learning-rate schedules",
        "`train.learning_rate_schedule` is one of these.",
        names="learning-rate schedule",
        kinds=_kinds(schedules.SCHEDULES),
    ),
    Section("Lookahead", "`train.lookahead`:", settings=Lookahead),
    Section("Fine-tuning", "`train.fine_tune`:", settings=FineTune),
    Section(
        "Losses",
        "`train.loss` is one of these.",
        names="loss",
        kinds=_kinds(losses.LOSSES),
        shared=(losses.Crossentropy,),
        keras="losses",
    ),
    Section(
        "Metrics",
        "`train.metrics` lists any of these.",
        names="metric",
        kinds=_kinds(losses.METRICS),
        keras="metrics",
    ),
    Section("Early stopping", "`train.early_stopping`:", settings=EarlyStopping),
    Section("published", "A list:", settings=Published),
    Section("fidelity", "A list:", settings=Fidelity),
)


def recipe_page() -> str:
    """Return the whole page: an introduction, a table of contents, the sections."""
    contents = " · ".join(f"[{section.title}](#{_anchor(section.title)})" for section in SECTIONS)
    return "\n\n".join([INTRODUCTION, contents, *map(_section, SECTIONS)]) + "\n"


def _section(section: Section) -> str:
    parts = [f"## {section.title}"]
    if section.settings is not None:
        about = f"{section.text} {summary(section.settings)}".strip()
        parts += [about, *_table_and_example(section.settings, section)]
    else:
        parts += [_lead(section), *_shared(section), _classes(section), *_further(section)]
    return "\n\n".join(filter(None, parts))


def _lead(section: Section) -> str:
    if not section.keras:
        return section.text
    address = f"keras.io/api/{section.keras}"
    return f"{section.text} [{address}](https://{address}/) explains Keras's arguments."


def _shared(section: Section) -> list[str]:
    """Return the tables of settings that several classes of a section share."""
    parts = []
    for base in section.shared:
        takers = [code(kind.__name__) for kind in section.kinds if issubclass(kind, base)]
        everyone = len(takers) == len(section.kinds)
        who = f"Every {section.names} takes" if everyone else f"{_listed(takers)} take"
        parts += [f"{who}:", *_table_and_example(base, section)]
    return parts


def _classes(section: Section) -> str:
    """Return the table of the classes of a section, each with its settings below it."""
    rows: list[Row] = []
    for kind in section.kinds:
        rows.append((f"**{code(kind.__name__)}**", "", "", _paragraphs(kind)[0]))
        rows += _rows(kind, section)
    own = "settings of its own" if section.shared else "its settings"
    return table((f"{section.names}, {own}", *HEADINGS[1:]), rows)


def _further(section: Section) -> list[str]:
    """Return what does not fit into a table: further paragraphs, and examples."""
    parts = []
    for kind in section.kinds:
        paragraphs = [*_paragraphs(kind)[1:], *_example(kind)]
        if paragraphs:
            parts += [f"**{code(kind.__name__)}**", *paragraphs]
    return parts


def _table_and_example(kind: type[Settings], section: Section) -> list[str]:
    return [table(HEADINGS, _rows(kind, section)), *_example(kind)]


def _example(kind: type[Settings]) -> list[str]:
    return [f"```yaml\n{EXAMPLES[kind]}\n```"] if kind in EXAMPLES else []


def _rows(kind: type[Settings], section: Section) -> list[Row]:
    """Return one row per setting; settings with the same text share a row."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for setting in _own_settings(kind, section):
        default = setting.default or "–"
        if setting.meaning:
            cells = (_linked(setting), default, setting.meaning)
        else:
            cells = ("see keras.io", default, "")
        names.setdefault(cells, []).append(code(setting.name))
    return [(", ".join(alike), *cells) for cells, alike in names.items()]


def _own_settings(kind: type[Settings], section: Section) -> list[Setting]:
    """Return the settings of a class without those that the section lists for a base class."""
    inherited = {
        setting
        for base in section.shared
        if issubclass(kind, base) and kind is not base
        for setting in settings_of(base)
    }
    return [setting for setting in settings_of(kind) if setting not in inherited]


def _paragraphs(kind: type[Settings]) -> list[str]:
    return summary(kind).split("\n\n")


def _linked(setting: Setting) -> str:
    """Return what a setting takes, with a link to the section that lists it."""
    titles = (section.title for section in SECTIONS if section.is_named(setting.names))
    title = next(titles, None)
    return f"[{setting.expected}](#{_anchor(title)})" if title else setting.expected


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _anchor(title: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return title.lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(recipe_page(), encoding="utf-8", newline="\n")
