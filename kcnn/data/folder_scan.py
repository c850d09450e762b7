"""Walk over folders of images: through links, and past what other programs keep there.

A folder, link or file that cannot be looked at is a problem that is collected. A dataset must not
become another one because a part of it was out of reach.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kcnn.data.image.formats import SUFFIXES
from kcnn.errors import DataError
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR
from kcnn.text.listed import listed

MAX_PROBLEMS = 10  # in one error
# What network drives, systems and programs put beside people's images, in lower case: thumbnails,
# and copies of deleted images. Names that begin with a dot need no entry.
_SYSTEM_FOLDERS = frozenset(
    {
        "@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot", "__macosx",
        "$recycle.bin", "recycler", "system volume information", "lost+found", "__pycache__",
    }
)  # fmt: skip
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"})

Identity = tuple[int, int]  # device and number of a folder


@dataclass(frozen=True)
class FolderContents:
    """What lies directly in a folder.

    Args:
        path: The folder.
        folders: Names of the folders in it, sorted.
        images: How many image files are in it.
    """

    path: Path
    folders: tuple[str, ...]
    images: int


@dataclass
class FolderScan:
    """What was found on the way through one folder or several of a dataset.

    Args:
        others: How many files of each other kind than images there are, by suffix.
        system: How many folders and files of other programs were left out, by name.
        problems: What could not be looked at, one sentence each.
    """

    others: Counter[str] = field(default_factory=Counter)
    system: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    _entered: dict[Identity, Path] = field(default_factory=dict)

    def contents(self, folder: Path) -> FolderContents:
        """List the folders in a folder, links to folders among them, and count its images.

        Raises:
            OSError: The folder cannot be read.
        """
        names, images = [], 0
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = self._is_folder(entry, folder)
                if is_folder and is_kept_by_others(entry.name, folder):
                    self.system[entry.name] += 1
                elif is_folder:
                    names.append(entry.name)
                elif is_folder is False and not entry.name.startswith("."):
                    images += _suffix(entry.name) in SUFFIXES
        return FolderContents(folder, tuple(sorted(names)), images)

    def images_below(self, folder: Path) -> list[str]:
        """List the image files in and below a folder.

        The system lists names together with their kinds, and only links are looked up one by one.
        So a million files take seconds.

        Returns:
            Their names relative to the folder, with forward slashes, sorted by their parts.
        """
        images: list[str] = []
        inner = [""]
        while inner:
            name = inner.pop()
            if self._enter(folder / name):
                try:
                    self._look_into(folder, f"{name}/" if name else "", images, inner)
                except OSError as error:
                    self.problems.append(f"{folder / name}: cannot be read: {error.strerror}")
        images.sort(key=lambda image: image.split("/"))
        return images

    def require_complete(self) -> None:
        """Raise if anything could not be looked at.

        Raises:
            DataError: It names what.
        """
        if not self.problems:
            return
        raise DataError(
            listed(self.problems, MAX_PROBLEMS, "; "),
            "remove what leads nowhere, or bring it back; kcnn leaves out nothing that may be an "
            "image",
        )

    def _look_into(self, root: Path, prefix: str, images: list[str], inner: list[str]) -> None:
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                name = entry.name
                is_folder = self._is_folder(entry, root / prefix)
                if is_folder and not is_kept_by_others(name, root / prefix):
                    inner.append(prefix + name)
                elif is_folder or name.lower() in _SYSTEM_FILES:
                    self.system[name] += 1
                elif is_folder is not None:
                    self._add_file(prefix + name, name, images)

    def _add_file(self, path: str, name: str, images: list[str]) -> None:
        suffix = _suffix(name)
        if name.startswith("."):
            # `._1.jpg` beside 1.jpg is what macOS keeps of it on foreign disks.
            if suffix in SUFFIXES and not name.startswith("._"):
                self.system["hidden images"] += 1
        elif suffix in SUFFIXES:
            # A pipe or a device of this name is refused where images are read.
            images.append(path)
        else:
            self.others[suffix] += 1

    def _enter(self, folder: Path) -> bool:
        """Return whether a folder is to be listed: not again, by a link to it."""
        try:
            status = folder.stat()
        except OSError as error:
            self.problems.append(f"{folder}: cannot be read: {error.strerror}")
            return False
        identity = (status.st_dev, status.st_ino)
        other = self._entered.setdefault(identity, folder)
        if other is folder or not status.st_ino:  # some network drives number nothing
            return True
        self.problems.append(f"{folder}: a link to {other}, whose images would count twice")
        return False

    def _is_folder(self, entry: os.DirEntry[str], folder: Path) -> bool | None:
        """Return whether an entry is a folder; None for a link that leads nowhere, a problem."""
        try:
            # Ask what a link leads to only where there is one: that is a call of the system.
            if not entry.is_symlink():
                return entry.is_dir(follow_symlinks=False)
            return stat.S_ISDIR(entry.stat().st_mode)
        except OSError as error:
            if not entry.name.startswith("."):
                path = folder / entry.name
                is_gone = isinstance(error, FileNotFoundError)
                reason = "which is not there" if is_gone else f"which fails: {error.strerror}"
                self.problems.append(f"{path}: a link to {path.readlink()}, {reason}")
            return None


def is_kept_by_others(name: str, parent: Path) -> bool:
    """Return whether a folder has no images of a person: hidden, of a system, or of runs."""
    if name.startswith(".") or name.lower() in _SYSTEM_FOLDERS:
        return True
    return name == DEFAULT_OUTPUT_DIR.name and any(parent.glob(f"{name}/*/*/resolved.yaml"))


def named(names: Sequence[str]) -> str:
    """Return names with commas, the first ones and how many more there are."""
    return listed(names, MAX_PROBLEMS)


def _suffix(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if stem and dot else ""
