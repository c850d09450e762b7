from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kcnn.console.reproduce import reproduction_text
from kcnn.recipe.schema import Fidelity, Published
from kcnn.studies.quantities import Quantity
from kcnn.studies.reproduction_report import Reproduction, SeedRun
from kcnn.studies.verdicts import judge


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
            "remark: 72.951 % is published as test accuracy, but it fits our training accuracy "
            "(72.47 %)"
        )
        assert end == "report  report\nnext    kcnn compare seed-0 seed-1"

    def test_a_single_seed_without_published_numbers(self) -> None:
        made = self.made(verdicts=(), runs=self.made().runs[:1])
        assert reproduction_text(made).split("\n\n")[1:] == [
            "the recipe names no published numbers; there is nothing to hold ours against",
            "report  report",
        ]

    def test_lists_differences_from_the_source(self) -> None:
        assumed = Fidelity(setting="data.scaling", status="assumed", note="not stated")
        text = reproduction_text(self.made(overrides=("train.epochs=1",), fidelity=(assumed,)))
        assert (
            "changed from the recipe: train.epochs=1; what was published belongs to the recipe "
            "without overrides"
        ) in text
        assert (
            "not as the source has it           note\n"
            "────────────────────────  ───────  ──────────\n"
            "data.scaling              assumed  not stated"
        ) in text
