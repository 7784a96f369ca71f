"""The guide: the desk's frequent questions, the standard flow, and where other questions go."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.deps import SpokenLanguage
from app.domain.errors import NotFound
from app.domain.guide import find_questions
from app.domain.guide_faq import FAQ
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, resource
from app.schemas.guide import (
    ComparisonAnswer,
    DocumentAnswer,
    FaqAnswer,
    FaqEntry,
    FaqQuery,
    FlowAnswer,
    RedirectAnswer,
    comparison_out,
    documents_out,
    flow_out,
    question_out,
    redirects_out,
)
from app.strict import StrictRoute

router = APIRouter(tags=["guide"], route_class=StrictRoute)


@router.get("/v1/guide/faq", response_model=FaqAnswer, responses=dict(NOT_MODIFIED))
async def read_faq(
    request: Request, query: Annotated[FaqQuery, Query()], language: SpokenLanguage
) -> Response:
    """The frequent questions in their three groups; with `q` those that hold all the words."""
    found = [question_out(one, language) for one in find_questions(query.q, query.group)]
    return resource(request, {"items": found}, language)


@router.get(
    "/v1/guide/faq/{question_id}",
    response_model=FaqEntry,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_question(
    request: Request,
    question_id: Annotated[str, Path(description="The id of the question.")],
    language: SpokenLanguage,
) -> Response:
    """One frequent question."""
    for one in FAQ:
        if one.id == question_id:
            return resource(request, question_out(one, language), language)
    raise NotFound


@router.get("/v1/guide/flow", response_model=FlowAnswer, responses=dict(NOT_MODIFIED))
async def read_flow(request: Request, language: SpokenLanguage) -> Response:
    """The standard flow of a renewal in its three stages."""
    return resource(request, flow_out(language), language)


@router.get("/v1/guide/comparison", response_model=ComparisonAnswer, responses=dict(NOT_MODIFIED))
async def read_comparison(request: Request, language: SpokenLanguage) -> Response:
    """A support service contract and a package side by side."""
    return resource(request, comparison_out(language), language)


@router.get("/v1/guide/redirects", response_model=RedirectAnswer, responses=dict(NOT_MODIFIED))
async def read_redirects(request: Request, language: SpokenLanguage) -> Response:
    """Where questions go that this desk does not take (REQ-7)."""
    return resource(request, redirects_out(language), language)


@router.get("/v1/guide/documents", response_model=DocumentAnswer, responses=dict(NOT_MODIFIED))
async def read_documents(request: Request, language: SpokenLanguage) -> Response:
    """The documents and forms, and when each is used."""
    return resource(request, documents_out(language), language)
