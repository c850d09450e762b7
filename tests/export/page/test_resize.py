"""The page's arithmetic of images is kcnn's, to the bit. Node runs it, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image

from kcnn.data.image.read import read_image

PAGE = Path(__file__).resolve().parents[3] / "kcnn" / "export" / "page"
# Pillow 13 resizes some images in another order, which rounds some values to the next level.
ALLOWED = 0 if int(PIL.__version__.split(".")[0]) >= 13 else 1

PROGRAM = """
import { readFileSync, writeFileSync } from "node:fs";
import { convert } from "./resize.mjs";

for (const { file, width, height, input, tilePixels } of JSON.parse(readFileSync("cases.json"))) {
  const image = readFileSync(`${file}.rgba`);
  const readTile = (left, top, tileWidth, tileHeight) => {
    const tile = new Uint8ClampedArray(tileWidth * tileHeight * 4);
    for (let y = 0; y < tileHeight; y++) {
      const start = ((top + y) * width + left) * 4;
      tile.set(image.subarray(start, start + tileWidth * 4), y * tileWidth * 4);
    }
    return tile;
  };
  writeFileSync(`${file}.out`, convert({ width, height, readTile }, input, tilePixels));
}
"""


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("needs Node")
    return found


@pytest.mark.parametrize("resize", ["stretch", "fit", "crop"])
@pytest.mark.parametrize("channels", [1, 3])
def test_resizes_as_kcnn_reads(node: str, tmp_path: Path, resize: str, channels: int) -> None:
    random = np.random.default_rng(channels)
    cases = []
    for number in range(12):
        # Smaller, larger and equal images, strips, and some that are averaged first.
        height, width = map(int, random.integers(1, (40, 150, 500)[number % 3], 2))
        size = [int(side) for side in random.integers(1, 48, 2)]
        if number % 6 == 0:
            size = [height, width]
        pixels = random.integers(0, 256, (height, width, 4), dtype=np.uint8)
        pixels.tofile(tmp_path / f"{number}.rgba")
        Image.fromarray(pixels[..., :3]).save(tmp_path / f"{number}.png", compress_level=0)
        cases.append(
            {
                "file": str(number),
                "width": width,
                "height": height,
                "input": {"image_size": size, "channels": channels, "resize": resize},
                "tilePixels": (64, 5000, 1 << 22)[number // 3 % 3],
            }
        )
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    shutil.copy(PAGE / "resize.js", tmp_path / "resize.mjs")
    (tmp_path / "program.mjs").write_text(PROGRAM)
    subprocess.run([node, "program.mjs"], cwd=tmp_path, check=True)
    for case in cases:
        expected = read_image(
            tmp_path / f"{case['file']}.png", case["input"]["image_size"], channels, resize
        )
        ours = np.fromfile(tmp_path / f"{case['file']}.out", np.uint8).reshape(expected.shape)
        assert np.abs(ours.astype(int) - expected).max() <= ALLOWED, case
