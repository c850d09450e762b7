"""The text of each result, from small results made by hand."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.commands.compare import ComparedRun, Comparison, SeedGroup
from kcnn.commands.evaluate import Evaluation
from kcnn.commands.explain import Explanation, PaddingAnswers, explain, solve_for_padding
from kcnn.commands.export import ExportResult
from kcnn.commands.predict import Prediction
from kcnn.commands.runs import RunRow
from kcnn.console import output
from kcnn.console.comparison import comparison_text, shown_value
from kcnn.console.explanation import shown
from kcnn.console.reproduction import reproduction_text
from kcnn.console.sweep import sweep_text
from kcnn.errors import RecipeError
from kcnn.files.atomic import write_json
from kcnn.recipe.schema import Fidelity, Published
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import ClassScore
from kcnn.stats import Interval, PairedTest
from kcnn.studies.grid import GridPoint
from kcnn.studies.quantities import Quantity
from kcnn.studies.reproduction_report import Reproduction, SeedRun
from kcnn.studies.sweep_report import Sweep, SweepRow
from kcnn.studies.trials import Trial, TrialResult
from kcnn.studies.verdicts import judge
from kcnn.training.complete_run import FitResult

NET = """\
name: net
about: Two layers.
data: {dataset: digits}
model:
  layers:
    - Conv2D: {filters: 2, kernel_size: 3}
    - Flatten
    - Dense: {units: 10}
train: {epochs: 1, batch_size: 50, optimizer: Adam}
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET, encoding="utf-8")
    return "net.yaml"


def test_fit() -> None:
    summary = {
        "test": {"weights": "last", "images": 360, "accuracy": 0.95},
        "timings": {"train": 61.4, "total": 7325, "training_images_per_second": 12_345},
    }
    run = RunFolder(Path("outputs/net/run-001"))
    assert output.fit_text(FitResult(run, summary)) == (
        "test accuracy  95.00 % on 360 images, with the last weights\n"
        "time           1 min 01 s training, 12,345 images/s; 2 h 02 min in all\n"
        f"run            {run.path}\n"
        f"pictures       {run.path / 'plots'}\n"
        "next           kcnn plot, kcnn export, kcnn predict IMAGE"
    )


def test_json_is_in_ascii_where_the_output_has_no_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"path": Path("é")}
    for encoding, expected in (("utf-8", '"é"'), ("latin-1", '"\\u00e9"')):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert output.json_text(value) == f'{{\n  "path": {expected}\n}}'


def test_check(net: str) -> None:
    checked = check(net)
    assert output.check_text(checked) == (
        "net.yaml: no mistakes found\n"
        "3 layers, from 8×8×1 images to 10 classes; 750 parameters, 1,368 multiply-adds an image"
    )
    assert output.check_text(replace(checked, built=True)).startswith(
        "net.yaml: no mistakes found; Keras built it\n"
    )
    assert output.check_json(checked) == {
        "recipe": "net.yaml", "name": "net", "built": False, "image_shape": [8, 8, 1],
        "classes": 10, "layers": 3, "parameters": 750, "multiply_adds": 1368,
    }  # fmt: skip


def test_check_of_images_that_are_not_known(net: str) -> None:
    Path("own.npz").write_bytes(b"")
    own = check(net, ["data={dataset: npz, path: own.npz}"])
    assert own.plan is None
    assert output.check_text(own) == (
        "net.yaml: no mistakes found, as far as can be told without the images"
    )
    assert set(output.check_json(own).values()) == {"net.yaml", "net", False, None}


def test_mistakes_for_programs() -> None:
    error = RecipeError(["one", "two"], "a hint")
    assert output.mistakes_json(error) == {"mistakes": ["one", "two"], "hint": "a hint"}


def test_evaluation() -> None:
    scores = (ClassScore("cat", 0.5, 0.25, 1 / 3, 4), ClassScore("dog", None, None, None, 0))
    evaluation = Evaluation("net/run-001", "best", 1_000, 0.75, scores, None)
    text = (
        "class  precision   recall       f1  images\n"
        "─────  ─────────  ───────  ───────  ──────\n"
        "cat    50.00 %    25.00 %  33.33 %       4\n"
        "dog    –          –        –             0\n"
        "\n"
        "net/run-001 (best weights): test accuracy 75.00 % on 1,000 images"
    )
    assert output.evaluation_text(evaluation).split() == text.split()
    augmented = {"accuracy": 0.8, "flip": "horizontal", "shift": None}
    assert output.evaluation_text(replace(evaluation, augmented=augmented)).endswith(
        "on 1,000 images\n80.00 % with flips averaged"
    )


def test_predictions() -> None:
    some = [
        Prediction(Path("a.png"), (("cat", 0.875), ("dog", 0.125))),
        Prediction(Path("b.png"), (("dog", 1.0),) * 2),
    ]
    assert output.predictions_text(some) == (
        "image  class        then\n"
        "─────  ───────────  ───────────\n"
        "a.png  cat 87.5 %   dog 12.5 %\n"
        "b.png  dog 100.0 %  dog 100.0 %"
    )
    assert output.predictions_json(some)[0] == {
        "image": "a.png",
        "classes": [{"class": "cat", "probability": 0.875}, {"class": "dog", "probability": 0.125}],
    }


def test_export() -> None:
    result = ExportResult("net/run-001", "last", Path("saved"), 1_234_567, 360, 3e-7, 2, 0.95, "x")
    assert output.export_text(result) == (
        "saved  1.2 MB\n"
        "checked in a fresh process with plain TensorFlow on 360 test images: accuracy 95.00 %, "
        "largest difference of a probability 3.0e-07, 2 different classes\n"
        "use it: x"
    )


def test_runs() -> None:
    assert output.runs_text([]) == "no runs yet; kcnn fit digits trains the first"
    began = datetime(2026, 1, 2, 3, 4)
    done = RunRow("net/run-001", Path("x"), "finished", 3, 0.5, 0.25, 1_234, 75.0, began)
    begun = RunRow("net/run-002", Path("y"), "training", 0, None, None, None, None, began)
    heading, _, first, second = output.runs_text([done, begun]).splitlines()
    assert " ".join(heading.split()) == (
        "run status test accuracy val accuracy epochs parameters training started"
    )
    assert first.split("  ", 1)[0] == "net/run-001"
    assert " ".join(first.split()) == (
        "net/run-001 finished 25.00 % 50.00 % 3 1,234 1 min 15 s 2026-01-02 03:04"
    )
    assert " ".join(second.split()) == "net/run-002 training – – 0 – – 2026-01-02 03:04"


def test_recipes_and_sets() -> None:
    recipes = [{"name": "net", "dataset": "digits", "about": "Two layers."}]
    assert output.recipes_text(recipes) == (
        "recipe  data    about\n"
        "──────  ──────  ───────────\n"
        "net     digits  Two layers.\n"
        "\n"
        "kcnn recipes show NAME prints one"
    )
    known = {"train_count": 60_000, "test_count": 10_000, "image_shape": (28, 28, 1)}
    sets = [
        {**known, "name": "mnist", "class_names": ["0", "1"], "found": "/data/mnist.npz"},
        {**known, "name": "other", "class_names": ["a"], "found": None},
    ]
    assert output.sets_text(sets) == (
        "set    training    test  images   classes  found\n"
        "─────  ────────  ──────  ───────  ───────  ───────────────────────────────\n"
        "mnist    60,000  10,000  28×28×1        2  /data/mnist.npz\n"
        "other    60,000  10,000  28×28×1        1  not here; kcnn data fetch other"
    )


def test_verified_files() -> None:
    result = {
        "name": "mnist", "path": "/data", "sha256": {"mnist.npz": "0123"}, "original": True,
        "readable": True, "problem": None, "train_count": 60_000, "test_count": 10_000,
    }  # fmt: skip
    assert output.verify_text(result) == (
        "mnist: /data\nsha256 0123  mnist.npz\nfiles: the original download\n"
        "readable: 60,000 training and 10,000 test images"
    )
    assert output.verify_text({**result, "readable": False, "problem": "cut off"}).endswith(
        "\nnot readable: cut off"
    )


class TestExplanation:
    def test_text(self, net: str) -> None:
        text = shown(explain(net), as_json=False, markdown=False)
        assert isinstance(explain(net), Explanation)
        assert text == (
            "layer    output  parameters  multiply-adds  memory  sees\n"
            "───────  ──────  ──────────  ─────────────  ──────  ────\n"
            "image    8×8×1            –              –  256 B   1×1\n"
            "conv2d   6×6×2           20            648  288 B   3×3\n"
            "         (8 − 3 + 2·0)/1 + 1 = 6 high and wide\n"
            "         (3·3·1 + 1)·2 = 20 parameters\n"
            "         6·6·(3·3·1)·2 = 648 multiply-adds\n"
            "flatten  72               –              –  –       3×3\n"
            "         6·6·2 = 72 values\n"
            "dense    10             730            720  40 B    8×8\n"
            "         (72 + 1)·10 = 730 parameters\n"
            "         72·10 = 720 multiply-adds\n"
            "\n"
            "in all\n"
            "  parameters: 750\n"
            "  multiply-adds: 1,368 an image, forward\n"
            "  activations: 584 B an image, 29.2 kB a batch of 50\n"
            "\n"
            "memory: the output for one image, in float32. sees: the receptive field, the rows and "
            "columns of the\n"
            "  8×8 image that one value depends on, padding counted.\n"
            "\n"
            "worth a second look\n"
            "  conv2d: no activation stands between it and dense: two linear layers in a row can "
            "do no more than\n"
            "    one\n"
            "  dense: holds 97.3 % of all parameters; a smaller map before Flatten, or "
            "GlobalAveragePooling2D in\n"
            "    its place, needs fewer"
        )

    def test_markdown(self, net: str) -> None:
        lines = shown(explain(net), as_json=False, markdown=True).splitlines()
        assert lines[:7] == [
            "# net", "", "Two layers.", "",
            "| layer | output | parameters | multiply-adds | memory | sees |",
            "| --- | --- | ---: | ---: | ---: | --- |",
            "| image | 8×8×1 | – | – | 256 B | 1×1 |",
        ]  # fmt: skip
        sums = lines.index("## Sums")
        assert lines[sums + 2 : sums + 4] == [
            "- `conv2d`", "  - (8 − 3 + 2·0)/1 + 1 = 6 high and wide",
        ]  # fmt: skip

    def test_json(self, net: str) -> None:
        told = json.loads(shown(explain(net), as_json=True, markdown=False))
        assert told["totals"] == {
            "parameters": 750, "trainable_parameters": 750, "multiply_adds": 1368,
            "activation_bytes": 584, "batch_size": 50, "activation_bytes_per_batch": 29_200,
        }  # fmt: skip
        assert [layer["name"] for layer in told["layers"]] == ["conv2d", "flatten", "dense"]
        assert told["problem"] is None

    def test_what_does_not_fit(self, net: str) -> None:
        wide = explain(net, ["model.layers[0].Conv2D.kernel_size=9"])
        assert wide.problem is not None
        assert "as far as it fits" in shown(wide, as_json=False, markdown=False)
        markdown = shown(wide, as_json=False, markdown=True)
        assert "## Does not fit\n\n- " in markdown
        assert "a 9×9 window does not fit a 8×8 map" in markdown

    def test_padding(self, net: str) -> None:
        answers = solve_for_padding(net)
        assert isinstance(answers, PaddingAnswers)
        assert shown(answers, as_json=False, markdown=False) == (
            "conv2d: 8 high and wide, kernel 3, stride 1: padding 1\n"
            "  P = (3 − 1)/2 = 1\n"
            "  (8 − 3 + 2·1)/1 + 1 = 8"
        )
        (told,) = json.loads(shown(answers, as_json=True, markdown=False))
        assert (told["layer"], told["size"], told["padding"]) == ("conv2d", 8, 1)
        none = solve_for_padding(net, ["model.layers=[Flatten, {Dense: {units: 10}}]"])
        assert shown(none, as_json=False, markdown=False) == "net.yaml: no convolution in it"


def compared(number: int, seed: int, right: int, **more: object) -> ComparedRun:
    known = ComparedRun(
        run=f"net/run-00{number}", path=Path(f"run-00{number}"), settings={}, seed=seed,
        test_images=1_000, test_right=right, test_interval=Interval(0.5, 0.6),
        best_test_accuracy=None, val_accuracy=0.5, accuracy=0.75, parameters=1_234, seconds=61.0,
    )  # fmt: skip
    return replace(known, **more)


def group(number: int, **more: object) -> SeedGroup:
    known = SeedGroup((f"net/run-00{number}",), (0,), 0.55, None, None, 0.031, None)
    return replace(known, **more)


class TestComparison:
    def test_two_runs(self) -> None:
        text = comparison_text(
            Comparison(
                runs=(compared(1, 0, 550), compared(2, 0, 580, seconds=None)),
                differences={"train.batch_size": [32, 64], "data.augment": [[], None]},
                groups=(group(1), group(2)),
                paired=PairedTest(20, 50, 0.00004, "chi-square"),
                group_difference=None,
                difference=0.003,
            )
        )
        settings, runs, words, curves = text.split("\n\n")
        assert settings == (
            "setting           group 1  group 2\n"
            "────────────────  ───────  ───────\n"
            "train.batch_size  32       64\n"
            "data.augment      []       –"
        )
        assert " ".join(runs.splitlines()[2].split()) == (
            "1 net/run-001 0 55.00 % 50.00–60.00 % – 50.00 % 75.00 % 1,234 1 min 01 s"
        )
        assert runs.splitlines()[3].endswith("1,234  –")
        assert " ".join(words.split()) == (
            "test images 1,000 other ones would move an accuracy by up to ±3.10 points (95 %); "
            "that is the interval in the table. All runs saw the same images, so most of it moves "
            "them alike "
            "image by image only net/run-001 is right on 20, only net/run-002 on 50; McNemar "
            "(chi-square) p = below 0.0001: more than chance on these images; another seed may say "
            "otherwise "
            "seeds needed for a difference of 0.30 points: unknown without the spread; compare "
            "runs of the same settings with several seeds (kcnn reproduce trains them)"
        )
        assert curves == "their curves over each other: kcnn plot run-001 run-002"
        assert all(len(line) <= 100 for line in words.splitlines())

    @pytest.mark.parametrize(
        ("differences", "said"),
        [({"train.seed": [0, 1]}, "only in their seed"), ({}, "in no setting at all")],
    )
    def test_one_group(self, differences: dict, said: str) -> None:
        several = group(
            1, runs=("net/run-001", "net/run-002"), seeds=(0, 1), standard_deviation=0.012,
            interval=Interval(0.5, 0.6), seeds_needed=20_000,
        )  # fmt: skip
        comparison = Comparison(
            (compared(1, 0, 550), compared(2, 1, 580)), differences, (several,),
            PairedTest(9, 10, 0.25, "exact"), None, 0.003,
        )  # fmt: skip
        text = " ".join(comparison_text(comparison).split())
        assert text.startswith(f"the runs differ {said} group run seed ")
        assert (
            "seed spread 1 2 seeds: mean 55.00 %, standard deviation 1.20 points from seed to "
            "seed; 95 % t-interval of the mean 50.00–60.00 %, on these test images"
        ) in text
        assert "McNemar (exact) p = 0.25: chance alone could do that" in text
        assert (
            "seeds needed more than 10,000 of each recipe would show a difference of 0.30 points "
            "four times in five, at a standard deviation of 1.20 points"
        ) in text
        repeated = replace(several, standard_deviation=None, interval=None, seeds_needed=None)
        again = comparison_text(replace(comparison, groups=(repeated,)))
        assert "one seed (the same one each time): how far another seed" in " ".join(again.split())

    @pytest.mark.parametrize(
        ("interval", "verdict"),
        [
            (Interval(-0.01, 0.03), "-1.00 to +3.00 points (Welch): seeds alone may explain it"),
            (Interval(0.01, 0.03), "+1.00 to +3.00 points (Welch): more than seeds alone explain"),
        ],
    )
    def test_two_groups(self, interval: Interval, verdict: str) -> None:
        comparison = Comparison(
            (compared(1, 0, 550), compared(2, 1, 580)), {}, (group(1), group(2, mean=0.57)),
            None, interval, 0.003,
        )  # fmt: skip
        text = " ".join(comparison_text(comparison).split())
        assert f"group 2 − 1 +2.00 points, 95 % interval {verdict} seeds needed" in text

    @pytest.mark.parametrize(
        ("value", "text"),
        [(None, None), (0.5, "0.5"), ([1, {"a": None}], "[1, {a: null}]"), (True, "True")],
    )
    def test_values_of_settings(self, value: object, text: str | None) -> None:
        assert shown_value(value) == text


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
            "Choose by the validation accuracy; choosing by the test accuracy would leak the test "
            "set into the choice. With one seed of each, small differences may be chance: --seeds "
            "3 tells."
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
            "Nothing here may choose: the training accuracy does not tell how new images are "
            "answered, and choosing by the test accuracy would leak the test set into the choice. "
            "data.validation=0.1 takes images to choose by."
        )
        paths = " ".join(str(one.finished.path) for one in runs)
        assert files.endswith(f"\nnext   kcnn compare {paths}")


class TestReproduction:
    QUANTITIES = (
        Quantity("test_accuracy", (0.662, 0.670, 0.676), 10_000),
        Quantity("accuracy", (0.721, 0.725, 0.728), 45_000),
    )

    def made(self, **more: object) -> Reproduction:
        published = Published(metric="test_accuracy", value=0.72951, source="week 11")
        runs = tuple(SeedRun(n, f"net/seed-{n}", Path(f"seed-{n}"), False, 61.5) for n in range(2))
        known = Reproduction(
            "net", None, (), 1_234, 1_000, runs, self.QUANTITIES,
            (judge(published, self.QUANTITIES),), (), Path("report"),
        )  # fmt: skip
        return replace(known, **more)

    def test_text(self) -> None:
        ours, published, reason, hint, end = reproduction_text(self.made()).split("\n\n")
        assert ours == (
            "ours               mean     deviation  95 % of the mean  seeds\n"
            "─────────────────  ───────  ─────────  ────────────────  ─────\n"
            "test accuracy      66.93 %  0.70 %     65.19–68.68 %         3\n"
            "training accuracy  72.47 %  0.35 %     71.59–73.34 %         3"
        )
        assert published == (
            "published      value     verdict  source\n"
            "─────────────  ────────  ───────  ───────\n"
            "test_accuracy  72.951 %  below    week 11"
        )
        assert reason.startswith("test_accuracy 72.951 %: one more run of ours is expected in ")
        assert hint == (
            "hint: 72.951 % is published as test accuracy, but it fits our training accuracy "
            "(72.47 %)"
        )
        assert end == "report  report\nnext    kcnn compare seed-0 seed-1"

    def test_nothing_published_and_a_single_seed(self) -> None:
        made = self.made(verdicts=(), runs=self.made().runs[:1])
        assert reproduction_text(made).split("\n\n")[1:] == [
            "the recipe names no published numbers; there is nothing to hold ours against",
            "report  report",
        ]

    def test_what_is_not_as_the_source_has_it(self) -> None:
        assumed = Fidelity(setting="data.scaling", status="assumed", note="not stated")
        text = reproduction_text(self.made(overrides=("train.epochs=1",), fidelity=(assumed,)))
        assert (
            "changed from the recipe: train.epochs=1; what was published belongs to the recipe as "
            "it stands"
        ) in text
        assert (
            "not as the source has it           note\n"
            "────────────────────────  ───────  ──────────\n"
            "data.scaling              assumed  not stated"
        ) in text
