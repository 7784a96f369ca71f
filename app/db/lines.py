"""A line and its contract: how they belong together, and what a line inherits (TERM-4)."""

from sqlalchemy import and_, func

from app.db.tables import contract, contract_line

OF_CONTRACT = and_(
    contract.c.customer_id == contract_line.c.customer_id,
    contract.c.contract_number == contract_line.c.contract_number,
)
"""The condition that joins a line to its contract."""

LINE_LEVEL = func.coalesce(contract_line.c.service_level, contract.c.service_level)
LINE_START = func.coalesce(contract_line.c.start_date, contract.c.stated_start)
LINE_END = func.coalesce(contract_line.c.end_date, contract.c.stated_end)
