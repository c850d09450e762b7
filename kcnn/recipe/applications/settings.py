"""What an Application in a recipe means for other settings, in the recipe's plain YAML values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kcnn.recipe.layers.application import IMAGENET, NO_WEIGHTS
from kcnn.recipe.source import Location, is_within

_KIND = "Application"


def leave_pixels(settings: dict[str, Any]) -> None:
    """Set `data.scaling: none` where a recipe with an Application leaves it out.

    An application does its own preprocessing.

    Args:
        settings: The recipe's plain values, which are changed.
    """
    data = settings.get("data")
    if isinstance(data, dict) and "scaling" not in data and any(_written(settings)):
        data["scaling"] = "none"


def resolve_weights(
    settings: dict[str, Any], folder: Path, overridden: Mapping[Location, str]
) -> None:
    """Read relative files of weights from the recipe's folder, not from the current one.

    Args:
        settings: The recipe's plain values, which are changed.
        folder: The recipe's folder.
        overridden: Settings from the command line, whose files are relative to the current folder.
    """
    for loc, application in _written(settings):
        weights = application.get("weights")
        if not isinstance(weights, str) or weights in ("", IMAGENET, NO_WEIGHTS):
            continue
        if not any(is_within((*loc, "weights"), other) for other in overridden):
            with suppress(RuntimeError):  # the home of nobody; the check of the setting reports it
                application["weights"] = str(folder / Path(weights).expanduser())


def make_weights_absolute(settings: dict[str, Any]) -> None:
    """Write files of weights with absolute paths.

    Args:
        settings: A right recipe's plain values, which are changed.
    """
    for _, application in _written(settings):
        weights = application.get("weights")
        if isinstance(weights, str) and weights not in (IMAGENET, NO_WEIGHTS):
            application["weights"] = str(Path(weights).expanduser().absolute())


def _written(settings: Mapping[str, Any]) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Find every Application with its location; a recipe may have anything anywhere."""
    model = settings.get("model")
    layers = model.get("layers") if isinstance(model, dict) else None
    yield from _within(layers, ("model", "layers"))


def _within(layers: Any, loc: Location) -> Iterator[tuple[Location, dict[str, Any]]]:
    for index, layer in enumerate(layers if isinstance(layers, list) else []):
        for kind, arguments in layer.items() if isinstance(layer, dict) else ():
            if not isinstance(arguments, dict):
                continue
            here = (*loc, index, kind)
            if kind == _KIND:
                yield here, arguments
            for name in ("body", "shortcut"):
                yield from _within(arguments.get(name), (*here, name))
