"""The connection to an MLflow server: its address, a client, and its errors in one line."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from kcnn.errors import KcnnError

ADDRESS = "MLFLOW_TRACKING_URI"
_EXAMPLE = "--mlflow http://127.0.0.1:5000"
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_SECONDS, _SECONDS_FOR_A_FILE = "10", "60"
# What a user has set stays. Without these settings, MLflow takes four minutes (seven attempts) to
# notice that a server is down, reports its use to its makers, and prints.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    _TIMEOUT: _SECONDS,
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_SERVERS = ("http", "https", "databricks", "databricks-uc")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
# In MLflow's message when a connection fails or an answer is late; the exception is its own.
_NO_ANSWER = "failed with exception"
_BODY = "Response body:"
_MAX_REASON = 200


def require_address(address: str, origin: str) -> None:
    """Check that an address may be one of an MLflow server or of a database.

    Args:
        address: The address.
        origin: Where a user wrote it, for the message: an option or an environment variable.

    Raises:
        KcnnError: There is none, or it is a folder, has a password, or needs a package.
    """
    if not address:
        raise KcnnError(
            "--mlflow: the address of the MLflow server is not known",
            f"write it, as in {_EXAMPLE}, or set {ADDRESS}; `mlflow server` starts a server",
        )
    try:
        parts = urlsplit(address)
        scheme = parts.scheme.partition("+")[0] or address
        has_password = parts.username is not None
        if scheme in ("http", "https") and not parts.hostname:
            scheme = ""
    except ValueError:
        scheme, has_password = "", False
    if has_password:
        raise KcnnError(
            f"{origin}: an address with a name or a password would be kept in the run folder",
            "write it without, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        )
    if scheme in _DATABASES and find_spec("sqlalchemy") is None:
        raise KcnnError(
            f"{origin}: {scheme} needs the whole of MLflow; only its client is installed",
            f"pip install mlflow, or name a server, as in {_EXAMPLE}",
        )
    if scheme not in (*_SERVERS, *_DATABASES):
        raise KcnnError(
            f"{origin}: {address}: not the address of an MLflow server",
            f"write {_EXAMPLE}; MLflow no longer keeps runs in a plain folder",
        )


def connect(address: str) -> Any:
    """Import MLflow without its logs and warnings, and return a client; it makes no request yet."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", module=r"mlflow(\.|$)")
    from mlflow.tracking import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    return MlflowClient(tracking_uri=address)


@contextmanager
def patient() -> Iterator[None]:
    """Allow more seconds for an answer, because a server stores a file before it answers."""
    former = os.environ[_TIMEOUT]
    if former == _SECONDS:
        os.environ[_TIMEOUT] = _SECONDS_FOR_A_FILE
    try:
        yield
    finally:
        os.environ[_TIMEOUT] = former


def reason_of(error: Exception, address: str) -> str:
    """Return in one line which server does not answer, or what it refused."""
    if _NO_ANSWER in str(error):
        return f"{address} does not answer"
    text = str(error).partition(_BODY)[0].strip() or type(error).__name__
    return f"{address}: {text.splitlines()[0][:_MAX_REASON].rstrip('.')}"
