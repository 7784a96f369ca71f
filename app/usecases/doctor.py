"""What must never be true of the data, asked of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Each query returns the number of violations. The keys of tenant tables begin with the customer, so
# the first three hold what a unique key over all customers would hold (docs/decisions/0004).
INVARIANTS: Final[Mapping[str, str]] = {
    "a contract number belongs to one customer": """
        SELECT count(*) FROM (SELECT FROM contract GROUP BY contract_number
                              HAVING count(*) > 1) AS doubled""",
    "a machine belongs to one customer": """
        SELECT count(*) FROM (SELECT FROM equipment GROUP BY serial_number, product_number
                              HAVING count(*) > 1) AS doubled""",
    "a contract's period and line count are those of its lines": """
        SELECT count(*)
          FROM contract AS c
          LEFT JOIN LATERAL (
               SELECT min(coalesce(l.start_date, c.stated_start)) AS first_day,
                      max(coalesce(l.end_date, c.stated_end)) AS last_day, count(*) AS lines
                 FROM contract_line AS l
                WHERE (l.customer_id, l.contract_number) = (c.customer_id, c.contract_number)
               ) AS own ON true
         WHERE (c.start_date, c.end_date, c.line_count::bigint) IS DISTINCT FROM
               (coalesce(own.first_day, c.stated_start), coalesce(own.last_day, c.stated_end),
                own.lines)""",
    "a line ends no earlier than it starts": """
        SELECT count(*)
          FROM contract_line AS l JOIN contract AS c USING (customer_id, contract_number)
         WHERE coalesce(l.end_date, c.stated_end) < coalesce(l.start_date, c.stated_start)""",
    "a finished import keeps no content": """
        SELECT count(*) FROM import_file JOIN import_run ON import_run.id = import_file.import_id
         WHERE import_run.state = 'completed' AND import_file.content IS NOT NULL""",
    "a loaded file accounts for every row": """
        SELECT count(*) FROM import_file
         WHERE state = 'loaded' AND rows_read <> inserted + updated + unchanged + refused""",
    "the calendar has one revision": """
        SELECT count(*) FROM (SELECT count(*) AS n FROM calendar_revision) AS r WHERE n <> 1""",
    "the totals of a version are those of its lines": """
        SELECT count(*)
          FROM quote_version AS v
          CROSS JOIN LATERAL (
               SELECT coalesce(sum(l.amount), 0) AS amount
                 FROM quote_line AS l
                WHERE (l.customer_id, l.quote_number, l.version)
                      = (v.customer_id, v.quote_number, v.version)) AS own
          CROSS JOIN LATERAL (
               SELECT coalesce(sum((rate->>'taxable')::bigint), 0) AS taxable,
                      coalesce(sum((rate->>'tax')::bigint), 0) AS tax
                 FROM jsonb_array_elements(v.tax) AS rate) AS told
         WHERE v.state <> 'draft'
           AND (v.subtotal, v.subtotal, v.total)
               IS DISTINCT FROM (own.amount, told.taxable, v.subtotal + told.tax)""",
    "a quote has at most one issued version": """
        SELECT count(*) FROM (SELECT FROM quote_version WHERE state = 'issued'
                              GROUP BY customer_id, quote_number
                              HAVING count(*) > 1) AS doubled""",
    "the latest version of a quote is its highest": """
        SELECT count(*) FROM quote AS q
         WHERE q.latest_version IS DISTINCT FROM (
               SELECT max(v.version) FROM quote_version AS v
                WHERE (v.customer_id, v.quote_number) = (q.customer_id, q.quote_number))""",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant and how often it is violated; 0 is good."""

    name: str
    count: int


async def examine(session: AsyncSession) -> list[Finding]:
    """Ask every invariant, at the desk's rights."""
    return [
        Finding(name, int(await session.scalar(text(query)) or 0))
        for name, query in INVARIANTS.items()
    ]
