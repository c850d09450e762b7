"""tracked.json: which run of a tracking server a run is."""

from __future__ import annotations

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.files.read import DAMAGED_HINT, read_json
from kcnn.runs.folder import RunFolder


def read_tracked(run: RunFolder, tracker: str) -> dict[str, str]:
    """Return the ids that a run has on the servers of a tracker.

    Args:
        run: The run.
        tracker: The tracker's name, such as `mlflow`.

    Returns:
        An id by the address of its server; none if the run was not tracked.

    Raises:
        RunError: The file is damaged.
    """
    if not run.tracked.is_file():
        return {}
    ids = read_json(run.tracked).get(tracker, {})
    if not isinstance(ids, dict) or not all(isinstance(value, str) for value in ids.values()):
        raise RunError(f"{run.tracked}: {tracker}: expected an id for each address", DAMAGED_HINT)
    return ids


def write_tracked(run: RunFolder, tracker: str, address: str, identifier: str) -> None:
    """Add the id that a run has on a server; those on other servers stay.

    Args:
        run: The run.
        tracker: The tracker's name.
        address: The server's address, without a password.
        identifier: The id.

    Raises:
        RunError: The file is damaged, or cannot be written.
    """
    values = read_json(run.tracked) if run.tracked.is_file() else {}
    ids = {**read_tracked(run, tracker), address: identifier}
    write_json(run.tracked, {**values, tracker: ids})
