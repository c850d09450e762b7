"""Images with several labels, from the CSV file to every command that takes a run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score

from kcnn.commands.check import check
from kcnn.commands.compare import compare
from kcnn.commands.evaluate import evaluate
from kcnn.commands.explain import explain
from kcnn.commands.export import export
from kcnn.commands.fit import fit
from kcnn.commands.init import init
from kcnn.commands.inspect_data import inspect_data
from kcnn.commands.plot import plot_runs
from kcnn.commands.predict import predict
from kcnn.commands.resume import resume
from kcnn.commands.suspects import find_suspects
from kcnn.console.compare import comparison_text
from kcnn.console.evaluate import evaluation_text
from kcnn.console.fit import fit_text
from kcnn.console.predict import predictions_text
from kcnn.data.digits import read_digits
from kcnn.errors import RecipeError, RunError
from kcnn.files.read import read_csv
from kcnn.progress import EpochFinished, Event, Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import read_label_predictions

CLASSES = 4
RECIPE = """\
name: pairs
data: {dataset: csv, path: labels.csv, image_size: [8, 16], channels: 1, validation: 40}
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
    - Flatten
    - Dense: {units: classes, activation: sigmoid}
train:
  epochs: 4
  batch_size: 32
  optimizer: {Adam: {learning_rate: 0.01}}
  loss: binary_crossentropy
  metrics: [Precision, {AUC: {multi_label: true}}, F1Score]
"""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write pairs of real digits from 0 to 3, side by side; a half may be empty. Return a recipe.

    Do not change them.
    """
    folder = tmp_path_factory.mktemp("pairs")
    digits, generator = read_digits().train, np.random.default_rng(0)
    known = np.flatnonzero(digits.labels < CLASSES)
    rows = []
    for number in range(320):
        canvas = np.zeros((8, 16), np.uint8)
        shown = set()
        for half in range(2):
            if generator.random() < 0.8:
                index = int(generator.choice(known))
                canvas[:, 8 * half : 8 * half + 8] = digits.read_one(index)[..., 0]
                shown.add(f"digit {digits.labels[index]}")
        Image.fromarray(canvas).save(folder / f"{number:03}.png")
        rows.append(
            (f"{number:03}.png", ";".join(sorted(shown)), "train" if number < 240 else "test")
        )
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "split"), *rows])
    recipe = folder / "pairs.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    return recipe


@pytest.fixture(scope="module")
def trained(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Train once; do not change the run."""
    return fit(pairs, output_dir=tmp_path_factory.mktemp("outputs")).run


def written(run: RunFolder) -> dict[str, bytes]:
    names = ("per_class", "predictions", "splits")
    return {name: getattr(run, name).read_bytes() for name in names}


def test_a_run(trained: RunFolder) -> None:
    summary = json.loads(trained.summary.read_text(encoding="utf-8"))
    assert summary["several_labels"] is True
    assert not trained.confusion.exists()
    predictions = read_label_predictions(trained)
    labels, probability = predictions.label, predictions.probability
    test = summary["test"]
    assert test["accuracy"] == pytest.approx(np.mean((probability > 0.5) == labels), abs=1e-6)
    assert test["mean_average_precision"] == pytest.approx(
        average_precision_score(labels, probability, average="macro"), abs=1e-5
    )
    assert test["mean_average_precision"] > 0.8  # chance is about 0.35
    assert test["exact_match"] == pytest.approx(predictions.is_right.mean(), abs=1e-6)
    assert {"precision", "auc", "f1_score", "tuned_macro_f1"} <= test.keys()
    assert test["f1_score"] == pytest.approx(test["macro_f1"], abs=1e-5)
    with (trained.per_class).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["class"] for row in rows] == [f"digit {digit}" for digit in range(CLASSES)]
    assert all(0 < float(row["threshold"]) < 1 for row in rows)
    assert "digit 0;digit 1" in {label for _, label, _ in read_csv(trained.splits, "").rows}
    drawn = {path.stem for path in trained.plots.iterdir()}
    assert {"precision_recall", "samples", "mistakes", "feature_maps", "accuracy"} <= drawn
    assert not {"confusion", "roc"} & drawn


class StopAfter(Progress):
    """Stop a training after an epoch, as Ctrl-C does."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def receive(self, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch == self._epoch:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("one_plot")
def test_repeats_and_resumes_bit_for_bit(pairs: Path, trained: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(pairs, output_dir=tmp_path, progress=StopAfter(2))
    resumed = resume(str(tmp_path / "pairs" / "run-001"), output_dir=tmp_path).run
    again = fit(pairs, output_dir=tmp_path).run
    for other in (resumed, again):
        assert written(other) == written(trained)
        assert weights_of(other) == weights_of(trained)


def weights_of(run: RunFolder) -> list[bytes]:
    model = keras.models.load_model(run.model, compile=False)
    return [weight.tobytes() for weight in model.get_weights()]


def test_evaluate_scores_each_label(trained: RunFolder, tmp_path: Path) -> None:
    result = evaluate(str(trained.path), tmp_path, wrong=tmp_path / "wrong")
    summary = json.loads(trained.summary.read_text(encoding="utf-8"))
    assert result.accuracy == pytest.approx(summary["test"]["accuracy"], abs=1e-6)
    for name in ("mean_average_precision", "exact_match", "tuned_macro_f1"):
        assert result.overall[name] == pytest.approx(summary["test"][name], abs=1e-5)
    values = json.loads(json.dumps(result.as_json()))
    assert values["per_class"][0].keys() >= {"average_precision", "threshold"}
    text = evaluation_text(result)
    assert "label    precision" in text and "threshold" in text
    assert "where each of 4 labels is a yes or no" in text
    assert result.wrong is not None
    folders = {path.parent.relative_to(tmp_path / "wrong").as_posix()
               for path in (tmp_path / "wrong").rglob("*.png")}  # fmt: skip
    assert result.wrong.images and all(folder.count("/") == 1 for folder in folders)


def test_predict_lists_labels_above_their_thresholds(
    pairs: Path, trained: RunFolder, tmp_path: Path
) -> None:
    images = [pairs.parent / f"{number:03}.png" for number in range(240, 320)]
    rows = tmp_path / "rows.csv"
    result = predict(images, str(trained.path), tmp_path, csv_file=rows)
    found, thresholds = read_label_predictions(trained), result.thresholds
    assert thresholds is not None
    expected = found.probability > np.array(thresholds)
    counts = [len(prediction.classes) for prediction in result.images]
    assert counts == expected.sum(axis=1).tolist()
    assert 0 in counts and 2 in counts
    assert "no label" in predictions_text(result)
    lines = rows.read_text(encoding="utf-8").splitlines()
    assert sum(line.endswith(",0,,") for line in lines) == counts.count(0)
    best = predict(images[:1], str(trained.path), tmp_path, weights="best")
    assert best.thresholds == (0.5,) * CLASSES


def test_logits_become_sigmoids(pairs: Path, tmp_path: Path, run_here: None) -> None:
    settings = [
        "model.layers[2].Dense.activation=linear", "train.metrics=[]", "train.epochs=2",
        "train.watch_first=20", "data.augment=[{MixUp: {alpha: 0.2}}]", "train.sampling=balanced",
    ]  # fmt: skip
    run = fit(pairs, settings, tmp_path).run
    predictions = read_label_predictions(run)
    summary = json.loads(run.summary.read_text(encoding="utf-8"))
    accuracy = np.mean((predictions.probability > 0.5) == predictions.label)
    assert summary["test"]["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert predictions.probability.sum(axis=1).max() > 1.2  # no softmax
    assert evaluate(str(run.path), tmp_path).accuracy == pytest.approx(accuracy, abs=1e-6)
    (exported,) = export(str(run.path), tmp_path).artefacts
    assert exported.measured["accuracy"] == pytest.approx(accuracy)
    description = json.loads((exported.path / "kcnn.json").read_text(encoding="utf-8"))
    assert description["several_labels"] and len(description["thresholds"]) == CLASSES


def test_compares_whole_images(pairs: Path, trained: RunFolder, tmp_path: Path) -> None:
    other = fit(pairs, ["train.epochs=1"], tmp_path).run
    comparison = compare([str(trained.path), str(other.path)], tmp_path)
    summary = json.loads(trained.summary.read_text(encoding="utf-8"))
    first = comparison.as_json()["runs"][0]
    assert first["exact_match"] == pytest.approx(summary["test"]["exact_match"], abs=1e-6)
    assert first["mean_average_precision"] == summary["test"]["mean_average_precision"]
    assert "exact match" in comparison_text(comparison)


def test_figures_that_need_one_class_say_so(trained: RunFolder, tmp_path: Path) -> None:
    for name in ("confusion", "roc"):
        with pytest.raises(RunError, match="an image may have several labels"):
            plot_runs([str(trained.path)], tmp_path, only=[name])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["train.loss=sparse_categorical_crossentropy", "train.metrics=[]"],
         "SparseCategoricalCrossentropy is for images of one class each, but .*labels.csv:"
         r"\d+ has 2 labels, .*; write loss: binary_crossentropy"),
        (["train.loss=categorical_crossentropy"], "CategoricalCrossentropy is for images of one"),
        (["model.layers[2].Dense.activation=softmax"], "softmax .*; write activation: sigmoid"),
        (["train.metrics=[TopKCategoricalAccuracy]"], "TopKCategoricalAccuracy is for images of"),
        (["train.class_weight=balanced"], "train.class_weight: is for images of one class each"),
        (["model.layers[2].Dense.activation=linear"], "needs probabilities.* sigmoid"),
    ],
)  # fmt: skip
def test_check_refuses_what_is_for_one_class(
    pairs: Path, settings: list[str], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        check(pairs, settings)


def test_explain_names_the_same_mistakes(pairs: Path) -> None:
    assert explain(pairs).problem is None
    problem = explain(pairs, ["model.layers[2].Dense.activation=softmax"]).problem
    assert problem is not None and "write activation: sigmoid" in problem.message


def test_init_writes_a_recipe_that_fits(pairs: Path, tmp_path: Path) -> None:
    file = tmp_path / "first.yaml"
    init(pairs.parent / "labels.csv", file)
    text = file.read_text(encoding="utf-8")
    assert "Dense: {units: classes, activation: sigmoid}" in text
    assert "loss: binary_crossentropy" in text and "class_weight" not in text
    assert check(file).plan.has_several_labels


def test_inspect_counts_an_image_for_each_of_its_labels(pairs: Path, tmp_path: Path) -> None:
    result = inspect_data(str(pairs.parent / "labels.csv"), samples=tmp_path / "samples.png")
    with (pairs.parent / "labels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for name, counts in result.counts:
        for part, count in counts.items():
            shown = [row for row in rows if row["split"] == part]
            assert count == sum(name in row["label"].split(";") for row in shown)


def test_fit_says_what_accuracy_means(pairs: Path, tmp_path: Path) -> None:
    text = fit_text(fit(pairs, ["train.epochs=1"], tmp_path))
    assert "each of 4 labels is a yes or no" in text
    assert "mean average precision" in text


def test_suspects_need_one_class_an_image(trained: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its images may have several labels"):
        find_suspects(str(trained.path), tmp_path)


def test_data_with_one_label_each_is_refused_afterwards(
    pairs: Path, trained: RunFolder, tmp_path: Path
) -> None:
    with (pairs.parent / "labels.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.reader(stream) if row[1] and ";" not in row[1]]
    rows = [[str(pairs.parent / row[0]) if number else row[0], *row[1:]]
            for number, row in enumerate(rows)]  # fmt: skip
    with (tmp_path / "one.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    with pytest.raises(RunError, match="with several labels; those of the dataset now have one"):
        evaluate(str(trained.path), tmp_path, settings=[f"data.path={tmp_path / 'one.csv'}"])
