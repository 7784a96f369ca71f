"""What a caller may see: the context of the transaction and the condition of every query.

Two walls (docs/decisions/0003): `visible_to` is the condition that queries carry, outside any
filter of the caller; `enter_portal` puts the same customers into the transaction's context, by
which row-level security lets rows through.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Date, Text

from app.db.entries import Entry
from app.db.tables import caller_grant, desk_role, partner_client, revoked_token
from app.domain.errors import CredentialsRevoked, DeskError, NotAllowed

CUSTOMER_CODE = re.compile(r"[A-Z0-9-]{1,20}")


def in_force(scope: ColumnElement[Any], today: Any) -> Any:
    """The condition that a row of `caller_grant` stands in this matter on this day.

    A membership has no matter and no dates: it stands for all of them.
    """
    # By `and_` and not by `&`, which leaves an expression holding itself (tests/api/test_rings.py).
    return and_(
        or_(caller_grant.c.scope.is_(None), caller_grant.c.scope == scope),
        or_(caller_grant.c.valid_from.is_(None), caller_grant.c.valid_from <= today),
        or_(caller_grant.c.valid_to.is_(None), caller_grant.c.valid_to >= today),
    )


def granted(principal: ColumnElement[Any], scope: ColumnElement[Any], today: Any) -> Any:
    """The condition that a row of `caller_grant` speaks for `principal` in force."""
    return and_(caller_grant.c.principal == principal, in_force(scope, today))


def _is_true(found: Select[Any]) -> ColumnElement[bool]:
    """Whether a query finds a row, asked anew for each row of the outer query.

    EXISTS would say the same, but the planner turns it into a join and then starts from all grants
    or all contracts of a customer instead of from what was asked: 1,000 machines took 800 ms so
    and take less than 20 ms this way (EXPLAIN on 100,000 machines).
    """
    return func.coalesce(found.limit(1).scalar_subquery(), false())


def token_stands(
    token_id: ColumnElement[Any], client_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """The condition that a token was not revoked, and neither was its client where it has one."""
    revoked = select(true()).where(revoked_token.c.token_id == token_id)
    standing = select(true()).where(
        partner_client.c.client_id == client_id, partner_client.c.revoked_at.is_(None)
    )
    return ~_is_true(revoked) & or_(client_id.is_(None), _is_true(standing))


def visible_to(
    customer_id: ColumnElement[Any],
    principal: ColumnElement[Any] | None,
    scope: ColumnElement[Any] | None,
    today: Any,
) -> ColumnElement[bool]:
    """The condition that a row's customer may be seen; everything is visible without a principal,
    which only the desk's statements are built with.
    """
    if principal is None or scope is None:
        return true()
    return _is_true(
        select(true()).where(
            granted(principal, scope, today), caller_grant.c.customer_id == customer_id
        )
    )


# What the condition asks of a viewer, by the names of its parameters.
_WHO = (("viewer", Text), ("viewer_scope", Text), ("viewer_today", Date))


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose eyes a query looks through: a caller's, in one matter on one day (a Japanese calendar
    day), or the desk's, which has no principal here and sees everything.
    """

    principal: str | None
    token_id: str | None
    client_id: str | None
    scope: str
    today: date

    def condition(self, customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """The visibility condition of this viewer on a customer column (the first wall)."""
        who = self.values()
        if not who:
            return visible_to(customer_id, None, None, None)
        return visible_to(
            customer_id, *(bindparam(name, who[name], type_=kind) for name, kind in _WHO)
        )

    @property
    def portal(self) -> bool:
        """Whether `visible` has to be asked for this viewer: everywhere but at the desk."""
        return self.principal is not None

    def values(self, **others: Any) -> dict[str, Any]:
        """The parameters of a statement that was built once for all viewers with `visible`."""
        if self.principal is None:
            return others
        who = {"viewer": self.principal, "viewer_scope": self.scope, "viewer_today": self.today}
        return {**who, **others}


def visible(customer_id: ColumnElement[Any], *, portal: bool) -> ColumnElement[bool]:
    """The condition of a viewer as `Viewer.condition` makes it, without the viewer: for statements
    that are built once and given `Viewer.values` each time. To build one costs more than to run it.
    """
    if not portal:
        return visible_to(customer_id, None, None, None)
    return visible_to(customer_id, *(bindparam(name, type_=kind) for name, kind in _WHO))


PORTAL_ENTRY = Entry(
    "portal_entry",
    select(
        func.enter_portal(
            token_stands(bindparam("token_id", type_=Text), bindparam("client_id", type_=Text)),
            select(func.array_agg(caller_grant.c.customer_id.distinct()))
            .where(
                granted(
                    bindparam("principal", type_=Text),
                    bindparam("scope", type_=Text),
                    bindparam("today", type_=Date),
                )
            )
            .scalar_subquery(),
        )
    ),
    ("client_id", "principal", "scope", "today", "token_id"),
)

DESK_ENTRY = Entry(
    "desk_entry",
    select(
        func.enter_desk(
            ~exists().where(revoked_token.c.token_id == bindparam("token_id", type_=Text)),
            select(desk_role.c.role)
            .where(desk_role.c.principal == bindparam("principal", type_=Text))
            .scalar_subquery(),
        )
    ),
    ("principal", "token_id"),
)

# What the functions of the database raise (migration 0011).
_REFUSAL_OF_STATE: Mapping[str, type[DeskError]] = {
    "RD401": CredentialsRevoked,
    "RD403": NotAllowed,
}


def customers_literal(customers: list[str]) -> str:
    """The customers as the text of a PostgreSQL array, for `SET LOCAL`, which takes no parameters.

    Every code is checked again here, because what is written into a statement must be beyond doubt.
    """
    for customer in customers:
        if CUSTOMER_CODE.fullmatch(customer) is None:
            raise ValueError("a customer code that the tables refuse")
    return "{" + ",".join(customers) + "}"


async def enter_portal(session: AsyncSession, viewer: Viewer) -> None:
    """Put the customers that this caller may see today into the transaction's context.

    Raises CredentialsRevoked when the token or its client was withdrawn.
    """
    given = {
        "principal": viewer.principal,
        "scope": viewer.scope,
        "token_id": viewer.token_id,
        "client_id": viewer.client_id,
        "today": viewer.today,
    }
    await _enter(session, PORTAL_ENTRY.call(given))


async def enter_desk(session: AsyncSession, *, principal: str, token_id: str | None) -> None:
    """Check that this caller still works at the desk.

    Raises CredentialsRevoked when the token was withdrawn, NotAllowed without a desk role.
    """
    await _enter(session, DESK_ENTRY.call({"principal": principal, "token_id": token_id}))


async def _enter(session: AsyncSession, script: str) -> None:
    connection = await session.connection()
    try:
        await connection.exec_driver_sql(script)
    except DBAPIError as failure:
        refusal = _REFUSAL_OF_STATE.get(getattr(failure.orig, "sqlstate", None) or "")
        if refusal is None:
            raise
        raise refusal from failure


def caller_digest(principal: str) -> str:
    """A caller as the context names it: a SHA-256, because `SET LOCAL` takes no parameters and a
    name given by an identity provider may hold any character.
    """
    return hashlib.sha256(principal.encode()).hexdigest()


def caller_named(digest: ColumnElement[str]) -> ColumnElement[str]:
    """The expression that does what `name_caller` does, within another statement."""
    return func.set_config("app.caller", digest, true())


async def name_caller(session: AsyncSession, principal: str) -> None:
    """Put the caller itself into the transaction's context: the second wall around what belongs to
    a caller and to no customer (keys of requests, a partner's test clock).
    """
    connection = await session.connection()
    await connection.exec_driver_sql(f"SET LOCAL app.caller = '{caller_digest(principal)}'")
