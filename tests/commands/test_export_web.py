"""The web page predicts what the model predicts: in Node, and in Chromium where it is installed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import PIL
import pytest
from PIL import Image

from kcnn.commands.export import export
from kcnn.commands.predict import predict
from kcnn.data.image.read import read_image
from kcnn.data.load import load_dataset
from kcnn.model.probabilities import probability_model
from kcnn.model.saved import load_model
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[2] / "docs" / "web.md"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TOLERANCE = 1e-4
# Pillow 13 resizes some images in another order, which rounds some values to the next level.
PIXELS_ALLOWED = 0 if int(PIL.__version__.split(".")[0]) >= 13 else 1
SECONDS = 30
# What a page cannot show, as an error of the console: C++ writes all its lines there.
CHATTER = ("INFO: ", "WARNING: ")


@pytest.fixture(scope="module")
def folder(trained_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    exported = export(
        str(trained_run.path),
        trained_run.path.parents[1],
        formats=["web"],
        destination=tmp_path_factory.mktemp("exported") / "exports",
    )
    (artefact,) = exported.artefacts
    return artefact.path


@pytest.fixture(scope="module")
def images(trained_run: RunFolder) -> np.ndarray:
    """Return 100 test images."""
    dataset = load_dataset(read_recipe(trained_run.resolved).data, None, Progress(), parts=["test"])
    return dataset.test.read(np.arange(100))


@pytest.fixture(scope="module")
def expected(trained_run: RunFolder, images: np.ndarray) -> np.ndarray:
    """Return the model's predictions for them."""
    model = probability_model(load_model(trained_run))
    probabilities: np.ndarray = model.predict(images.astype(np.float32), verbose=0)
    return probabilities


def png(pixels: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "PNG")
    return stream.getvalue()


def test_the_page_links_to_a_model_card_that_names_the_page(folder: Path) -> None:
    links = re.findall(r'(?:href|src)="([^"]+)"', (folder / "index.html").read_text("utf-8"))
    assert all((folder / link).is_file() for link in links), links
    assert "```bash\npython serve.py\n```\n" in (folder / "model_card.md").read_text("utf-8")


# In place of a browser: it loads scripts and files, and has no images.
NODE = """
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

const folder = pathToFileURL(`${process.cwd()}/`);
globalThis.self = globalThis;
globalThis.document = { baseURI: folder.href };
globalThis.require = createRequire(folder);
globalThis.__dirname = fileURLToPath(new URL("litertjs", folder));
globalThis.importScripts = (url) => runInThisContext(readFileSync(fileURLToPath(url), "utf8"));
globalThis.fetch = async (url) => new Response(readFileSync(fileURLToPath(url)));
const { loadModel } = await import(new URL("use.js", folder));
const model = await loadModel();
const images = readFileSync("images.raw");
const size = images.length / 100;
for (let index = 0; index < 100; index++) {
  const pixels = new Uint8Array(images.subarray(index * size, (index + 1) * size));
  writeFileSync("predictions.raw", await model.predict(pixels), { flag: "a" });
}
process.exit();
"""


def test_predicts_what_the_model_predicts_in_node(
    folder: Path, images: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    node = shutil.which("node")
    version = "v0" if node is None else subprocess.check_output([node, "--version"], text=True)
    if node is None or int(version[1:].split(".")[0]) < 18:
        pytest.skip("needs Node 18")
    page = tmp_path / "page"
    shutil.copytree(folder, page)
    # Browsers take the type of a script from the page, Node from here.
    (page / "package.json").write_text('{"type": "module"}')
    (page / "program.js").write_text(NODE)
    images.tofile(page / "images.raw")
    done = subprocess.run([node, "program.js"], cwd=page, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    predictions = np.fromfile(page / "predictions.raw", np.float32).reshape(expected.shape)
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=TOLERANCE)


class Served(SimpleHTTPRequestHandler):
    """Send files as `python -m http.server` does."""

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


class Visit:
    """An open page, and what went wrong in it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.problems: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._see)
        page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url}"))
        page.goto(address)
        self.wait("Ready.")

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(CHATTER):
            self.problems.append(message.text)

    def _see(self, request: Any) -> None:
        address = request.url.removeprefix("blob:")  # the image that the page shows
        if urlsplit(address).netloc != urlsplit(self.address).netloc:
            self.problems.append(f"request to {request.url}")

    def wait(self, status: str | None = None) -> str:
        """Wait for a status, or for any that is final; return it."""
        # Playwright's own waiting evaluates text as code, which the page forbids.
        for _ in range(20 * SECONDS):
            shown: str = self.page.text_content("#status")
            if shown == status or (status is None and not shown.endswith("…")):
                return shown
            self.page.wait_for_timeout(50)
        raise AssertionError(f"waited for {status}, the page shows {shown}")

    def give(self, event: str, name: str, content: bytes, kind: str = "image/png") -> str:
        """Drop or paste a file; return the status that the page shows at last."""
        self.page.evaluate(
            """([event, name, kind, text]) => {
              const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], name, { type: kind }));
              const options = { bubbles: true, cancelable: true };
              document.body.dispatchEvent(
                event === "drop"
                  ? new DragEvent("drop", { ...options, dataTransfer: data })
                  : new ClipboardEvent("paste", { ...options, clipboardData: data }),
              );
            }""",
            [event, name, kind, base64.b64encode(content).decode()],
        )
        return self.wait()

    def classes(self) -> list[tuple[str, float]]:
        """Return the classes that the page lists, and their per cent."""
        names = self.page.locator("#labels .name").all_text_contents()
        values = self.page.locator("#labels .value").all_text_contents()
        return [
            (name, float(value.removesuffix("\N{NO-BREAK SPACE}%")))
            for name, value in zip(names, values, strict=True)
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("needs Chromium or Chrome")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Send the files of a folder; yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visit(browser: Any, folder: Path) -> Iterator[Visit]:
    """Open the page; at the end, fail if it broke a rule or asked another server."""
    with serve(folder) as address, browser.new_page() as page:
        opened = Visit(page, address)
        yield opened
        assert opened.problems == []


CLASSIFY = """async (texts) => {
  const { loadModel } = await import(new URL("use.js", document.baseURI));
  const model = await loadModel();
  const predictions = [];
  for (const text of texts) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const { probabilities, pixels } = await model.classify(new Blob([bytes]));
    predictions.push([[...probabilities], [...pixels]]);
  }
  model.close();
  return predictions;
}"""


def classify(visit: Visit, files: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Classify files by the page's use.js; return probabilities and pixels, a row each."""
    texts = [base64.b64encode(content).decode() for content in files]
    probabilities, pixels = zip(*visit.page.evaluate(CLASSIFY, texts), strict=True)
    return np.array(probabilities), np.array(pixels)


def test_predicts_what_the_model_predicts(
    visit: Visit, images: np.ndarray, expected: np.ndarray
) -> None:
    predictions, pixels = classify(visit, list(map(png, images)))
    np.testing.assert_array_equal(pixels, images.reshape(100, -1))
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Write a nine in the forms in which careless programs read something else."""
    photos = tmp_path_factory.mktemp("photos")
    sheet = Image.new("L", (60, 80), 0)
    for box in ((18, 15, 44, 21), (18, 15, 24, 42), (18, 36, 44, 42), (38, 15, 44, 70)):
        sheet.paste(255, box)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    turned = sheet.transpose(Image.Transpose.ROTATE_90)
    turned.save(photos / "turned.jpg", exif=exif, quality=95)
    sheet.save(photos / "plain.jpg", quality=95)
    # Ink that is opaque on paper that is not, with a color that is hidden.
    hidden = Image.merge("RGBA", (sheet, sheet, sheet, sheet.point(lambda value: 255 - value)))
    hidden.save(photos / "transparent.png")
    sheet.convert("RGB").save(photos / "colors.png")
    sheet.convert("P").save(
        photos / "moving.gif", save_all=True, append_images=[turned.resize((60, 80))]
    )
    sheet.convert("RGB").quantize(8).save(photos / "transparent.gif", transparency=0)
    Image.fromarray(np.full((5, 300, 3), (200, 90, 30), np.uint8)).save(photos / "strip.png")
    return sorted(photos.iterdir())


def test_reads_images_as_kcnn_predict_does(
    visit: Visit, trained_run: RunFolder, photos: Sequence[Path]
) -> None:
    ours = predict(photos, str(trained_run.path), trained_run.path.parents[1], top=10)
    predictions, pixels = classify(visit, [path.read_bytes() for path in photos])
    names = json.loads((trained_run.path / "summary.json").read_text())["class_names"]
    for photo, seen in zip(photos, pixels, strict=True):
        if photo.suffix != ".jpg":
            read = read_image(photo, (8, 8), 1).ravel().astype(int)
            assert np.abs(seen - read).max() <= PIXELS_ALLOWED, photo.name
    for photo, prediction, theirs in zip(photos, ours.images, predictions, strict=True):
        expected = dict(prediction.classes)
        # kcnn decodes a JPEG image at a fraction of its size, which no browser can.
        tolerance = 0.01 if photo.suffix == ".jpg" else TOLERANCE
        for name, probability in zip(names, theirs, strict=True):
            assert probability == pytest.approx(expected[name], abs=tolerance), photo.name


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_shows_the_prediction(
    visit: Visit, images: np.ndarray, expected: np.ndarray, event: str
) -> None:
    status = visit.give(event, "digit.png", png(images[7]))
    best = int(expected[7].argmax())
    per_cent = f"{100 * expected[7][best]:.{1 if expected[7][best] < 0.99 else 2}f}"
    assert status == f"{best}: {per_cent}\N{NO-BREAK SPACE}%"
    classes = visit.classes()
    assert [int(name) for name, _ in classes] == np.argsort(-expected[7], kind="stable").tolist()
    for name, value in classes:
        assert value == pytest.approx(100 * expected[7][int(name)], abs=0.06)
    assert visit.page.get_attribute("#image", "alt") == "digit.png"
    assert visit.page.text_content("#seen") == "What the model sees: 8 × 8 pixels, gray"


def test_is_used_by_keyboard(visit: Visit, images: np.ndarray) -> None:
    page = visit.page
    page.on("filechooser", lambda _: None)  # Chromium needs a moment to report dialogs
    page.keyboard.press("Tab")
    page.wait_for_selector("#file:focus", state="attached")  # a key can come before the page
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    file = {"name": "digit.png", "mimeType": "image/png", "buffer": png(images[0])}
    chooser.value.set_files(file)
    page.wait_for_selector("#result:not([hidden])")
    assert page.locator("#labels li:visible").count() == 5
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#labels li:visible").count() == 10
    assert page.get_attribute("#all", "aria-expanded") == "true"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.txt", b"no image", "is not an image that this browser can read, or it is damaged."),
        ("empty.png", b"", "is an empty file."),
        (
            "scan.tif",
            b"II*\0" + bytes(60),
            "is a TIFF image, which this browser cannot read. Save it as PNG or JPEG.",
        ),
    ],
)
def test_says_what_is_wrong_with_a_file(
    visit: Visit, images: np.ndarray, name: str, content: bytes, message: str
) -> None:
    visit.give("drop", "digit.png", png(images[0]))
    assert visit.give("drop", name, content) == f"{name} {message}"
    assert not visit.page.is_visible("#result")  # of the image before


def test_images_of_several_labels(
    browser: Any, folder: Path, images: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    page = tmp_path / "page"
    shutil.copytree(folder, page)
    description = json.loads((page / "kcnn.json").read_text())
    order = np.argsort(-expected[0])
    thresholds: list[float | None] = [None] * 10
    for index in order[:2]:
        thresholds[index] = float(expected[0][index]) / 2
    changed = {**description, "several_labels": True, "thresholds": thresholds}
    (page / "kcnn.json").write_text(json.dumps(changed))
    with serve(page) as address:
        visit = Visit(browser.new_page(), address)
        status = visit.give("drop", "digit.png", png(images[0]))
        assert status.startswith(f"Labels: {order[0]}: ")
        assert visit.page.locator("#labels .predicted .name").all_text_contents() == [
            f"{order[0]} ✓",
            f"{order[1]} ✓",
        ]
        assert visit.problems == []


def test_the_documentation_shows_a_page_that_works(
    browser: Any, folder: Path, images: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    (html,) = re.findall(r"```html\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "index.html").write_text(f"<!doctype html>\n{html}", encoding="utf-8")
    shutil.copytree(folder, tmp_path / "web")
    with serve(tmp_path) as address, browser.new_page() as page:
        page.goto(address, wait_until="networkidle")
        with page.expect_console_message(lambda message: message.type == "log") as logged:
            file = {"name": "digit.png", "mimeType": "image/png", "buffer": png(images[7])}
            page.set_input_files("#file", file)
    name, probability = logged.value.text.split()
    assert int(name) == expected[7].argmax()
    assert float(probability) == pytest.approx(expected[7].max(), abs=TOLERANCE)
