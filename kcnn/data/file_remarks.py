"""What a person may not expect of image files, by their headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from kcnn.data.image.inspection import ImageFacts
from kcnn.recipe.data_settings import Resize
from kcnn.text.numbers import count_text

# From the tenth to the ninetieth percentile of the aspect ratio, as from 1:1 to 5:4.
WIDE_SPREAD = 1.25


def file_remarks(
    facts: Mapping[str, ImageFacts], image_size: tuple[int, int], resize: Resize
) -> Iterator[str]:
    """Yield what reading the files will do that a person may not expect.

    Args:
        facts: What is known of each file, by its name.
        image_size: Height and width of the model's images.
        resize: What is done with images of another shape.
    """
    several = [name for name, file in facts.items() if file.frames > 1]
    if several:
        have = count_text(len(several), "image has", "images have")
        first = several[0] if len(several) == 1 else f"as {several[0]}"
        yield f"{have} several frames or pages ({first}): the first is read"
    if resize != "stretch" or not facts:
        return
    ratios = np.array([file.width / file.height for file in facts.values()])
    low, high = np.quantile(ratios, (0.1, 0.9))
    if high / low > WIDE_SPREAD:
        height, width = image_size
        yield (
            f"the images differ in shape (width / height from {low:.2f} to {high:.2f}) and are "
            f"stretched to {width}x{height}; data.resize=crop or fit keeps their shape"
        )
