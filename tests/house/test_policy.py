"""The service refuses to start where the policy table and its routes differ.

Seen to fail: with each of the four refusals left out.
"""

import pytest
from fastapi import APIRouter, FastAPI

from app.main import check_policy, strict_routes
from app.policy import POLICY
from app.routers import ROUTERS

ROUTES = [route for router in ROUTERS for route in strict_routes(router)]
ROW = ("GET", "/v1/contracts/{contract_number}")


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    names = check_policy(FastAPI(openapi_url=None, docs_url=None, redoc_url=None), ROUTES)
    assert {(method, path) for path, method in names} == set(POLICY)
    assert names[("/v1/contracts", "GET")] >= {"cursor", "page_size", "status"}


def test_a_route_without_a_row_keeps_the_service_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(POLICY, ROW)
    with pytest.raises(RuntimeError, match="has no row in the policy table"):
        check_policy(FastAPI(), ROUTES)


def test_a_row_without_a_route_keeps_the_service_from_starting() -> None:
    others = [route for route in ROUTES if route.path != ROW[1]]
    with pytest.raises(RuntimeError, match="without a route"):
        check_policy(FastAPI(), others)


async def hidden() -> None:
    """A route that somebody forgot to say who may call."""


def test_a_route_outside_of_the_routers_keeps_the_service_from_starting() -> None:
    app = FastAPI()
    app.add_api_route("/v1/hidden", hidden)
    with pytest.raises(RuntimeError, match="put it into a router"):
        check_policy(app, ROUTES)
    router = APIRouter()
    router.add_api_route("/v1/hidden", hidden)
    with pytest.raises(RuntimeError, match="no StrictRoute"):
        strict_routes(router)
