"""kcnn.studies.report_folder."""

from pathlib import Path

from kcnn.recipe import read_recipe
from kcnn.studies.report_folder import report_folder


def test_other_settings_have_their_own_report(tmp_path: Path) -> None:
    def folder(*overrides: str) -> Path:
        return report_folder(tmp_path, "reproduction", read_recipe("digits", overrides), overrides)

    assert folder() == tmp_path / "digits" / "reproduction"
    assert folder("train.epochs=3", "train.batch_size=8").name.startswith("reproduction-")
    assert folder("train.epochs=3", "train.batch_size=8") == folder(
        "train.batch_size=8", "train.epochs=3"
    )
    assert len({folder(), folder("train.epochs=3"), folder("train.epochs=4")}) == 3
