"""A page that classifies images in the browser: a LiteRT model, LiteRT.js and the page's files.

The folder works on any web server, and in a page of one's own: see page/use.js. LiteRT.js lies in
litertjs.zip; litertjs.json says where each of its files comes from.
"""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.export import litert
from kcnn.export.format import Options, Tolerance

if TYPE_CHECKING:
    from kcnn.export.source import Source

NAME = "web"
TITLE = "the web page"
FILE = "model.tflite"
EXTRA = litert.EXTRA
REQUIREMENTS = litert.REQUIREMENTS
QUANTIZATIONS = litert.QUANTIZATIONS
CAN_FIX_BATCH = False
BATCH_SIZE = 1  # LiteRT.js refuses any other
# The gate runs the very file that the page loads; tests compare LiteRT.js with it in Chromium.
RUNTIME = litert.RUNTIME
SIGNATURES = litert.SIGNATURES
WITHOUT = litert.WITHOUT
USE = "serve.py"
PACKAGES = litert.PACKAGES
TAKES = litert.TAKES

PAGE = Path(__file__).parent / "page"
LITERTJS = Path(__file__).parent / "litertjs.zip"
LITERTJS_LIST = Path(__file__).parent / "litertjs.json"


def tolerance(options: Options) -> Tolerance:
    """Return how far its predictions may differ from the model's: as those of LiteRT."""
    return litert.tolerance(options)


def write(source: Source, options: Options, path: Path) -> None:
    """Write the model, and beside it the page.

    Args:
        source: What to write.
        options: `quantize`; the batch size is 1.
        path: The model's file, in the folder that becomes the page's.

    Raises:
        ExportError: The model cannot be converted.
        DataError: The training images for int8 cannot be read.
        OSError: The disk is full.
    """
    litert.write(source, replace(options, batch_size=BATCH_SIZE), path)
    for file in PAGE.iterdir():
        if file.is_file():  # not Python's cache
            shutil.copyfile(file, path.parent / file.name)
    runtime = path.parent / "litertjs"
    with zipfile.ZipFile(LITERTJS) as archive:
        archive.extractall(runtime)
    shutil.copyfile(LITERTJS_LIST, runtime / "manifest.json")
