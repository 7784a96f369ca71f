"""The usual way to write: FastAPI with entities, a session from a dependency and a response model.

    python -m bench.writes_orm PORT

It writes the same four rows in one transaction as the service, and believes the header
`X-Principal` like the other peers. It runs no rule but that the contract is the caller's.
"""

import gc
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, Text, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column

from bench.apps import CONNECTIONS, Base, Contract, Membership, url


class QuoteRequest(Base):
    __tablename__ = "quote_request"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    service_id: Mapped[str | None]
    contract_number: Mapped[str | None]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    service_level: Mapped[str | None]
    requester_name: Mapped[str]
    requester_email: Mapped[str]
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wished: Mapped[dict[str, Any]] = mapped_column(JSONB)
    revision: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Event(Base):
    __tablename__ = "event"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    caller: Mapped[str]
    principal: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    customer_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    request_id: Mapped[str]


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"
    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes]


class IdentificationIn(BaseModel):
    contract_number: str


class RequesterIn(BaseModel):
    name: str
    email: str


class QuoteRequestIn(BaseModel):
    kind: str
    identification: IdentificationIn
    requester: RequesterIn


class QuoteRequestOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    customer_id: str
    kind: str
    state: str
    service_id: str | None
    contract_number: str | None
    start_date: date | None
    end_date: date | None
    service_level: str | None
    requester_name: str
    requester_email: str
    rules: list[str]
    created_at: datetime
    updated_at: datetime


def app() -> FastAPI:
    made = FastAPI()
    address = url().replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(address, pool_size=CONNECTIONS)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    @made.post("/v1/quote-requests", status_code=201, response_model=QuoteRequestOut)
    async def create(
        asked: QuoteRequestIn,
        session: Annotated[AsyncSession, Depends(get_session)],
        principal: Annotated[str, Header(alias="X-Principal")],
        key: Annotated[str, Header(alias="Idempotency-Key")],
    ) -> Any:
        if (used := await session.get(IdempotencyKey, (principal, key))) is not None:
            return JSONResponse(used.body.decode(), used.status, used.headers)
        contract = await session.scalar(
            select(Contract)
            .join(Membership, Membership.customer_id == Contract.customer_id)
            .where(
                Contract.contract_number == asked.identification.contract_number,
                Membership.principal == principal,
            )
        )
        if contract is None:
            raise HTTPException(404)
        row = request_of(asked, contract, principal)
        answer = QuoteRequestOut.model_validate(row)
        session.add_all([row, *records_of(row, principal)])
        session.add(
            IdempotencyKey(
                principal=principal,
                key=key,
                request_hash=uuid.uuid4().bytes * 2,
                status=201,
                headers={"content-type": "application/json"},
                body=answer.model_dump_json().encode(),
            )
        )
        await session.commit()
        await session.refresh(row)
        return row

    return made


def request_of(asked: QuoteRequestIn, contract: Contract, principal: str) -> QuoteRequest:
    start, now = contract.end_date + timedelta(days=1), datetime.now(UTC)
    return QuoteRequest(
        customer_id=contract.customer_id,
        id=uuid.uuid4(),
        kind=asked.kind,
        state="received",
        service_id=contract.service_id,
        contract_number=contract.contract_number,
        start_date=start,
        end_date=start + timedelta(days=364),
        service_level=contract.service_level,
        requester_name=asked.requester.name,
        requester_email=asked.requester.email,
        rules=["REQ-1", "REQ-5", "TERM-1", "TERM-2", "TERM-3"],
        wished=asked.identification.model_dump(),
        revision=1,
        created_by=principal,
        created_at=now,
        updated_at=now,
    )


def records_of(row: QuoteRequest, principal: str) -> list[Base]:
    event = Event(
        customer_id=row.customer_id,
        id=uuid.uuid4(),
        type="quote_request.created",
        object_type="quote_request",
        object_id=str(row.id),
        at=row.created_at,
        actor="customer",
        data={"kind": row.kind, "state": row.state, "contract_number": row.contract_number},
    )
    audit = Audit(
        id=uuid.uuid4(),
        at=row.created_at,
        caller="customer",
        principal=principal,
        action="created",
        object_type="quote_request",
        object_id=str(row.id),
        customer_ids=[row.customer_id],
        request_id=uuid.uuid4().hex,
    )
    return [event, audit]


def main() -> None:
    served = app()
    # What the service itself does at its start.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    uvicorn.run(served, port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
