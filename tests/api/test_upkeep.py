"""What the service does by itself: quotes lapse, moved dates are noticed, old keys go.

Seen to fail: with `state = 'issued'` left out of the lapse's UPDATE (a withdrawn version lapsed),
with the sandbox customers not left out of the first pass, with the flag set without a look at the
dates, with the setting of the last day not given to the rule, and with keys deleted by `<=` of the
wrong instant.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.usecases.upkeep import fill_years_ahead, lapse_quotes, purge, recheck_end_of_support
from app.worker import SCHEDULE, TASKS
from tests.conftest import NOW, Service

TODAY = date(2026, 11, 25)
YESTERDAY = date(2026, 11, 24)


async def add_quote(
    session: AsyncSession,
    number: str,
    limit: date,
    *,
    state: str = "issued",
    customer: str = "C0001",
    product: str = "868703-B21",
    start: date = date(2027, 4, 1),
    end: date = date(2028, 3, 31),
) -> None:
    """A quote with one version and one line, as the desk would have issued it."""
    keys = {"customer": customer, "number": number}
    await session.execute(
        text(
            "INSERT INTO quote (customer_id, quote_number, created_by)"
            " VALUES (:customer, :number, 'test')"
        ),
        keys,
    )
    await session.execute(
        text(
            "INSERT INTO quote_version (customer_id, quote_number, version, state, kind,"
            " start_date, end_date, service_level, addressee_name, created_by, created_at,"
            " issued_on, order_deadline, effective_limit)"
            " VALUES (:customer, :number, 1, 'draft', 'renewal', :start, :end,"
            " 'foundation_care_nbd', '試験', 'test', :made, :issued, :limit, :limit)"
        ),
        {**keys, "start": start, "end": end, "made": NOW - timedelta(days=30), "limit": limit,
         "issued": TODAY - timedelta(days=30)},
    )  # fmt: skip
    await session.execute(
        text(
            "INSERT INTO quote_line (customer_id, quote_number, version, line_number,"
            " product_number, product_name, start_date, end_date, unit_price, amount)"
            " VALUES (:customer, :number, 1, 1, :product, '試験', :start, :end, 100, 100)"
        ),
        {**keys, "product": product, "start": start, "end": end},
    )
    await session.execute(
        text(
            "UPDATE quote_version SET state = :state"
            " WHERE customer_id = :customer AND quote_number = :number"
        ),
        {**keys, "state": state},
    )


@asynccontextmanager
async def at_the_desk(service: Service) -> AsyncIterator[AsyncSession]:
    async with service.database.transaction("desk") as session:
        yield session


async def states(service: Service) -> dict[str, str]:
    async with service.owner() as session:
        rows = await session.execute(
            text("SELECT quote_number, state FROM quote_version WHERE quote_number LIKE 'Q2099-%'")
        )
        return {row[0]: row[1] for row in rows}


async def told(service: Service, what: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The events of a kind, and that each has its audit entry."""
    async with service.owner() as session:
        rows = await session.execute(
            text(
                "SELECT object_id, actor, data FROM event WHERE type = :what"
                " AND (object_id LIKE 'Q2099-%' OR object_type <> 'quote') ORDER BY object_id"
            ),
            {"what": what},
        )
        found = [(row[0], row[1], row[2]) for row in rows]
        for number, _, _ in found:
            audited = await session.scalar(
                text("SELECT count(*) FROM audit WHERE object_id = :number AND caller = 'system'"),
                {"number": number},
            )
            assert audited == 1
        return found


async def test_a_quote_lapses_the_day_after_its_limit_and_no_ended_one_does(
    own_service: Service,
) -> None:
    async with at_the_desk(own_service) as session:
        await add_quote(session, "Q2099-0000001", YESTERDAY)
        await add_quote(session, "Q2099-0000002", TODAY)
        for number, state in enumerate(("withdrawn", "declined", "ordered", "superseded"), 3):
            await add_quote(session, f"Q2099-000000{number}", YESTERDAY, state=state)
    async with at_the_desk(own_service) as session:
        await lapse_quotes(session, NOW, test_clock=False)
    assert await states(own_service) == {
        "Q2099-0000001": "lapsed",
        "Q2099-0000002": "issued",
        "Q2099-0000003": "withdrawn",
        "Q2099-0000004": "declined",
        "Q2099-0000005": "ordered",
        "Q2099-0000006": "superseded",
    }
    assert await told(own_service, "quote.lapsed") == [
        ("Q2099-0000001", "system", {"version": 1, "effective_limit": "2026-11-24"})
    ]
    # The last minute of the limit's day in Japan is in time; a minute later it is not.
    midnight = datetime.fromisoformat("2026-11-26T00:00:00+09:00")
    async with at_the_desk(own_service) as session:
        assert await lapse_quotes(session, midnight - timedelta(minutes=1), test_clock=False) == 0
        await lapse_quotes(session, midnight, test_clock=False)
    assert (await states(own_service))["Q2099-0000002"] == "lapsed"


async def test_a_lapse_that_is_tried_again_tells_nothing_twice(own_service: Service) -> None:
    async with at_the_desk(own_service) as session:
        await add_quote(session, "Q2099-0000001", YESTERDAY)
    for _ in range(2):
        async with at_the_desk(own_service) as session:
            await lapse_quotes(session, NOW, test_clock=False)
    assert len(await told(own_service, "quote.lapsed")) == 1


async def test_a_sandbox_customers_quotes_lapse_by_its_own_clock(own_service: Service) -> None:
    async with own_service.owner() as session:
        await session.execute(
            text(
                "INSERT INTO test_clock (tenant, frozen_at) VALUES ('C0001', :at), ('C0002', :no)"
            ),
            {"at": NOW + timedelta(days=40), "no": NOW - timedelta(days=40)},
        )
    async with at_the_desk(own_service) as session:
        await add_quote(session, "Q2099-0000001", TODAY + timedelta(days=30))
        await add_quote(session, "Q2099-0000002", YESTERDAY, customer="C0002")
        await add_quote(session, "Q2099-0000003", YESTERDAY, customer="C0003")
    async with at_the_desk(own_service) as session:
        await lapse_quotes(session, NOW, test_clock=True)
    assert await states(own_service) == {
        "Q2099-0000001": "lapsed",
        "Q2099-0000002": "issued",
        "Q2099-0000003": "lapsed",
    }


async def move_end_of_support(session: AsyncSession, day: date | None, at: datetime) -> None:
    await session.execute(
        text(
            "UPDATE product SET end_of_support = :day, updated_at = :at"
            " WHERE product_number = '868703-B21'"
        ),
        {"day": day, "at": at},
    )


@pytest.mark.parametrize(
    ("moved_to", "covers_last_day", "flagged"),
    [
        (date(2027, 12, 31), True, True),
        (date(2028, 3, 31), True, False),
        (date(2028, 3, 31), False, True),
        (date(2030, 1, 1), True, False),
    ],
)
async def test_an_open_quote_is_flagged_when_its_products_end_of_support_moves(
    own_service: Service, moved_to: date, covers_last_day: bool, flagged: bool
) -> None:
    async with at_the_desk(own_service) as session:
        await add_quote(session, "Q2099-0000001", TODAY + timedelta(days=30))
        await add_quote(session, "Q2099-0000002", YESTERDAY, state="withdrawn")
        await move_end_of_support(session, moved_to, NOW)
    for _ in range(2):
        async with at_the_desk(own_service) as session:
            await recheck_end_of_support(session, NOW, covers_last_day=covers_last_day)
    async with own_service.owner() as session:
        rows = await session.execute(
            text(
                "SELECT v.quote_number, v.flags, q.revision FROM quote_version v JOIN quote q"
                " USING (customer_id, quote_number) WHERE v.quote_number LIKE 'Q2099-%' ORDER BY 1"
            )
        )
        expected = (["end_of_support_moved"], 2) if flagged else ([], 1)
        assert [tuple(row) for row in rows] == [
            ("Q2099-0000001", *expected),
            ("Q2099-0000002", [], 1),
        ]
    quotes = await told(own_service, "quote.flagged")
    assert len(quotes) == int(flagged)


async def test_a_product_that_changed_before_the_quote_flags_nothing(own_service: Service) -> None:
    async with at_the_desk(own_service) as session:
        await move_end_of_support(session, date(2027, 12, 31), NOW - timedelta(days=60))
        await add_quote(session, "Q2099-0000001", TODAY + timedelta(days=30))
    async with at_the_desk(own_service) as session:
        await recheck_end_of_support(session, NOW, covers_last_day=True)
    assert await told(own_service, "quote.flagged") == []


async def test_old_keys_and_expired_revocations_go_and_newer_ones_stay(
    own_service: Service,
) -> None:
    async with own_service.owner() as session:
        for name, age in (("old", timedelta(days=7, seconds=1)), ("young", timedelta(days=7))):
            await session.execute(
                text(
                    "INSERT INTO idempotency_key (principal, key, request_hash, status, headers,"
                    " body, created_at) VALUES ('p', :name, '', 200, '{}', '', :at)"
                ),
                {"name": name, "at": NOW - age},
            )
            await session.execute(
                text("INSERT INTO revoked_token (token_id, expires_at) VALUES (:name, :at)"),
                {"name": name, "at": NOW + timedelta(days=7) - age},
            )
    async with at_the_desk(own_service) as session:
        assert await purge(session, NOW) == 2
    async with own_service.owner() as session:
        keys = await session.scalars(text("SELECT key FROM idempotency_key WHERE principal = 'p'"))
        assert keys.all() == ["young"]
        tokens = await session.scalars(text("SELECT token_id FROM revoked_token"))
        assert tokens.all() == ["young"]


async def test_the_years_ahead_are_filled_once(own_service: Service) -> None:
    async with own_service.owner() as session:
        await session.execute(text("DELETE FROM calendar_day WHERE day >= '2031-01-01'"))
    async with at_the_desk(own_service) as session:
        assert await fill_years_ahead(session, NOW) > 10
        assert await fill_years_ahead(session, NOW) == 0


def test_every_task_of_the_schedule_is_one() -> None:
    assert set(SCHEDULE) <= set(TASKS)
