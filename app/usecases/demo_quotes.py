"""The demo set's quotes: what the tour of the README shows, in every state."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_drafts import VersionContent, add_version
from app.db.quote_sources import ContractLineRow, list_contract_lines, quotes_written_by
from app.db.quote_writes import add_quote, issue_version, next_quote_number
from app.demo.quotes import DEMO_QUOTES
from app.domain.calendar import jst_date
from app.domain.deadlines import order_deadline_day
from app.domain.periods import renewal_period
from app.domain.pricing import line_price
from app.domain.quotes import LineKind, QuoteLine, totals_of

DEMO = "demo set"


async def seed_quotes(session: AsyncSession, now: datetime) -> None:
    """Write the demo set's quotes, from the lines of its contracts; once only."""
    wanted = [each.contract_number for each in DEMO_QUOTES]
    if await quotes_written_by(session, DEMO):
        return
    desk = Viewer(None, None, None, "quotes", jst_date(now))
    lines: dict[str, list[ContractLineRow]] = {}
    for line in await list_contract_lines(session, desk, wanted):
        lines.setdefault(line.contract_number, []).append(line)
    for each in DEMO_QUOTES:
        await _seed_quote(session, lines[each.contract_number], now)


async def _seed_quote(session: AsyncSession, sources: list[ContractLineRow], now: datetime) -> None:
    today = jst_date(now)
    first = sources[0]
    number = await next_quote_number(session, today.year)
    await add_quote(
        session,
        customer_id=first.customer_id,
        quote_number=number,
        contract_number=first.contract_number,
        service_id=first.service_id,
        created_by=DEMO,
        now=now,
    )
    lines = [_line(source) for source in sources]
    content = VersionContent(
        kind="renewal",
        start_date=min(line.start for line in lines if line.start),
        end_date=max(line.end for line in lines if line.end),
        service_level=first.service_level,
        addressee_kind="company",
        addressee_name=first.customer_name,
    )
    await add_version(
        session,
        customer_id=first.customer_id,
        quote_number=number,
        version=1,
        content=content,
        lines=lines,
        totals=totals_of(lines),
        created_by=DEMO,
        now=now,
    )
    await _issue(session, first.customer_id, number, content.start_date, today, now)


def _line(source: ContractLineRow) -> QuoteLine:
    period = renewal_period(source.end_date)
    annual = source.annual_price or 0
    return QuoteLine(
        kind=LineKind.SERVICE,
        product_name=source.product_name or source.product_number or "",
        unit_price=line_price(annual, source.quantity, period.start, period.end).unit_price,
        quantity=source.quantity,
        product_number=source.product_number,
        serial_number=source.serial_number,
        service_level=source.service_level,
        start=period.start,
        end=period.end,
        annual_price=annual,
        contract_number=source.contract_number,
        contract_line_number=source.line_number,
    )


async def _issue(
    session: AsyncSession,
    customer_id: str,
    number: str,
    start: date,
    today: date,
    now: datetime,
) -> None:
    deadline = order_deadline_day(start)
    await issue_version(
        session,
        customer_id=customer_id,
        quote_number=number,
        version=1,
        issued_on=min(today, deadline),
        issued_by=DEMO,
        order_deadline=deadline,
        deadline_rule="DL-1",
        effective_limit=deadline,
        now=now,
    )
