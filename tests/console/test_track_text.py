"""The text of kcnn track."""

from __future__ import annotations

from kcnn.commands.track import Tracked, TrackResult
from kcnn.console.track import track_text


def test_a_line_for_each_run_and_tracker() -> None:
    result = TrackResult(
        [Tracked("cifar/run-001", "MLflow", "http://a/#/1"), Tracked("b/c", "TensorBoard", "see")]
    )
    assert track_text(result) == "cifar/run-001  MLflow  http://a/#/1\nb/c  TensorBoard  see"
    assert result.as_json()[1] == {"run": "b/c", "tracker": "TensorBoard", "where": "see"}
