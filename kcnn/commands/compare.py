"""kcnn compare: compare finished runs, and find which differences are larger than chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.errors import KcnnError
from kcnn.runs.find import find_run
from kcnn.studies.comparison import Comparison, compare_runs


def compare(runs: Sequence[str], output_dir: Path, difference: float = 0.003) -> Comparison:
    """Compare finished runs that were scored on the same test images.

    Args:
        runs: Two or more runs as `kcnn.runs.find.find_run` takes them.
        output_dir: The folder of all runs.
        difference: A difference of test accuracies, as a fraction; how many seeds find it?

    Raises:
        RunError: There is no such run, it is not finished, or its files are damaged.
        RecipeError: Its resolved.yaml is damaged, or of another version.
        KcnnError: The same run was named twice, or the runs were scored on different test sets.
    """
    found = [find_run(run, output_dir) for run in runs]
    different = list({run.path.resolve(): run for run in found}.values())
    if len(different) < 2:
        raise KcnnError(
            f"{found[0].path}: a run cannot be compared with itself",
            "name two different runs; kcnn runs lists them",
        )
    return compare_runs(different, difference)
