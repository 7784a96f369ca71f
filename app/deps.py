"""What an endpoint may ask for. The reader of an endpoint's signature sees what it needs and gets.

`Now` is asked for once per request; the caller is identified and admitted by the policy table; a
session is one transaction that commits before the answer leaves.
"""

import contextlib
import re
import uuid
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import PUBLIC, Authenticator, Caller
from app.db.callers import Viewer, enter_desk, enter_portal
from app.db.engine import Database, ReadSession
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.errors import (
    CredentialsMissing,
    DeskError,
    DuplicateParameter,
    InvalidFilter,
    NotAllowed,
    NotFound,
    UnknownParameter,
)
from app.domain.identifiers import is_printable_text
from app.domain.languages import Language, choose_language
from app.policy import POLICY, Access
from app.problems import shown_name
from app.rate_limits import count_request
from app.settings import Settings
from app.usecases.reads import Trace
from app.usecases.test_clock import tenant_now

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LONGEST_PATH_VALUE = 100


def utc_now() -> datetime:
    """The instant now, in UTC: the clock of a running service."""
    return datetime.now(UTC)


def real_now(request: Request) -> datetime:
    """The instant at which this request came: for credentials, relations and records, which no test
    clock moves.
    """
    now: datetime | None = request.scope.get("now")
    if now is None:
        now = request.scope["now"] = request.app.state.clock()
    return now


async def get_real_now(request: Request) -> datetime:
    """`real_now` as a dependency. Dependencies are coroutines even where they wait for nothing: the
    framework hands every plain function to a thread, which costs a third of a request's time.
    """
    return real_now(request)


RealNow = Annotated[datetime, Depends(get_real_now)]


async def get_settings(request: Request) -> Settings:
    """The settings of the service."""
    settings: Settings = request.app.state.settings
    return settings


CurrentSettings = Annotated[Settings, Depends(get_settings)]


async def get_language(request: Request) -> Language:
    """The language of the texts in the answer."""
    return choose_language(request.headers.get("accept-language"))


SpokenLanguage = Annotated[Language, Depends(get_language)]


def access_of(request: Request) -> Access:
    """The row of the policy table for the route of this request."""
    return POLICY[(request.method, request.scope["route"].path)]


def check_path(request: Request) -> None:
    """Refuse values in the path that nothing can be stored under: they are absent like others.

    Raises NotFound. A slash inside a value (%2F) would otherwise be read as the border of one.
    """
    if b"%2f" in request.scope.get("raw_path", b"").lower():
        raise NotFound
    for value in request.path_params.values():
        text = str(value)
        if len(text) > _LONGEST_PATH_VALUE or not is_printable_text(text):
            raise NotFound


def understood_id(written: str) -> uuid.UUID:
    """An id in a path as it is stored. Raises NotFound for what can be no id: it is absent like
    any other.
    """
    if _ID.fullmatch(written) is None:
        raise NotFound
    return uuid.UUID(written)


def check_query(request: Request) -> None:
    """Refuse query parameters that the operation does not have, any that comes twice, and values
    that are not UTF-8 in percent-encoding (the framework would replace what it cannot read).

    Raises UnknownParameter, DuplicateParameter and InvalidFilter.
    """
    query: bytes = request.scope.get("query_string", b"")
    if not query:
        return
    known: frozenset[str] = request.app.state.query_names[
        (request.scope["route"].path, request.method)
    ]
    seen: set[str] = set()
    for pair in query.split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name = _decoded(raw_name)
        if name not in known:
            raise UnknownParameter(pointer=shown_name(name or ""))
        if name in seen:
            raise DuplicateParameter(pointer=name)
        if _decoded(raw_value) is None:
            raise InvalidFilter(pointer=name)
        seen.add(name)


def _decoded(raw: bytes) -> str | None:
    """Percent-encoded text; None where it is broken."""
    if not raw.isascii() or _BROKEN_PERCENT.search(raw):
        return None
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        return None


async def admit(request: Request, now: RealNow) -> Caller:
    """Identify the caller and admit it to this route, by the policy table.

    Raises CredentialsMissing, CredentialsInvalid, CredentialsExpired, TooManyRequests, NotAllowed
    and what `check_path` and `check_query` raise. Rights on customers are not decided here but in
    the transaction.
    """
    known: Caller | None = request.scope.get("caller")
    if known is not None:
        return known
    access = access_of(request)
    try:
        caller = await _identify(request, access, now)
    except DeskError:
        # Whoever does not say who it is counts by its address.
        await count_request(request, PUBLIC, now)
        raise
    request.scope["caller_kind"] = caller.kind
    await count_request(request, caller, now)
    if not access.public:
        narrowed = caller.scopes is not None and access.scope is not None
        if caller.kind not in access.callers or (
            narrowed and access.scope not in (caller.scopes or ())
        ):
            raise NotAllowed
    check_path(request)
    check_query(request)
    request.scope["caller"] = caller
    return caller


async def _identify(request: Request, access: Access, now: datetime) -> Caller:
    authenticator: Authenticator = request.app.state.authenticator
    if access.public:
        return await authenticator.identify(None, now)
    values = request.headers.getlist("authorization")
    if len(values) > 1:
        raise DuplicateParameter(pointer="authorization")
    caller = await authenticator.identify(values[0] if values else None, now)
    if caller.kind == "public":
        raise CredentialsMissing
    return caller


CurrentCaller = Annotated[Caller, Depends(admit)]


async def get_now(request: Request, caller: CurrentCaller, now: RealNow) -> datetime:
    """The instant that this request decides by: asked once. It is the real one, except for the
    callers of a sandbox tenant on a service with test clocks (`app.usecases.test_clock`).
    """
    if not request.app.state.settings.test_clock:
        return now
    if caller.kind == "public":
        # A public operation looks at no credential; the clock of whoever sends one still counts.
        with contextlib.suppress(DeskError):
            header = request.headers.get("authorization")
            caller = await request.app.state.authenticator.identify(header, now)
    return await tenant_now(request.app.state.database, caller, now)


Now = Annotated[datetime, Depends(get_now)]


async def get_viewer(request: Request, caller: CurrentCaller, now: RealNow) -> Viewer:
    """Whose eyes the queries of this request look through."""
    return Viewer(
        principal=None if caller.kind == "desk" else caller.principal,
        token_id=caller.token_id,
        client_id=caller.client_id,
        scope=access_of(request).scope or "",
        today=jst_date(now),
    )


CurrentViewer = Annotated[Viewer, Depends(get_viewer)]


async def get_session(
    request: Request, caller: CurrentCaller, viewer: CurrentViewer
) -> AsyncSession:
    """The one transaction of the request, which sees what its caller may see.

    `app.strict.StrictRoute` ends it when the answer is made and before it leaves.
    """
    scope = request.scope
    known: AsyncSession | None = scope.get("session")
    if known is not None:
        return known
    database: Database = request.app.state.database
    session: AsyncSession = await scope["endings"].enter_async_context(
        database.transaction("desk" if caller.kind == "desk" else "portal")
    )
    if caller.kind == "desk":
        await enter_desk(session, principal=caller.principal or "", token_id=caller.token_id)
    elif caller.kind != "public":
        await enter_portal(session, viewer)
    scope["session"] = session
    return session


Session = Annotated[AsyncSession, Depends(get_session)]


async def _read_session(session: Session) -> ReadSession:
    return ReadSession(session)


Reading = Annotated[ReadSession, Depends(_read_session)]


async def get_trace(
    request: Request, session: Session, caller: CurrentCaller, now: RealNow
) -> Trace:
    """Where the desk's reads of customers' files are recorded."""
    return Trace(session, caller, now, request.scope["request_id"])


ReadTrace = Annotated[Trace, Depends(get_trace)]


async def get_calendar(request: Request, session: Session) -> DeskCalendar:
    """The desk calendar as it stands in this transaction."""
    calendar: DeskCalendar = await request.app.state.calendar.current(session)
    return calendar


CurrentCalendar = Annotated[DeskCalendar, Depends(get_calendar)]
