"""Logs, metrics and the request id. Pure ASGI, because every other form costs half the speed.

A log line holds only the names listed in `LOGGED`: what is not known to be harmless is not written.
"""

import logging
import re
import sys
import time
import traceback
import uuid
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import on_failure

SLOW_SECONDS = 1.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

LOGGED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "seconds",
        "caller", "code", "failure", "frames", "address", "port", "import_id", "file", "rows",
        "state", "count", "task", "url", "logger",
    }
)  # fmt: skip

REQUESTS = Counter(
    "renewal_desk_requests_total", "Answered requests.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "renewal_desk_request_seconds",
    "Time from request to the end of the answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def keep_listed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop every name that is not listed: personal data and secrets have none that is."""
    return {name: value for name, value in event.items() if name in LOGGED}


def configure_logging(level: str) -> None:
    """Write JSON lines to standard error, from the level on."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_listed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries may log what was sent (statements, bodies): they speak up only for warnings.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s")


log = structlog.get_logger()


def frames_of(failure: BaseException) -> list[str]:
    """Where a failure came from, as file:line:function, without any value."""
    return [
        f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno}:{frame.name}"
        for frame in traceback.extract_tb(failure.__traceback__)[-12:]
    ]


class Observed:
    """Gives every request an id, counts it, writes one line about it, and turns what nobody foresaw
    into a 500 that tells only the id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        header = (b"x-request-id", request_id.encode())
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as failure:
            log.error(
                "request_failed",
                request_id=request_id,
                failure=type(failure).__name__,
                frames=frames_of(failure),
            )
            if status == 0:
                response = await on_failure(Request(scope), failure)
                await response(scope, receive, watched)
        finally:
            _record(scope, status, time.perf_counter() - started, request_id)


def _record(scope: Scope, status: int, seconds: float, request_id: str) -> None:
    route = getattr(scope.get("route"), "path", None) or scope.get("lane", "unknown")
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    _counted(method, route, status).inc()
    _timed(route).observe(seconds)
    # A line for each good and quick answer would cost a quarter of the speed; level debug has it.
    ordinary = status < 400 and seconds < SLOW_SECONDS
    (log.debug if ordinary else log.info)(
        "request",
        request_id=request_id,
        method=method,
        route=route,
        status=status,
        seconds=round(seconds, 6),
        caller=scope.get("caller_kind", "unknown"),
    )


@lru_cache(maxsize=2000)
def _counted(method: str, route: str, status: int) -> Any:
    return REQUESTS.labels(method, route, str(status))


@lru_cache(maxsize=500)
def _timed(route: str) -> Any:
    return SECONDS.labels(route)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: str = value.decode("latin-1")
            if REQUEST_ID.fullmatch(text):
                return text
    return uuid.uuid4().hex
