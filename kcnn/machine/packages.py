"""The packages of kcnn's extras: whether they are installed, and new enough."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from kcnn.errors import PackageError


class Requirement(NamedTuple):
    """A package that a part of kcnn needs.

    Args:
        distribution: Its name on PyPI.
        minimum: The least version.
    """

    distribution: str
    minimum: str


def require_packages(title: str, extra: str, requirements: Iterable[Requirement]) -> None:
    """Check that packages are installed, before any work is done.

    Args:
        title: What needs them, for the message: `LiteRT`.
        extra: The extra of kcnn that installs them.
        requirements: The packages.

    Raises:
        PackageError: One is missing or too old.
    """
    for requirement in requirements:
        found = _installed(requirement.distribution)
        if found is None or _is_older(found, requirement.minimum):
            state = "it is not installed" if found is None else f"{found} is installed"
            raise PackageError(
                f"{title} needs the package {requirement.distribution} {requirement.minimum} or "
                f"newer; {state}",
                f'pip install "kcnn[{extra}]"',
            )


def _is_older(found: str, minimum: str) -> bool:
    """Return whether a version is older; not of one that is no version as PyPI knows them."""
    try:
        return Version(found) < Version(minimum)
    except InvalidVersion:
        return False


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
