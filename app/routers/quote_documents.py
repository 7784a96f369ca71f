"""The printed documents of a quote, as PDF."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote as percent_encoded

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.deps import CurrentSettings, CurrentViewer, ReadTrace, RealNow, Session
from app.domain.errors import NotFound, Overloaded, WrongState
from app.domain.identifiers import normalise
from app.printing import DocumentKind
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, matches
from app.routers.quotes import QuoteNumber
from app.schemas.quote_documents import DocumentQuery
from app.strict import StrictRoute
from app.usecases.documents import FetchedDocument, fetch_document

router = APIRouter(tags=["quotes"], route_class=StrictRoute)

# What the audit calls a kind, and its file's name in ASCII and in Japanese.
_NAMES: Mapping[DocumentKind, tuple[str, str, str]] = {
    "quote": ("quote_document", "quote", "御見積書"),
    "answer_sheet": ("answer_sheet", "answer-sheet", "保守契約注文・回答用紙"),
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NOT_MODIFIED,
    **problem_responses(NotFound, WrongState, Overloaded),
    200: {
        "description": "PDF/A-3b.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    },
}


@router.get("/v1/quotes/{quote_number}/document.pdf", response_class=Response, responses=_RESPONSES)
async def read_quote_document(
    request: Request,
    quote_number: QuoteNumber,
    query: Annotated[DocumentQuery, Query()],
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    now: RealNow,
) -> Response:
    """The 見積書 of an issued version (QUO-3). It is made at the first download and stays the same,
    byte for byte, whatever becomes of the version. The desk may look at a draft's, which says so.
    """
    return await _document(
        request, "quote", quote_number, query.version, session, trace, viewer, settings, now
    )


@router.get(
    "/v1/quotes/{quote_number}/answer-sheet.pdf", response_class=Response, responses=_RESPONSES
)
async def read_answer_sheet(
    request: Request,
    quote_number: QuoteNumber,
    query: Annotated[DocumentQuery, Query()],
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    now: RealNow,
) -> Response:
    """The 保守契約注文・回答用紙 to an issued version, filled in but for what the customer decides
    (ORD-3). It is made and kept as the 見積書 is.
    """
    return await _document(
        request, "answer_sheet", quote_number, query.version, session, trace, viewer, settings, now
    )


async def _document(
    request: Request,
    kind: DocumentKind,
    quote_number: str,
    version: int | None,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    now: RealNow,
) -> Response:
    press, issuer = request.app.state.press, settings.company
    number = normalise(quote_number)
    found = await fetch_document(session, viewer, press, issuer, kind, number, version, now)
    await trace.read(_NAMES[kind][0], found.key.quote_number, [found.key.customer_id])
    return _pdf(request, found, kind)


def _pdf(request: Request, found: FetchedDocument, kind: DocumentKind) -> Response:
    _, plain, japanese = _NAMES[kind]
    number, version = found.key.quote_number, found.key.version
    draft = ("-draft", "_見積案") if found.draft else ("", "")
    full = percent_encoded(f"{japanese}_{number}_第{version}版{draft[1]}.pdf")
    etag = f'"{found.sha256}"'
    headers = {
        **HEADERS,
        "Vary": "Authorization",
        "ETag": etag,
        "Content-Disposition": (
            f'attachment; filename="{number}-{version}-{plain}{draft[0]}.pdf"; '
            f"filename*=UTF-8''{full}"
        ),
    }
    held = request.headers.getlist("if-none-match")
    if held and matches(",".join(held), etag):
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type="application/pdf", headers=headers)
