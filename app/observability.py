"""Logs, metrics and the request id. Pure ASGI, because every other form costs half the speed.

A log line holds only the names listed in `LOGGED`: what is not known to be harmless is not written.
"""

import logging
import os
import re
import sys
import time
import traceback
from bisect import bisect_left
from collections.abc import Iterator, MutableMapping
from itertools import accumulate
from typing import Any

import structlog
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
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

# The upper bounds of the histogram of times, in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tally:
    """Answers of one method, route and status: how many, and how long they took. A plain count: the
    metrics library takes longer over one answer than the lane over half of its work.
    """

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        # Each answer stands in one bucket only; the last one is for whatever took longer.
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Tallies(Collector):
    """All tallies of the process, as the metrics library shows them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], Tally] = {}

    def of(self, method: str, route: str, status: int) -> Tally:
        """The tally of this kind of answer."""
        key = (method, route, status)
        tally = self._known.get(key)
        if tally is None:
            tally = self._known[key] = Tally()
        return tally

    def collect(self) -> Iterator[Metric]:
        """The metrics, added up."""
        requests = CounterMetricFamily(
            "renewal_desk_requests", "Answered requests.", labels=["method", "route", "status"]
        )
        seconds = HistogramMetricFamily(
            "renewal_desk_request_seconds",
            "Time from request to the end of the answer.",
            labels=["route"],
        )
        by_route: dict[str, list[Tally]] = {}
        for (method, route, status), tally in self._known.items():
            requests.add_metric([method, route, str(status)], sum(tally.buckets))
            by_route.setdefault(route, []).append(tally)
        for route, tallies in by_route.items():
            counts = accumulate(map(sum, zip(*(tally.buckets for tally in tallies), strict=True)))
            buckets = list(zip([*map(str, BOUNDS), "+Inf"], counts, strict=True))
            seconds.add_metric([route], buckets, sum(tally.seconds for tally in tallies))
        yield requests
        yield seconds


TALLIES = Tallies()
REGISTRY.register(TALLIES)


def keep_listed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop every name that is not listed: personal data and secrets have none that is."""
    return {name: value for name, value in event.items() if name in LOGGED}


# Whether good and quick answers are written down too.
_tells_all = True


def configure_logging(level: str) -> None:
    """Write JSON lines to standard error, from the level on."""
    global _tells_all
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
    _tells_all = number <= logging.DEBUG
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
        # What the way of the request adds to its answer, whichever that is (app.rate_limits).
        more: list[tuple[bytes, bytes]] = []
        scope["answer_headers"] = more
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header, *more]
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
            record(
                scope["method"] if scope["method"] in _METHODS else "OTHER",
                getattr(scope.get("route"), "path", "unknown"),
                status,
                time.perf_counter() - started,
                request_id,
                scope.get("caller_kind", "unknown"),
            )


def record(
    method: str, route: str, status: int, seconds: float, request_id: str, caller: str
) -> None:
    """Count and time an answered request, and write its line when there is one."""
    TALLIES.of(method, route, status).add(seconds)
    # A line for each good and quick answer would cost a quarter of the speed; level debug has it.
    ordinary = status < 400 and seconds < SLOW_SECONDS
    if ordinary and not _tells_all:
        return
    (log.debug if ordinary else log.info)(
        "request",
        request_id=request_id,
        method=method,
        route=route,
        status=status,
        seconds=round(seconds, 6),
        caller=caller,
    )


def request_id_of(header: bytes | None) -> str:
    """The id that a request came with, when it is fit for a log, or a new one."""
    if header is not None:
        text = header.decode("latin-1")
        if REQUEST_ID.fullmatch(text):
            return text
    if not _ids:
        # One call for many: it costs more than all that is done with it.
        drawn = os.urandom(16 * 256).hex()
        _ids.extend(drawn[at : at + 32] for at in range(0, len(drawn), 32))
    return _ids.pop()


_ids: list[str] = []


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value.decode("latin-1")):
            return request_id_of(value)
    return request_id_of(None)
