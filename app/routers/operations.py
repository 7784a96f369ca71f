"""Liveness, readiness, metrics, the documentation page and the description of problems."""

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from sqlalchemy import text
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from typing_extensions import TypedDict

from app.db.engine import Database
from app.deps import SpokenLanguage
from app.domain.errors import NotFound
from app.problem_words import WORDS_OF_CODE
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, document, stored_resource
from app.strict import StrictRoute

router = APIRouter(tags=["operations"], route_class=StrictRoute)

READY_SECONDS = 2.0
PAGE = FilePath(__file__).parents[1] / "static" / "docs.html"


@router.get("/", include_in_schema=False)
async def show_start() -> Response:
    """The documentation is the front page."""
    return RedirectResponse("/docs")


class Health(TypedDict):
    """How the process is."""

    status: Literal["alive", "ready", "stopping", "database_unavailable"]


class Meaning(TypedDict):
    """What a problem's code means, in the language asked for."""

    code: str
    status: Annotated[int, Field(description="The HTTP status that comes with it.")]
    title: str
    detail: Annotated[str, Field(description="What to do about it.")]


@router.get("/livez", response_model=Health)
async def show_liveness() -> Response:
    """The process answers. It never asks the database: a dead database is no reason to restart."""
    return JSONResponse({"status": "alive"})


@router.get(
    "/readyz",
    response_model=Health,
    responses={
        503: {
            "model": Health,
            "description": "Not ready: send no requests here now.",
            "content": {"application/json": {"example": {"status": "stopping"}}},
        }
    },
)
async def show_readiness(request: Request) -> Response:
    """Whether requests can be served: both log-ins of the database answer within 2 seconds and the
    process is not being stopped.
    """
    if request.app.state.stopping.is_set():
        return JSONResponse({"status": "stopping"}, status_code=503)
    database: Database = request.app.state.database
    try:
        async with asyncio.timeout(READY_SECONDS):
            for role in database.pools:
                async with database.transaction(role) as session:
                    await session.execute(text("SELECT 1"))
    except Exception:
        # Whatever the reason, the answer is the same; the reason is in the logs of the requests.
        return JSONResponse({"status": "database_unavailable"}, status_code=503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=PlainTextResponse)
async def show_metrics() -> Response:
    """Counters and times for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", response_class=HTMLResponse)
async def show_documentation() -> Response:
    """The interactive documentation; everything it needs comes from this service."""
    return HTMLResponse(
        PAGE.read_text("utf-8"),
        headers={
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        },
    )


@router.get(
    "/openapi.json",
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **NOT_MODIFIED,
    },
)
async def show_description(request: Request) -> Response:
    """This description."""
    return stored_resource(request, request.app.described(), "en")


@router.get("/problems/{code}", response_model=Meaning, responses=problem_responses(NotFound))
async def show_problem(
    code: Annotated[str, Path(description="The `code` of a problem.")], language: SpokenLanguage
) -> Response:
    """What a problem's code means and what to do about it."""
    words = WORDS_OF_CODE.get(code)
    if words is None:
        raise NotFound
    japanese = language == "ja"
    meaning: Meaning = {
        "code": code,
        "status": words.status,
        "title": words.title_ja if japanese else words.title_en,
        "detail": words.detail_ja if japanese else words.detail_en,
    }
    return document(meaning, language)
