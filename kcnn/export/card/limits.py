"""The limits of a model card: sentences that follow from the facts."""

from __future__ import annotations

from collections.abc import Iterator

from kcnn.export.card.facts import Facts
from kcnn.export.card.numbers import accuracy_interval, recall_interval
from kcnn.text.listed import listed
from kcnn.text.markdown import plain
from kcnn.text.numbers import count_text, per_cent, per_cent_range, shape_text

WEAKEST = 3  # classes named
FEW = 30  # test images of a class; of fewer, its numbers are rough
MAX_NAMED = 10
WIDE = 0.05  # of an interval, from end to end
# What reading an image does to one of another shape.
_SHAPES = {
    "stretch": "is stretched, which changes its proportions",
    "fit": "gets black borders",
    "crop": "loses its edges",
}


def limits(facts: Facts) -> Iterator[str]:
    """Yield what a user must know before trusting the model, each in a sentence or two."""
    yield _only_these_classes(facts)
    yield (
        "The test images are from the same source as the training images. Images of another "
        "camera, place or time can be recognized less often."
    )
    yield from _weakest(facts)
    yield from _few_images(facts)
    height, width = facts.about["image_size"]
    colors = "gray" if facts.about["channels"] == 1 else "color"
    yield (
        f"It sees an image in {colors} at {shape_text((width, height))} pixels. One of another "
        f"shape {_SHAPES[facts.about['resize']]}; details smaller than a pixel are lost."
    )
    if not any("calibration" in name for name in facts.test_scores):
        yield (
            "Whether it is right in 9 of 10 cases when it says 90 % has not been measured. Compare "
            "its probabilities with each other; do not read them as chances."
        )
    yield (
        "The intervals count the test images only. The same recipe trained with another seed gives "
        "other numbers."
    )


def _only_these_classes(facts: Facts) -> str:
    if facts.several_labels:
        count = count_text(len(facts.class_names), "label")
        return f"It knows {count}. Of anything else in an image, it reports nothing."
    count = count_text(len(facts.class_names), "class", "classes")
    return (
        f"It knows {count}. An image of anything else gets one of them too, often with a high "
        "probability."
    )


def _weakest(facts: Facts) -> Iterator[str]:
    known = [(score.recall, score) for score in facts.per_class if score.recall is not None]
    weak = [score for recall, score in sorted(known, key=lambda pair: pair[0]) if recall < 1]
    if not weak:
        return
    named = []
    for score in weak[:WEAKEST]:
        interval = recall_interval(score)
        assert interval is not None
        low_to_high = per_cent_range(interval.low, interval.high)
        named.append(f"{plain(score.name)}: {per_cent(score.recall)} ({low_to_high})")
    yield f"It recognizes these least often, by recall with its 95 % interval: {'; '.join(named)}."


def _few_images(facts: Facts) -> Iterator[str]:
    interval = accuracy_interval(facts)
    if interval is not None and interval.high - interval.low > WIDE:
        yield (
            f"It was tested on {count_text(facts.test_images, 'image')}, which leaves the accuracy "
            f"uncertain: {per_cent_range(interval.low, interval.high)}."
        )
    few = [
        f"{plain(score.name)} ({score.support:,})"
        for score in facts.per_class
        if score.support < FEW
    ]
    if few:
        yield f"These have fewer than {FEW} test images, so that their numbers are rough: " + (
            f"{listed(few, MAX_NAMED)}."
        )
