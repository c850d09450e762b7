from __future__ import annotations

from pathlib import Path

from kcnn.console.sweep import sweep_text
from kcnn.files.atomic import write_json
from kcnn.runs.folder import RunFolder
from kcnn.studies.grid import GridPoint
from kcnn.studies.quantities import Quantity
from kcnn.studies.sweep_report import Sweep, SweepRow
from kcnn.studies.trials import Trial, TrialResult


def row(batch_size: int, accuracy: float, *trained: TrialResult) -> SweepRow:
    quantities = (
        Quantity("val_accuracy", (accuracy,) * len(trained), 100),
        Quantity("test_accuracy", (accuracy - 0.1,) * len(trained), 100),
    )
    point = GridPoint({"train.batch_size": batch_size})
    return SweepRow(point, trained, quantities if trained[0].run else ())


def trained_in(folder: Path, seconds: float) -> TrialResult:
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    write_json(run.summary, {"timings": {"train": seconds}})
    return TrialResult(Trial("net", (), 0, "batch_size=32", "x"), run)


class TestSweep:
    def test_text(self, tmp_path: Path) -> None:
        failed = TrialResult(
            Trial("net", (), 0, "batch_size=64", "y"), None, problem="the loss became nan"
        )
        good = trained_in(tmp_path / "good", 61)
        sweep = Sweep(
            "net", (), ("train.batch_size",), 1, "val_accuracy",
            (row(32, 0.9, good), row(64, 0, failed)), tmp_path,
        )  # fmt: skip
        table, problems, advice, files = sweep_text(sweep).split("\n\n")
        assert table == (
            "train.batch_size  validation accuracy  test accuracy  training\n"
            "────────────────  ───────────────────  ─────────────  ──────────\n"
            "32                90.00 %              80.00 %        1 min 01 s\n"
            "64                –                    –              –"
        )
        assert problems == "batch_size=64: failed: the loss became nan"
        assert " ".join(advice.split()) == (
            "Choose by the validation accuracy. Choosing by the test accuracy would leak the test "
            "set into the choice. With a single seed each, small differences may be chance: use "
            "--seeds 3."
        )
        assert files == (
            f"plot   {tmp_path / 'sweep.png'}\ntable  {tmp_path / 'sweep.csv'}, sweep.json"
        )

    def test_seeds_and_no_validation(self, tmp_path: Path) -> None:
        runs = [trained_in(tmp_path / str(number), 5) for number in range(4)]
        rows = tuple(
            SweepRow(
                GridPoint({"train.batch_size": size}),
                tuple(some),
                (Quantity("accuracy", (0.8, 0.9), 100), Quantity("test_accuracy", (0.7, 0.8), 50)),
            )
            for size, some in ((32, runs[:2]), (64, runs[2:]))
        )
        sweep = Sweep("net", (), ("train.batch_size",), 2, "accuracy", rows, tmp_path)
        table, advice, files = sweep_text(sweep).split("\n\n")
        assert table.splitlines()[0].split("  ")[0] == "train.batch_size"
        assert table.splitlines()[2].split()[:4] == ["32", "2", "85.00", "%"]
        assert table.splitlines()[0].count("95 % of the mean") == 2
        assert " ".join(advice.split()) == (
            "Do not choose by these columns: the training accuracy does not predict the accuracy "
            "on new images, and choosing by the test accuracy would leak the test set into the "
            "choice. Set data.validation=0.1 to choose by the accuracy on validation images."
        )
        paths = " ".join(str(result.finished.path) for result in runs)
        assert files.endswith(f"\nnext   kcnn compare {paths}")
