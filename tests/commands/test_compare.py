from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.compare import compare
from kcnn.errors import KcnnError, RunError
from kcnn.files.atomic import write_csv, write_json, write_text
from kcnn.recipe import read_recipe
from kcnn.recipe.write import resolved_yaml
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary
from kcnn.stats import mcnemar, mean_interval, wilson_interval

IMAGES = 1000
OWN = ("data.dataset=npz", "data.path=mine.npz")
MakeRun = Callable[..., RunFolder]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Make a finished run whose predictions are wrong for the given test images."""

    def make(
        name: str,
        wrong: Sequence[int],
        *overrides: str,
        images: int = IMAGES,
        first_label: int = 0,
        status: str = "finished",
        digest: str | None = None,
        scored: int | None = None,
    ) -> RunFolder:
        run = RunFolder(tmp_path / "digits" / name)
        write_text(run.resolved, resolved_yaml(read_recipe("digits", overrides)))
        labels = (np.arange(images) + first_label) % 10
        predicted = labels.copy()
        predicted[list(wrong)] = (predicted[list(wrong)] + 1) % 10
        rows = [(i, label, predicted[i], 0.9) for i, label in enumerate(labels)]
        write_csv(run.predictions, ("index", "label", "predicted", "probability"), rows)
        train = {"epoch": 1, "accuracy": 0.9, "val_accuracy": 0.8}
        summary = {"status": status, "parameters": 30, "timings": {"train": 9.5}, "train": train}
        summary |= {"best": {"epoch": 1, "test_accuracy": 0.75}, "test_images_digest": digest}
        write_json(
            run.summary, summary | {"test": {"images": images if scored is None else scored}}
        )
        return run

    return make


def test_accuracies_have_intervals(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("a", range(100))
    make_run("b", range(50), "train.epochs=5")
    result = compare(["digits/a", "digits/b"], tmp_path)
    assert [run.test_accuracy for run in result.runs] == [0.9, 0.95]
    assert result.runs[0].test_interval == wilson_interval(900, IMAGES)
    assert (result.runs[0].val_accuracy, result.runs[0].best_test_accuracy) == (0.8, 0.75)
    assert result.differences == {"train.epochs": [30, 5]}


def test_paired_test_counts_images(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("a", range(30))
    make_run("b", range(20, 25), "train.epochs=5")
    assert compare(["digits/a", "digits/b"], tmp_path).paired == mcnemar(0, 25)
    make_run("c", range(28, 33), "train.epochs=5")
    assert compare(["digits/a", "digits/c"], tmp_path).paired == mcnemar(3, 28)


def test_groups_seeds_of_a_recipe(make_run: MakeRun, tmp_path: Path) -> None:
    for seed, wrong in enumerate((100, 110, 120)):
        make_run(f"a{seed}", range(wrong), f"train.seed={seed}")
    make_run("b", range(50), "train.epochs=5")
    result = compare(["digits/a0", "digits/b", "digits/a1", "digits/a2"], tmp_path, 0.01)
    first, second = result.groups
    assert first.runs == ("digits/a0", "digits/a1", "digits/a2")
    assert (first.mean, first.standard_deviation) == (pytest.approx(0.89), pytest.approx(0.01))
    assert first.interval == mean_interval([0.9, 0.89, 0.88])
    assert first.sampling_error == wilson_interval(890, IMAGES).half_width
    assert first.seeds_needed == 17  # Cohen's table for an effect of 1 standard deviation
    assert (second.runs, second.standard_deviation, second.seeds_needed) == (
        ("digits/b",), None, None,
    )  # fmt: skip
    assert result.paired is None
    assert result.group_difference is None


def test_compares_two_groups_of_seeds(make_run: MakeRun, tmp_path: Path) -> None:
    for seed, wrong in enumerate((100, 104, 108)):
        make_run(f"a{seed}", range(wrong), f"train.seed={seed}")
        make_run(f"b{seed}", range(wrong - 50), f"train.seed={seed}", "train.epochs=5")
    names = [f"digits/{group}{seed}" for group in "ab" for seed in range(3)]
    interval = compare(names, tmp_path).group_difference
    assert interval is not None
    assert (interval.low + interval.high) / 2 == pytest.approx(0.05)
    assert not interval.covers(0)


def test_ignores_a_repeated_seed(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("a", range(100))
    make_run("b", range(100))
    (group,) = compare(["digits/a", "digits/b"], tmp_path).groups
    assert (group.seeds, group.standard_deviation) == ((0,), None)


@pytest.mark.parametrize("settings", [(), OWN])
def test_compares_runs_on_the_same_images_in_two_sizes(
    settings: tuple[str, ...], make_run: MakeRun, tmp_path: Path
) -> None:
    for name, size in (("a", 8), ("b", 16)):
        run = make_run(name, range(9), digest=name)
        sized = read_recipe("digits", [*settings, f"data.image_size=[{size},{size}]"])
        write_text(run.resolved, resolved_yaml(sized))
    assert len(compare(["digits/a", "digits/b"], tmp_path).runs) == 2


def test_compares_runs_on_the_same_images_in_two_folders(make_run: MakeRun, tmp_path: Path) -> None:
    for name, file in (("a", "before"), ("b", "moved")):
        run = make_run(name, range(9), digest="the same")
        settings = ["data.dataset=npz", f"data.path={file}.npz"]
        write_text(run.resolved, resolved_yaml(read_recipe("digits", settings)))
    assert len(compare(["digits/a", "digits/b"], tmp_path).runs) == 2


class TestRefused:
    def test_other_dataset(self, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(9))
        run = make_run("b", range(9))
        write_text(run.resolved, resolved_yaml(read_recipe("mnist")))
        with pytest.raises(KcnnError, match="different test sets: digits and mnist"):
            compare(["digits/a", "digits/b"], tmp_path)

    def test_other_number_of_images(self, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(9))
        make_run("b", range(9), images=900)
        with pytest.raises(KcnnError, match=r"different test sets: 1,000 and 900 images of digits"):
            compare(["digits/a", "digits/b"], tmp_path)

    def test_other_labels(self, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(9))
        make_run("b", range(9), first_label=1)
        with pytest.raises(KcnnError, match="digits with other labels, or in another order"):
            compare(["digits/a", "digits/b"], tmp_path)

    def test_other_images_with_the_same_labels(self, make_run: MakeRun, tmp_path: Path) -> None:
        for name in ("before", "after"):
            run = make_run(name, range(9), digest=name)
            write_text(run.resolved, resolved_yaml(read_recipe("digits", OWN)))
        with pytest.raises(KcnnError, match=r"different test sets: npz .*mine\.npz with other im"):
            compare(["digits/before", "digits/after"], tmp_path)

    @pytest.mark.parametrize(
        ("status", "hint"),
        [
            ("interrupted", "kcnn fit --resume {0} finishes it; kcnn plot shows what it has"),
            ("failed", "train it again: kcnn fit {0}/resolved.yaml; kcnn plot shows what it has"),
        ],
    )
    def test_unfinished(self, status: str, hint: str, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(9))
        run = make_run("b", range(9), status=status)
        with pytest.raises(
            RunError, match=f"b: {status}; only finished runs can be compared"
        ) as caught:
            compare(["digits/a", "digits/b"], tmp_path)
        assert caught.value.hint == hint.format(run.path)

    def test_killed(self, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(9))
        make_run("b", range(9)).summary.unlink()
        with pytest.raises(RunError, match="b: unfinished; only finished runs"):
            compare(["digits/a", "digits/b"], tmp_path)

    def test_itself(self, make_run: MakeRun, tmp_path: Path) -> None:
        run = make_run("a", range(9))
        with pytest.raises(KcnnError, match="cannot be compared with itself"):
            compare(["digits/a", str(run.path)], tmp_path)

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"best": "x"}, "best: expected a mapping, found 'x'"),
            ({"best": [1]}, "best: expected a mapping, found a list"),
            ({"best": {"test_accuracy": "x"}}, "best.test_accuracy: expected a number, found 'x'"),
            ({"best": {"test_accuracy": 10**400}}, "expected a number from 0 to 1, found 1000"),
            ({"best": {"test_accuracy": float("nan")}}, "a number from 0 to 1, found nan"),
            ({"train": {"val_accuracy": 1e308}}, "a number from 0 to 1, found 1e+308"),
            ({"timings": "x"}, "timings: expected a mapping, found 'x'"),
            ({"timings": {"train": "x"}}, "timings.train: expected a number, found 'x'"),
            ({"timings": {"train": float("inf")}}, "a number from 0 to 1e+15, found inf"),
            ({"timings": {"train": 1e308}}, "a number from 0 to 1e+15, found 1e+308"),
            ({"parameters": 10**400}, "parameters: expected a whole number from 0 to 1e+15"),
            ({"parameters": "many"}, "parameters: expected a whole number from 0 to 1e+15"),
        ],
    )
    def test_refuses_a_summary_edited_by_hand(
        self, changes: dict[str, Any], problem: str, make_run: MakeRun, tmp_path: Path
    ) -> None:
        make_run("a", range(9))
        run = make_run("b", range(9))
        write_json(run.summary, read_summary(run).values | changes)
        with pytest.raises(RunError) as caught:
            compare(["digits/a", "digits/b"], tmp_path)
        assert caught.value.message.startswith(f"{run.summary}: ")
        assert problem in caught.value.message
        assert len(caught.value.message) < len(str(run.summary)) + 130
        assert caught.value.hint == "restore it, or train the run again"


def test_refuses_predictions_that_were_cut_short(make_run: MakeRun, tmp_path: Path) -> None:
    whole = make_run("a", [], digest="same")
    cut = make_run("b", [], digest="same", images=400, scored=IMAGES)
    with pytest.raises(RunError, match="400 rows, but the run was scored on 1,000 images"):
        compare([str(whole.path), str(cut.path)], tmp_path)


def test_refuses_predictions_of_unequal_length_for_the_same_images(
    make_run: MakeRun, tmp_path: Path
) -> None:
    runs = [make_run("a", [], digest="same"), make_run("b", [], digest="same", images=400)]
    with pytest.raises(KcnnError, match="1,000 and 400 images of digits"):
        compare([str(run.path) for run in runs], tmp_path)


def test_missing_values_of_a_summary(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("a", range(9))
    write_json(make_run("b", range(9)).summary, {"status": "finished", "best": None})
    run = compare(["digits/a", "digits/b"], tmp_path).runs[1]
    assert (run.best_test_accuracy, run.parameters, run.seconds) == (None, None, None)


class TestCommand:
    def test_text_keeps_seeds_and_test_images_apart(
        self, make_run: MakeRun, tmp_path: Path
    ) -> None:
        a = make_run("a", range(100))
        b = make_run("b", range(120), "train.seed=1")
        done = CliRunner().invoke(
            cli, ["compare", "digits/a", "digits/b", "--output-dir", str(tmp_path)]
        )
        assert done.exit_code == 0, done.output
        output = " ".join(done.output.split())
        assert "the runs differ only in their seed" in output
        assert "2 seeds: mean 89.00 %, standard deviation 1.41 points from seed to seed" in output
        assert "on 1,000 other test images, an accuracy may differ by up to ±1.94 points" in output
        assert "only digits/a is right on 20, only digits/b on 0; McNemar (exact)" in output
        assert "of each recipe would show a difference of 0.30 points" in output
        assert output.endswith(f"kcnn plot {a.path} {b.path}")

    def test_json(self, make_run: MakeRun, tmp_path: Path) -> None:
        make_run("a", range(100))
        make_run("b", range(90), "train.optimizer=SGD")
        done = CliRunner().invoke(
            cli, ["compare", "digits/a", "digits/b", "--output-dir", str(tmp_path), "--json"]
        )
        printed = json.loads(done.output)
        assert [run["test_right"] for run in printed["runs"]] == [900, 910]
        assert printed["paired"]["a_wrong_b_right"] == 10
        assert printed["differences"] == {
            "train.optimizer": [{"Adam": {"learning_rate": 0.001}}, "SGD"]
        }

    def test_a_single_run_is_wrong_usage(self) -> None:
        done = CliRunner().invoke(cli, ["compare", "digits/a"])
        assert done.exit_code == 2
        assert "expected at least two" in done.output
