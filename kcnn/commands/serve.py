"""kcnn serve: answer requests for predictions over HTTP, from an exported model."""

from __future__ import annotations

import gc
import socket
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.commands.export import export
from kcnn.commands.served_model import describe_artefact, load_artefact
from kcnn.errors import PackageError, RunError
from kcnn.export.format import Format
from kcnn.export.formats import FORMATS
from kcnn.machine.packages import Requirement, require_packages
from kcnn.progress import Progress
from kcnn.runs.exports import read_class_names, read_description
from kcnn.runs.find import find_model, find_run
from kcnn.runs.folder import RunFolder
from kcnn.serve.limits import Limits

if TYPE_CHECKING:
    from kcnn.serve.app import Server

# In the order of preference: LiteRT starts faster and needs less memory.
SERVED_FORMATS = ("litert", "onnx")
EXTRA = "serve"
REQUIREMENTS = (Requirement("starlette", "1.0"), Requirement("uvicorn", "0.40"))
DEFAULT_PORT = 8501  # of TensorFlow Serving's REST interface


@dataclass(frozen=True)
class Service:
    """A model that is ready to be served.

    Args:
        name: The model's name in URLs.
        run: The title of its run.
        weights: `last` or `best`.
        artefact: The folder of the exported model.
        runtime: What predicts, such as `LiteRT 2.3.0`.
        url: Where the server listens.
        server: What answers.
        listener: The open socket.
    """

    name: str
    run: str
    weights: str
    artefact: Path
    runtime: str
    url: str
    server: Server
    listener: socket.socket

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        shown = ("name", "run", "weights", "runtime", "url")
        return {"artefact": str(self.artefact), **{name: getattr(self, name) for name in shown}}

    def run_until_signal(self) -> None:
        """Answer requests until a signal asks to end.

        Raises:
            Stopped: All requests that were accepted have been answered.
        """
        from kcnn.serve.http_server import HttpServer

        # Each JSON request makes thousands of lists, and so lets the garbage collector look at all
        # objects of the libraries: a third of the time to read an image of CIFAR's size.
        gc.collect()
        gc.freeze()
        try:
            HttpServer(self.server.app, self.listener).run_until_signal()
        finally:
            gc.unfreeze()
            self.server.close()


def serve(
    run: str | None,
    output_dir: Path,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    format_name: str | None = None,
    weights: str | None = None,
    max_upload: int = 32,
    max_images: int = 128,
    queue: int = 256,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> Service:
    """Prepare a server for a run's model. The model is exported first, unless it is already.

    Args:
        run: A run as `kcnn.runs.find.find_run` takes it; None for the newest.
        output_dir: The folder of all runs.
        host: The name or address of this machine at which to listen.
        port: The port; 0 for any that is free.
        format_name: One of SERVED_FORMATS; None for the one that is exported or installed.
        weights: `last` or `best`; None for those that are exported, else the last.
        max_upload: Size of a request, in MB.
        max_images: Number of images in a request.
        queue: Number of images, and of requests, that may wait; others are refused.
        data_dir: The folder in which an export looks for datasets first.
        progress: Where an export and warnings are reported.

    Returns:
        The server, which listens but does not answer yet.

    Raises:
        PackageError: A package is missing or too old.
        ServeError: The port cannot be used.
        RunError: There is no such run, or its exported model cannot be run.
        KcnnError: As `kcnn.commands.export.export`.
    """
    progress = progress or Progress()
    require_packages("kcnn serve", EXTRA, REQUIREMENTS)
    from kcnn.serve.app import Server
    from kcnn.serve.hosts import LOOPBACK, is_loopback
    from kcnn.serve.http_server import bind, url_of

    found = find_run(run, output_dir)
    form = _choose_format(format_name, found)
    listener = bind(host, port)
    try:
        artefact = _exported(found, form, weights, data_dir, progress)
        runtime = import_module(f"kcnn.export.runtimes.{form.RUNTIME.stem}")
        model = describe_artefact(found, artefact, runtime.version())
        predict = load_artefact(runtime.load, artefact / form.FILE, model)
    except BaseException:
        listener.close()
        raise
    hosts = tuple(dict.fromkeys([*LOOPBACK, host])) if is_loopback(host) else ()
    if not hosts:
        progress.note(
            f"{host} is not this machine alone: whoever reaches it can use the model, without a "
            "password"
        )
    limits = Limits(max_upload * 1_000_000, max_images, queue)
    return Service(
        name=model.name,
        run=found.title,
        weights=model.weights,
        artefact=artefact,
        runtime=model.runtime,
        url=url_of(listener, host),
        server=Server(model, predict, limits, hosts),
        listener=listener,
    )


def _choose_format(name: str | None, run: RunFolder) -> Format:
    """Return the format that is asked for; else one that is exported, else one that is installed.

    Raises:
        PackageError: Its packages are not installed, or those of none.
    """
    forms = {form.NAME: form for form in FORMATS if form.NAME in SERVED_FORMATS}
    if name is not None:
        _require(forms[name])
        return forms[name]
    installed = []
    missing: PackageError | None = None
    for form in forms.values():
        try:
            _require(form)
        except PackageError as error:
            missing = missing or error
        else:
            installed.append(form)
    exported = [form for form in installed if (run.exports / form.NAME / form.FILE).is_file()]
    if missing is not None and not installed:
        raise missing
    return (exported or installed)[0]


def _require(form: Format) -> None:
    require_packages(form.TITLE, form.EXTRA or "", form.REQUIREMENTS)


def _exported(
    run: RunFolder, form: Format, weights: str | None, data_dir: Path | None, progress: Progress
) -> Path:
    """Return the artefact of a run's model; export it if it is missing or older than the model."""
    artefact = run.exports / form.NAME
    try:
        exported_weights = read_description(artefact).get("weights")
        read_class_names(artefact)
        model = find_model(run, str(exported_weights))
        exported = (artefact / form.FILE).stat().st_mtime_ns
        is_current = weights in (None, exported_weights) and exported >= model.stat().st_mtime_ns
    except (RunError, OSError):
        is_current = False
    if not is_current:
        progress.note(f"{run.title}: exporting the model as {form.TITLE} first")
        result = export(
            str(run.path), run.path.parent, [form.NAME], weights=weights or "last",
            data_dir=data_dir, progress=progress,
        )  # fmt: skip
        if result.problem is not None:
            raise result.problem
    return artefact
