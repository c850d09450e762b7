"""The server's endpoints: TensorFlow Serving's, and a few easier ones."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from kcnn.serve import metrics as prometheus
from kcnn.serve.batching import Batcher, Predict, QueueFullError, StoppingError
from kcnn.serve.body import TOO_LARGE, Admission, Busy, DrainingResponse
from kcnn.serve.hosts import KnownHosts
from kcnn.serve.limits import Limits
from kcnn.serve.metrics import Metrics
from kcnn.serve.model import VERSION, ServedModel
from kcnn.serve.serving_answers import metadata, status
from kcnn.serve.serving_request import ANSWERS, RequestError, read_request
from kcnn.text.printable import shorten
from kcnn.text.values import shown

DEFAULT_TOP = 3  # as kcnn predict
_LONGEST_PATH = 100  # in a message
_READERS = 2  # threads that read JSON and decode images
_DISCONNECTED = 499  # for the metrics; nobody reads the answer
_WHOLE = re.compile(r"0*[1-9][0-9]{0,9}")  # Python reads no number of 5,000 digits
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LOGGER = logging.getLogger("kcnn.serve")

Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Server:
    """Answer requests for one model.

    Args:
        model: The facts about it that clients see.
        predict: uint8 (count, height, width, channels) -> float32 (count, classes).
        limits: What clients may ask for.
        hosts: Names by which clients may call this server; empty for any.
    """

    def __init__(
        self, model: ServedModel, predict: Predict, limits: Limits, hosts: Sequence[str] = ()
    ) -> None:
        self._model = model
        self._limits = limits
        about = {"model": model.name, "run": model.run, "runtime": model.runtime}
        self._metrics = Metrics(about)
        self._batcher = Batcher(predict, limits.max_waiting, on_batch=self._metrics.count_batch)
        self._admission = Admission(limits.max_waiting, limits.max_upload)
        self._readers = ThreadPoolExecutor(_READERS, "read")
        self.app = KnownHosts(self._routes(), hosts)

    def close(self) -> None:
        """Finish what was accepted."""
        self._batcher.close()
        self._readers.shutdown()

    def _routes(self) -> Starlette:
        models = "/v1/models/{model}"
        post = partial(Route, methods=["POST"])
        routes = [
            Route("/health", self._counted("health", self._health)),
            Route("/metrics", self._counted("metrics", self._show_metrics)),
            post("/classify", self._counted("classify", self._classify)),
        ]
        for model in (models, models + "/versions/{version}"):
            routes += [
                post(model + ":predict", self._counted("predict", self._predict)),
                post(model + ":{method}", self._counted("predict", self._refuse_method)),
                Route(model + "/metadata", self._counted("metadata", self._metadata)),
                Route(model, self._counted("status", self._status)),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._on_http_error})

    def _counted(self, name: str, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint that answers errors in Serving's form, and counts its answers."""

        async def answer(request: Request) -> Response:
            began = perf_counter()
            response = await self._answer(request, endpoint)
            self._metrics.count_request(name, response.status_code, perf_counter() - began)
            return response

        return answer

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        try:
            return await endpoint(request)
        except RequestError as error:
            return _error(error.status, error.message)
        except HTTPException as error:
            return _http_error(error)
        except QueueFullError as full:
            return _http_error(Busy(full.seconds))
        except StoppingError:
            return _error(503, "the server is stopping")
        except ClientDisconnect:
            return Response(status_code=_DISCONNECTED)
        except Exception as error:
            _LOGGER.exception("a request could not be answered")
            return _error(500, f"the server could not answer: {type(error).__name__}: {error}")

    async def _on_http_error(self, request: Request, error: Exception) -> Response:
        """Answer a request for something that there is not."""
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            path = shorten(request.url.path, _LONGEST_PATH)
            message = f"{path}: not found; this server has POST {self._url()}:predict, "
            message += f"GET {self._url()}, POST /classify, GET /health and GET /metrics"
            return _error(404, message)
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            message = f"{request.url.path}: expected {allowed}; found {request.method}"
            return JSONResponse({"error": message}, 405, error.headers)
        return _http_error(error)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "model": self._model.name})

    async def _show_metrics(self, request: Request) -> Response:
        text = self._metrics.text(self._batcher.waiting)
        return PlainTextResponse(text, headers={"Content-Type": prometheus.CONTENT_TYPE})

    async def _status(self, request: Request) -> Response:
        self._require_model(request)
        return JSONResponse(status())

    async def _metadata(self, request: Request) -> Response:
        self._require_model(request)
        return JSONResponse(metadata(self._model))

    async def _refuse_method(self, request: Request) -> Response:
        self._require_model(request)
        method = request.path_params["method"]
        raise RequestError(f":{method}: expected :predict, the only method of this model", 404)

    async def _predict(self, request: Request) -> Response:
        self._require_model(request)
        model = self._model
        with self._admission.request() as body:
            content = await body.read(request)
            read = partial(
                read_request, content, model.image_shape, self._limits.max_images, model.decode
            )
            asked = await self._in_reader(read)
            del content, read
            probabilities = await self._probabilities(asked.images)
        return _json({ANSWERS[asked.form]: probabilities.tolist()})

    async def _classify(self, request: Request) -> Response:
        top = request.query_params.get("top", str(DEFAULT_TOP))
        if not _WHOLE.fullmatch(top):
            raise RequestError(f"top: expected a whole number, 1 or more; found {shown(top)}")
        with self._admission.request() as body:
            content = await body.read(request)
            if not content:
                raise RequestError("expected an image file as the body; found nothing")
            try:
                image = await self._in_reader(partial(self._model.decode, content))
            except RequestError as error:
                raise _with_form_hint(error, request) from None
            probabilities = await self._probabilities(image[np.newaxis])
        return _json({"classes": self._model.classes(probabilities[0], int(top))})

    async def _in_reader(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def _probabilities(self, images: np.ndarray) -> np.ndarray:
        probabilities = await asyncio.wrap_future(self._batcher.submit(images))
        if not np.isfinite(probabilities).all():  # JSON has no such numbers
            raise RequestError("the model's predictions for these images are not finite", 500)
        return probabilities

    def _require_model(self, request: Request) -> None:
        model = request.path_params["model"]
        version = request.path_params.get("version", VERSION)
        if model != self._model.name:
            raise RequestError(
                f"no model {model!r} here; this server has {self._model.name!r}", 404
            )
        if version != VERSION:
            raise RequestError(f"no version {version!r} of it; there is only {VERSION}", 404)

    def _url(self) -> str:
        return f"/v1/models/{self._model.name}"


def _with_form_hint(error: RequestError, request: Request) -> RequestError:
    """Return the error for a body that is no image; a form needs another way to send it."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith(_FORMS):
        return error
    hint = "send the file itself as the body, as curl --data-binary @image.jpg does"
    return RequestError(f"{error.message}; {hint}")


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def _http_error(error: HTTPException) -> Response:
    content = {"error": error.detail}
    if error.status_code == TOO_LARGE:
        return DrainingResponse(content, error.status_code, error.headers)
    return JSONResponse(content, error.status_code, error.headers)


def _json(content: Any) -> Response:
    return Response(json.dumps(content), media_type="application/json")
