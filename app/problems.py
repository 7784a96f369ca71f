"""The one table from refusal to HTTP status and words, and the problem document (RFC 9457).

No other module knows a status code of a refusal. Values that the caller sent never come back: a
problem names the place and the remedy.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

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


class Words(NamedTuple):
    """What a problem says: its status, its title and the remedy, in Japanese and English."""

    status: int
    title_ja: str
    title_en: str
    detail_ja: str
    detail_en: str


PROBLEMS: Mapping[type[errors.DeskError], Words] = {
    errors.NotFound: Words(
        404,
        "見つかりません",
        "Not found",
        "該当する情報がないか、参照する権限がありません。番号をご確認ください。",
        "There is nothing here that you may see. Please check the number.",
    ),
    errors.CredentialsMissing: Words(
        401,
        "認証が必要です",
        "Authentication is needed",
        "Authorization ヘッダーに Bearer トークンを付けて送信してください。",
        "Send a bearer token in the Authorization header.",
    ),
    errors.CredentialsInvalid: Words(
        401,
        "認証情報が正しくありません",
        "The credentials are not valid",
        "トークンを確認できませんでした。新しいトークンを取得してください。",
        "The token could not be verified. Get a new one.",
    ),
    errors.CredentialsExpired: Words(
        401,
        "認証情報の有効期限が切れています",
        "The credentials have expired",
        "新しいトークンを取得してください。",
        "Get a new token.",
    ),
    errors.CredentialsRevoked: Words(
        401,
        "認証情報は取り消されています",
        "The credentials were revoked",
        "このトークンは使用できません。管理者にお問い合わせください。",
        "This token can no longer be used. Ask your administrator.",
    ),
    errors.NotAllowed: Words(
        403,
        "この操作は許可されていません",
        "This operation is not allowed",
        "この操作を行う権限がありません。",
        "Callers of your kind may not use this operation.",
    ),
    errors.MalformedJson: Words(
        400,
        "JSON を読み取れません",
        "The JSON cannot be read",
        "UTF-8 の正しい JSON を送信してください。NaN、無限大、不正な文字は使用できません。",
        "Send well-formed JSON in UTF-8, without NaN, infinities or broken characters.",
    ),
    errors.DuplicateKey: Words(
        400,
        "同じ項目が二度指定されています",
        "A member is given twice",
        "JSON オブジェクトの中で、同じ名前の項目は一度だけ指定してください。",
        "Name each member of a JSON object once only.",
    ),
    errors.UnsupportedMedia: Words(
        415,
        "この形式は受け付けていません",
        "This media type is not accepted",
        "Content-Type をご確認ください。",
        "Check the Content-Type of the request.",
    ),
    errors.BodyTooLarge: Words(
        413,
        "送信データが大きすぎます",
        "The request is too large",
        "分割して送信してください。",
        "Send it in smaller parts.",
    ),
    errors.InvalidInput: Words(
        422,
        "入力内容に誤りがあります",
        "The input is not valid",
        "errors に示した箇所を修正してください。",
        "Correct the places listed under errors.",
    ),
    errors.UnknownParameter: Words(
        422,
        "存在しないパラメーターです",
        "Unknown parameter",
        "errors に示したパラメーターを外してください。",
        "Remove the parameters listed under errors.",
    ),
    errors.DuplicateParameter: Words(
        422,
        "パラメーターが重複しています",
        "A parameter is given twice",
        "errors に示したパラメーターは一度だけ指定してください。",
        "Give the parameters listed under errors once only.",
    ),
    errors.InvalidCursor: Words(
        422,
        "カーソルが正しくありません",
        "The cursor is not valid",
        "next_cursor の値を、同じ検索条件でそのまま指定してください。",
        "Use the value of next_cursor unchanged and with the same filters.",
    ),
    errors.InvalidFilter: Words(
        422,
        "検索条件が正しくありません",
        "The filter is not valid",
        "errors に示した検索条件を修正してください。",
        "Correct the filters listed under errors.",
    ),
    errors.IdempotencyKeyMissing: Words(
        400,
        "Idempotency-Key が必要です",
        "An Idempotency-Key is needed",
        "1〜100 文字の Idempotency-Key ヘッダーを付けて送信してください。",
        "Send an Idempotency-Key header of 1 to 100 printable ASCII characters.",
    ),
    errors.IdempotencyKeyReused: Words(
        422,
        "Idempotency-Key は別の内容で使用済みです",
        "The Idempotency-Key was used with another request",
        "別の内容を送信する場合は、新しいキーを使用してください。",
        "Use a new key for another request.",
    ),
    errors.IdempotencyKeyBusy: Words(
        409,
        "同じ Idempotency-Key の処理が進行中です",
        "The first request with this Idempotency-Key is still running",
        "少し待ってから、同じキーで再送してください。",
        "Wait a moment and send it again with the same key.",
    ),
    errors.ImportRefused: Words(
        422,
        "取込ファイルを読み取れません",
        "The import file cannot be read",
        "errors に示したファイルを修正してください。",
        "Correct the files listed under errors.",
    ),
    errors.AlreadyExists: Words(
        409,
        "すでに登録されています",
        "It exists already",
        "同じキーの登録があります。",
        "Something with the same key is registered.",
    ),
    errors.StatedDeadlineNeedsApproval: Words(
        422,
        "発注期限には承認が必要です",
        "The stated deadline needs an approval",
        "契約開始日以降の発注期限を定めるには、approver と reason を指定してください。",
        "A deadline on or after the start date needs an approver and a reason.",
    ),
    errors.TestClockRefused: Words(
        403,
        "テスト用の時計は使用できません",
        "No test clock here",
        "テスト用の時計は、その設定がある環境のサンドボックスでのみ使用できます。",
        "A test clock is for sandbox tenants of a service that was started with test clocks.",
    ),
    errors.PolicyOverlaps: Words(
        409,
        "適用範囲の重なる手数料規定があります",
        "Another policy is in force for the same cases",
        "適用条件または有効期間が重ならないように指定してください。",
        "Change the conditions or the effective dates so that they do not overlap.",
    ),
    errors.DatabaseUnavailable: Words(
        503,
        "一時的に利用できません",
        "Temporarily unavailable",
        "何も保存されていません。少し待ってから再送してください。",
        "Nothing was stored. Try again in a moment.",
    ),
    errors.Overloaded: Words(
        503,
        "混み合っています",
        "Too busy",
        "何も保存されていません。少し待ってから再送してください。",
        "Nothing was stored. Try again in a moment.",
    ),
}

INTERNAL = Words(
    500,
    "内部エラー",
    "Internal error",
    "処理できませんでした。解消しない場合は request_id を添えてお問い合わせください。",
    "The request failed. If it goes on, report it with the request_id.",
)
METHOD_NOT_ALLOWED = Words(
    405,
    "このメソッドは使用できません",
    "Method not allowed",
    "Allow ヘッダーに示したメソッドを使用してください。",
    "Use a method named in the Allow header.",
)
WORDS_OF_CODE: Mapping[str, Words] = {
    **{refusal.code: words for refusal, words in PROBLEMS.items()},
    "method_not_allowed": METHOD_NOT_ALLOWED,
    "internal_error": INTERNAL,
}
# What the framework itself refuses, by its status.
CODE_BY_STATUS: Mapping[int, str] = {
    400: errors.MalformedJson.code,
    404: errors.NotFound.code,
    405: "method_not_allowed",
    413: errors.BodyTooLarge.code,
    415: errors.UnsupportedMedia.code,
}
RETRY_AFTER_SECONDS = "1"


class Place(TypedDict):
    """One place that is wrong."""

    pointer: Annotated[str, Field(description="JSON pointer into the body, or the parameter name.")]
    code: Annotated[str, Field(description="Stable code of what is wrong there.")]


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
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document of `code` in the caller's language."""
    language: Language = choose_language(request.headers.get("accept-language"))
    request_id: str = request.scope.get("request_id", "")
    body = problem_of(code, words, language, request_id)
    body["rules"] = list(rules)
    body["errors"] = list(places)
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
    places: list[Place] = [{"pointer": at, "code": code} for at, code in refusal.places]
    if refusal.pointer is not None:
        places.append({"pointer": refusal.pointer, "code": refusal.code})
    headers: dict[str, str] = {}
    if words.status == 401:
        error = "" if isinstance(refusal, errors.CredentialsMissing) else ' error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="renewal-desk"{"," if error else ""}{error}'
    if words.status == 503 or isinstance(refusal, errors.IdempotencyKeyBusy):
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return problem_response(
        request, refusal.code, words, rules=refusal.rules, places=places, headers=headers
    )


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
    "end_before_start": "end_before_start",
    "closes_before_opens": "closes_before_opens",
    "hours_missing": "hours_missing",
    "hours_of_a_closed_day": "hours_of_a_closed_day",
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


def place_of(detail: Any) -> Place:
    """The place and the code of one pydantic error. Names in a body may come from the caller, and
    so may the names of parameters that do not exist.
    """
    source, *path = detail["loc"] or ("body",)
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
