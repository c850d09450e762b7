from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import kcnn
from kcnn.recipe.mistakes import sentences
from kcnn.recipe.mistakes.settings import _HANDLERS, EXPECTED

PACKAGE = Path(kcnn.__file__).parent
RECIPE = PACKAGE / "recipe"
# The functions that raise or return a mistake, and which argument is its code.
MAKERS = {
    "mistake": 0, "_conflict": 0, "_RefusedError": 0, "Mistake": 0, "_error": 1, "_refuse": 2,
}  # fmt: skip
# Codes that are composed when they are raised.
COMPUTED = {"metric_needs_one_hot", "metric_needs_sparse", "per_cent", "not_a_fraction"}


def codes_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code = node.args[MAKERS[name]] if len(node.args) > MAKERS.get(name, 99) else None
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


def test_every_mistake_has_a_sentence_and_every_sentence_a_mistake() -> None:
    raised = {code for path in RECIPE.rglob("*.py") for code in codes_of(path)} | COMPUTED
    by_pydantic = {"missing", *EXPECTED, "model_type", "list_type", "extra_forbidden"}
    described = {*sentences.SENTENCES, *_HANDLERS, *EXPECTED, "syntax", "no_mapping"}
    assert raised - described == set()
    assert described - raised - by_pydantic == set()


def test_only_loading_and_checking_a_recipe_import_the_words() -> None:
    words = "from kcnn.recipe.mistakes"
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.parent != RECIPE / "mistakes" and words in path.read_text(encoding="utf-8")
    }
    assert importers == {"recipe/load.py", "model/checked_recipe.py"}
