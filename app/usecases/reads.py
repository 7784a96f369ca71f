"""What the desk reads of customers' files, and what anybody changes, leaves a trace."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import Caller
from app.db.audit import AuditEntry, add_audit
from app.db.events import add_event


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the reads of one request are recorded: in its own transaction."""

    session: AsyncSession
    caller: Caller
    now: datetime
    request_id: str

    async def read(
        self, object_type: str, object_id: str | None, customer_ids: Iterable[str]
    ) -> None:
        """Record which customers' files a desk caller was shown. Customers and partners who read
        what is theirs leave no entry; neither does an answer that shows nobody's file.
        """
        if self.caller.kind != "desk":
            return
        customers = tuple(sorted(set(customer_ids)))
        if customers:
            await self._add("read", object_type, object_id, customers)

    async def change(
        self, action: str, object_type: str, object_id: str, customer_ids: Iterable[str] = ()
    ) -> None:
        """Record a change, by whoever makes it."""
        await self._add(action, object_type, object_id, tuple(sorted(set(customer_ids))))

    async def step(
        self,
        action: str,
        object_type: str,
        object_id: str,
        customer_id: str,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a step of a customer's case: an event that the customer may read, and the audit
        entry of it. `action` is what happened ("issued"), `data` the facts that tell it.
        """
        entry = self._entry(action, object_type, object_id, (customer_id,))
        await add_event(self.session, customer_id, self.caller.kind, data or {}, entry)

    async def _add(
        self, action: str, object_type: str, object_id: str | None, customers: tuple[str, ...]
    ) -> None:
        await add_audit(self.session, self._entry(action, object_type, object_id, customers))

    def _entry(
        self, action: str, object_type: str, object_id: str | None, customers: tuple[str, ...]
    ) -> AuditEntry:
        return AuditEntry(
            at=self.now,
            caller=self.caller.kind,
            principal=self.caller.principal,
            action=action,
            object_type=object_type,
            object_id=object_id,
            customer_ids=customers,
            request_id=self.request_id,
        )
