"""Each layer and activation that a recipe can name, with random weights, in each format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from export_cases import CASES, KNOWN_FAILURES, variants
from kcnn.errors import ExportError, PackageError
from kcnn.machine.packages import require_packages

if TYPE_CHECKING:
    from export_layers import Group


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Group]:
    from export_layers import build_groups

    return build_groups(tmp_path_factory.mktemp("groups"))


@pytest.mark.slow
@pytest.mark.parametrize("title", variants())
def test_predicts_what_the_model_predicts(
    title: str, groups: Sequence[Group], tmp_path: Path
) -> None:
    """`docs/export-layers.md` has the differences."""
    from export_layers import measure

    form, options = variants()[title]
    try:
        require_packages(form.TITLE, form.EXTRA or "", form.REQUIREMENTS)
    except PackageError as error:
        pytest.skip(str(error))
    found = measure(form, options, groups, tmp_path).found
    assert set(found) == set(CASES)
    failed = {
        case: str(agreement)
        for case, agreement in found.items()
        if isinstance(agreement, ExportError) or not agreement.within(form.tolerance(options))
    }
    known = {case for case, columns in KNOWN_FAILURES.items() if title in columns}
    assert set(failed) == known, failed
