from __future__ import annotations

from pathlib import Path

from kcnn.commands.suspects import Suspects
from kcnn.console.suspects import MAX_LISTED, suspects_text
from kcnn.runs.suspects import Suspect

CAT = Suspect(3, "cat/7.png", "cat", "dog", 0.012, 0.95)


def test_the_most_doubtful_labels_are_listed() -> None:
    written = (Path("pets/run-001/suspects/suspects.csv"),)
    text = suspects_text(Suspects("pets/run-001", 200, 3, 0.9, (CAT,), written))
    assert text.startswith(
        "pets/run-001: 1 doubtful label of 200 training images (0.5 %)\n\n"
        "image      label  probability  suggested  probability\n"
        "─────────  ─────  ───────────  ─────────  ───────────\n"
        "cat/7.png  cat    1.2 %        dog        95.0 %\n\n"
        "confident learning (Northcutt, Jiang and Chuang, 2021)"
    )
    assert text.endswith("\n\nwritten pets/run-001/suspects/suspects.csv")


def test_more_than_fit_are_counted() -> None:
    text = suspects_text(Suspects("pets/run-001", 200, 3, 0.9, (CAT,) * (MAX_LISTED + 5), ()))
    assert "\nand 5 more\n" in text


def test_no_doubtful_label_is_no_table() -> None:
    text = suspects_text(Suspects("pets/run-001", 200, 3, 0.9, (), ()))
    assert text.startswith("pets/run-001: 0 doubtful labels of 200 training images")
    assert "suggested" not in text


def test_a_weak_model_is_not_to_be_trusted() -> None:
    strong, weak = (
        suspects_text(Suspects("pets/run-001", 200, 3, accuracy, (CAT,), ()))
        for accuracy in (0.75, 0.749)
    )
    assert "They predicted 74.9 % of the labels, so few that most" in weak
    assert "75.0 % of the labels. Look at each image" in strong
