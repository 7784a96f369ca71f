"""The problem document (RFC 9457) of every refusal, by the table in `app.problem_words`.

No other module knows a status code of a refusal. Values that the caller sent never come back: a
problem names the place and the remedy.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from app.db.engine import refusal_of
from app.domain import errors
from app.domain.languages import Language, choose_language
from app.domain.sheet_texts import sheet_text
from app.problem_words import CODE_BY_STATUS, INTERNAL, PROBLEMS, WORDS_OF_CODE, Words

RETRY_AFTER_SECONDS = "1"


class Place(TypedDict):
    """One place that is wrong."""

    pointer: Annotated[str, Field(description="JSON pointer into the body, or the parameter name.")]
    code: Annotated[str, Field(description="Stable code of what is wrong there.")]
    sheet: NotRequired[Annotated[str, Field(description="The sheet of a workbook.")]]
    cell: NotRequired[Annotated[str, Field(description="The cell in it, such as `C7`.")]]
    text: NotRequired[Annotated[str, Field(description="The same in words, for whoever fills it.")]]


class Problem(TypedDict):
    """A refusal as RFC 9457 problem document. Values that were sent are never repeated."""

    type: Annotated[str, Field(description="Address of the description of this code.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="What to do about it.")]
    instance: Annotated[
        str, Field(description="This refusal: `urn:request:` and the request_id, never the path.")
    ]
    code: Annotated[str, Field(description="Stable code.")]
    rules: Annotated[list[str], Field(description="Ids of the rules that refuse.")]
    errors: list[Place]
    facts: NotRequired[
        Annotated[
            dict[str, str | int],
            Field(description="What the refusal rests on, where it has facts: a state, a limit."),
        ]
    ]
    request_id: str


def problem_of(code: str, words: Words, language: Language, request_id: str) -> Problem:
    """The document of a refusal that names no rule and no place."""
    return {
        "type": f"/problems/{code}",
        "title": words.title_ja if language == "ja" else words.title_en,
        "status": words.status,
        "detail": words.detail_ja if language == "ja" else words.detail_en,
        # A path holds what the caller sent, so it must not come back; the id says which request.
        "instance": f"urn:request:{request_id}",
        "code": code,
        "rules": [],
        "errors": [],
        "request_id": request_id,
    }


def problem_response(
    request: Request,
    code: str,
    words: Words,
    *,
    rules: Sequence[str] = (),
    places: Sequence[Place] = (),
    facts: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document of `code` in the caller's language."""
    language: Language = choose_language(request.headers.get("accept-language"))
    request_id: str = request.scope.get("request_id", "")
    body = problem_of(code, words, language, request_id)
    body["rules"] = list(rules)
    body["errors"] = list(places)
    if facts:
        body["facts"] = dict(facts)
    return Response(
        orjson.dumps(body),
        status_code=words.status,
        media_type="application/problem+json",
        headers={
            "Content-Language": language,
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def refuse(request: Request, refusal: errors.DeskError) -> Response:
    """The answer to a named refusal."""
    words = PROBLEMS[type(refusal)]
    language: Language = choose_language(request.headers.get("accept-language"))
    places = [told_place(refusal, at, code, language) for at, code in refusal.places]
    if refusal.pointer is not None:
        places.append({"pointer": refusal.pointer, "code": refusal.code})
    headers: dict[str, str] = {}
    if words.status == 401:
        error = "" if isinstance(refusal, errors.CredentialsMissing) else ' error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="renewal-desk"{"," if error else ""}{error}'
    if words.status == 503 or isinstance(refusal, errors.IdempotencyKeyBusy):
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    elif isinstance(refusal, errors.TooManyRequests):
        headers["Retry-After"] = str(refusal.seconds)
    return problem_response(
        request,
        refusal.code,
        words,
        rules=refusal.rules,
        places=places,
        facts=refusal.facts,
        headers=headers,
    )


def told_place(refusal: errors.DeskError, at: str, code: str, language: Language) -> Place:
    """A place of a refusal; one in a workbook is told in words too, because a person fills it."""
    place: Place = {"pointer": at, "code": code}
    if isinstance(refusal, errors.WorkbookRefused | errors.SheetRefused):
        _, sheet, cell = f"{at}//".split("/")[:3]
        if cell:
            place |= {"sheet": sheet, "cell": cell}
        place["text"] = sheet_text(code, language)
    return place


async def on_refusal(request: Request, failure: Exception) -> Response:
    """Exception handler of every DeskError."""
    assert isinstance(failure, errors.DeskError)  # noqa: S101 — registered for this class only.
    return refuse(request, failure)


async def on_http_exception(request: Request, failure: Exception) -> Response:
    """Exception handler of what the framework itself refuses (unknown path, method, body size)."""
    assert isinstance(failure, HTTPException)  # noqa: S101 — registered for this class only.
    if isinstance(failure.__cause__, errors.DeskError):
        # The framework calls every failure while it reads a form 400; the cause knows better.
        return refuse(request, failure.__cause__)
    code = CODE_BY_STATUS.get(failure.status_code, "internal_error")
    headers = {"Allow": allowed_methods(request)} if failure.status_code == 405 else None
    return problem_response(request, code, WORDS_OF_CODE[code], headers=headers)


def allowed_methods(request: Request) -> str:
    """All methods of the path that was asked, whichever routes they stand in, for `Allow`."""
    path = getattr(request.scope.get("route"), "path", None)
    names: Mapping[tuple[str, str], Any] = request.app.state.query_names
    methods = {method for known, method in names if known == path} or {"GET"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def on_failure(request: Request, failure: Exception) -> Response:
    """Exception handler of everything unforeseen: an id to report and nothing else."""
    refusal = refusal_of(failure)
    if refusal is not None:
        return refuse(request, refusal)
    return problem_response(request, "internal_error", INTERNAL)


# pydantic's kinds of error → our stable codes; a kind that is not listed is called invalid_value.
CODE_OF_KIND: Mapping[str, str] = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_type": "wrong_type",
    "int_type": "wrong_type",
    "bool_type": "wrong_type",
    "list_type": "wrong_type",
    "dict_type": "wrong_type",
    "date_type": "wrong_type",
    "model_type": "wrong_type",
    "model_attributes_type": "wrong_type",
    "int_parsing": "wrong_type",
    "bool_parsing": "wrong_type",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_few",
    "too_long": "too_many",
    "machine_unidentified": "machine_unidentified",
    "union_tag_not_found": "required",
    "union_tag_invalid": "not_one_of",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "not_one_of",
    "enum": "not_one_of",
    "string_pattern_mismatch": "wrong_shape",
    "date_from_datetime_parsing": "invalid_date",
    "date_parsing": "invalid_date",
    "date_from_datetime_inexact": "invalid_date",
    "invalid_date": "invalid_date",
    "invalid_instant": "invalid_instant",
    "datetime_parsing": "invalid_instant",
    "datetime_from_date_parsing": "invalid_instant",
    "timezone_aware": "invalid_instant",
    "day_out_of_range": "out_of_range",
    "control_character": "control_character",
    "one_term": "one_term",
    "one_source": "one_source",
    "reason_needed": "reason_needed",
    "other_honorific": "other_honorific",
    "end_before_start": "end_before_start",
    "closes_before_opens": "closes_before_opens",
    "hours_missing": "hours_missing",
    "hours_of_a_closed_day": "hours_of_a_closed_day",
    "level_missing": "level_missing",
    "nothing_given": "nothing_given",
    "uuid_parsing": "wrong_shape",
    "uuid_type": "wrong_type",
}


async def on_invalid_input(request: Request, failure: Exception) -> Response:
    """Exception handler of schema breaches: each place with a stable code, no value."""
    assert isinstance(failure, RequestValidationError)  # noqa: S101 — registered for it only.
    details: Sequence[Any] = failure.errors()
    kinds = {detail["type"] for detail in details}
    if "json_invalid" in kinds:
        return refuse(request, errors.MalformedJson())
    places = [place_of(detail) for detail in details[:100]]
    sources = {str(detail["loc"][0]) for detail in details if detail["loc"]}
    refusal: errors.DeskError = errors.InvalidInput()
    if sources == {"query"} and kinds == {"extra_forbidden"}:
        refusal = errors.UnknownParameter()
    elif {detail["loc"] for detail in details} == {("query", "cursor")}:
        refusal = errors.InvalidCursor()
    elif sources == {"query"}:
        refusal = errors.InvalidFilter()
    return problem_response(
        request, refusal.code, PROBLEMS[type(refusal)], rules=refusal.rules, places=places
    )


# Lists whose items are of several kinds. pydantic puts the kind of the item into the place, where
# the body has no member of that name.
KINDS_IN_LISTS: Mapping[str, frozenset[str]] = {
    "changes": frozenset({"period", "level", "contact", "configuration"})
}


def _as_sent(path: list[Any]) -> list[Any]:
    """A place without the kind of a list's item: of changes/0/period/end_date it takes period."""
    kinds = KINDS_IN_LISTS.get(str(path[0])) if len(path) > 2 else None
    return [*path[:2], *path[3:]] if kinds is not None and path[2] in kinds else path


def place_of(detail: Any) -> Place:
    """The place and the code of one pydantic error. Names in a body may come from the caller, and
    so may the names of parameters that do not exist.
    """
    source, *path = detail["loc"] or ("body",)
    path = _as_sent(path)
    kind = str(detail["type"])
    if kind in {"too_short", "too_long"} and isinstance(detail["input"], str):
        # What pydantic calls a text's length where a validator of our own stands before the limit.
        kind = f"string_{kind}"
    code = CODE_OF_KIND.get(kind, "invalid_value")
    foreign = source == "body" or kind == "extra_forbidden"
    steps = [shown_name(step) if foreign and isinstance(step, str) else str(step) for step in path]
    if source != "body":
        return {"pointer": "/".join(steps), "code": code}
    return {"pointer": "".join(f"/{step}" for step in steps), "code": code}


def shown_name(name: str) -> str:
    """A name that may come from outside, or `?` where it is not harmless to repeat."""
    return name if len(name) <= 40 and name.isascii() and name.isidentifier() else "?"


def problem_responses(*refusals: type[errors.DeskError]) -> dict[int | str, dict[str, Any]]:
    """The refusals that an operation's rules can give, by status, for `app.openapi`; those that
    follow from what it asks for (credentials, a body, a key, the database) are added there.
    """
    by_status: dict[int | str, list[str]] = {}
    for refusal in refusals:
        by_status.setdefault(PROBLEMS[refusal].status, []).append(refusal.code)
    return {status: {"x-codes": codes} for status, codes in by_status.items()}
