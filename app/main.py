"""Makes the application: the only place that wires database, keys, routers and handlers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, FastAPI, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth import Authenticator
from app.auth_keys import SigningKeys
from app.db.desk import CalendarMemory
from app.db.engine import Database
from app.deps import utc_now
from app.directory import Directory
from app.domain.errors import DeskError
from app.lane import Lane, LaneReads
from app.observability import Observed
from app.openapi import DescribedApp
from app.policy import POLICY
from app.printing import Press
from app.problems import on_failure, on_http_exception, on_invalid_input, on_refusal
from app.rate_limits import RateLimits
from app.routers import ROUTERS
from app.settings import Settings
from app.strict import HeadAsGet, StrictRoute
from app.worker import run_background

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """
Is this machine covered, until when, can it come back under contract and at what fee, by when must I
order, has my order arrived? One call answers.

Dates are Japanese calendar days (`YYYY-MM-DD`, both ends inclusive), instants are UTC, money is in
yen. Texts come in Japanese, or in English with `Accept-Language: en`. Refusals are problem
documents (RFC 9457) with a stable `code`; decisions carry the ids of the rules that made them.
"""


class FrontedApp(DescribedApp):
    """An application with something in front of it and of all its middleware: the lane, which has
    no use for any of that.
    """

    front: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything comes in here, the start and the end of the service too."""
        await (self.front or self.ordinary)(scope, receive, send)

    async def ordinary(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The way behind the front."""
        await super().__call__(scope, receive, send)


def create_app(
    settings: Settings,
    database: Database,
    keys: SigningKeys,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The application on an open database. `clock` gives the instant of each request."""
    app = FrontedApp(
        title="Renewal Desk",
        version="0.1.0",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # Both stand in app.routers.operations, in the policy table like every other route.
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
        redirect_slashes=False,
        telemetry={"logs": False, "metrics": False},
    )
    app.state.settings = settings
    app.state.database = database
    app.state.authenticator = Authenticator(settings.auth, keys, clock)
    app.state.cursor_secret = keys.secret("cursors")
    app.state.calendar = CalendarMemory()
    app.state.clock = clock
    app.state.press = Press()
    app.state.rate_limits = RateLimits(settings, database, keys.secret("rate limits"))
    app.state.stopping = asyncio.Event()
    # Included for the description and for what is not found; the directory comes first.
    routes = [route for router in ROUTERS for route in strict_routes(router)]
    app.router.routes.append(Directory(routes))
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(DeskError, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid_input)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(Exception, on_failure)
    app.add_middleware(HeadAsGet)
    # The last one added is the outermost, but for the lane.
    app.add_middleware(Observed)
    # The lane knows one clock only: where tenants have their own, all go the ordinary way.
    has_lane = settings.http.lane and not settings.test_clock
    app.state.lane = LaneReads(database) if has_lane else None
    if app.state.lane is not None:
        app.front = Lane(
            app.ordinary,
            reads=app.state.lane,
            settings=settings,
            authenticator=app.state.authenticator,
            calendar=app.state.calendar,
            clock=clock,
            limits=app.state.rate_limits,
        )
    app.state.query_names = check_policy(app, routes)
    return app


def strict_routes(router: APIRouter) -> list[StrictRoute]:
    """The routes of a router. Raises RuntimeError for one that reads more than it should."""
    routes = [route for route in router.routes if isinstance(route, StrictRoute)]
    if len(routes) != len(router.routes):
        raise RuntimeError("a route is no StrictRoute: give its router the route_class")
    return routes


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    lane: LaneReads | None = app.state.lane
    if lane is not None:
        await lane.open()
    stopping: asyncio.Event = app.state.stopping
    background = asyncio.create_task(
        run_background(app.state.database, app.state.settings, stopping, app.state.clock),
        name="background",
    )
    try:
        yield
    finally:
        stopping.set()
        await background
        app.state.press.close()
        if lane is not None:
            await lane.close()
        await app.state.rate_limits.close()
        await app.state.database.close()


def check_policy(
    app: FastAPI, routes: Sequence[StrictRoute]
) -> dict[tuple[str, str], frozenset[str]]:
    """Refuse to start with a route that has no row in the policy table, a row without a route, or a
    route that stands in none of the routers, whose `routes` these are.

    Returns the query parameters that each operation has, by path and method.
    """
    if any(isinstance(route, APIRoute) for route in app.router.routes):
        raise RuntimeError("a route of the application itself: put it into a router")
    names: dict[tuple[str, str], frozenset[str]] = {}
    for route in routes:
        known = frozenset(
            parameter.alias
            for parameter in get_flat_params(route.dependant)
            if not isinstance(parameter.field_info, params.Path | params.Header)
        )
        for method in route.methods or ():
            if (method, route.path) not in POLICY:
                raise RuntimeError(f"{method} {route.path} has no row in the policy table")
            names[(route.path, method)] = known
    missing = set(POLICY) - {(method, path) for path, method in names}
    if missing:
        raise RuntimeError(f"rows of the policy table without a route: {sorted(missing)}")
    return names
