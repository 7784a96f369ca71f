"""The limits and the usual way, as ASGI applications in the project's own environment.

    python bench/apps.py limit|static|orm PORT

None of them checks a token: they believe the header `X-Principal`. That is in their favour.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

import asyncpg
import orjson
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, and_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, joinedload, mapped_column, relationship

CONNECTIONS = 32

# The one-row joins of four tables that limits and peers answer with: by the number for the
# caller's own contract, and by the serial number for one machine of the caller.
CONTRACT_SQL = """
SELECT c.customer_id, cu.name AS customer_name, c.contract_number, c.service_id, c.kind,
       c.service_level, c.start_date, c.end_date, c.line_count, c.support_service_serial, c.billing,
       c.updated_at, r.revision
  FROM contract c
  JOIN customer cu ON cu.customer_id = c.customer_id
  JOIN membership m ON m.customer_id = c.customer_id AND m.principal = {principal}
 CROSS JOIN calendar_revision r
 WHERE c.contract_number = {number}
"""
MACHINE_SQL = """
SELECT l.customer_id, l.serial_number, l.product_number, p.product_name, p.end_of_support, c.kind,
       c.contract_number, c.service_level, c.start_date, c.end_date
  FROM contract_line l
  JOIN contract c ON c.customer_id = l.customer_id AND c.contract_number = l.contract_number
  JOIN membership m ON m.customer_id = l.customer_id AND m.principal = {principal}
  JOIN product p ON p.product_number = l.product_number
 WHERE l.serial_number = {serial}
"""


def url() -> str:
    return os.environ["BENCH_DATABASE_URL"]


# --------------------------------------------------------------------- the limit: ASGI and asyncpg


class Limit:
    """ASGI, asyncpg and orjson with nothing between, one statement a request."""

    def __init__(self) -> None:
        self.idle: list[tuple[Any, Any, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
            return
        principal = ""
        for name, value in scope["headers"]:
            if name == b"x-principal":
                principal = value.decode()
        if scope["method"] == "POST":
            message = await receive()
            key = orjson.loads(message["body"])["items"][0]["serial_number"]
            which = 2
        else:
            key = scope["path"].rpartition("/")[2]
            which = 1
        connection = self.idle.pop()
        try:
            row = await connection[which].fetchrow(key, principal)
        finally:
            self.idle.append(connection)
        body = orjson.dumps(dict(row)) if row is not None else b"{}"
        await send(
            {
                "type": "http.response.start",
                "status": 200 if row is not None else 404,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url(), server_settings={"jit": "off"})
            self.idle.append(
                (
                    connection,
                    await connection.prepare(CONTRACT_SQL.format(number="$1", principal="$2")),
                    await connection.prepare(MACHINE_SQL.format(serial="$1", principal="$2")),
                )
            )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


# ------------------------------------------------------------------------------ FastAPI's own limit


def static_app() -> FastAPI:
    """A typed route that knows its answer."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/v1/contracts/{contract_number}")
    async def read(contract_number: str) -> dict[str, Any]:
        return {"contract_number": contract_number, "customer_id": "C1", "kind": "contract"}

    return app


# ---------------------------------------------------------------------------------- the usual way


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Membership(Base):
    __tablename__ = "membership"
    principal: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.customer_id"), primary_key=True)


class Product(Base):
    __tablename__ = "product"
    product_number: Mapped[str] = mapped_column(primary_key=True)
    product_name: Mapped[str]
    end_of_support: Mapped[date | None]


class Contract(Base):
    __tablename__ = "contract"
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.customer_id"), primary_key=True)
    contract_number: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[str | None]
    kind: Mapped[str]
    service_level: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date]
    line_count: Mapped[int]
    support_service_serial: Mapped[str | None]
    billing: Mapped[str | None]
    updated_at: Mapped[datetime]
    customer: Mapped[Customer] = relationship()


class Line(Base):
    __tablename__ = "contract_line"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    contract_number: Mapped[str] = mapped_column(primary_key=True)
    line_number: Mapped[int] = mapped_column(primary_key=True)
    product_number: Mapped[str] = mapped_column(ForeignKey("product.product_number"))
    serial_number: Mapped[str]
    product: Mapped[Product] = relationship()
    contract: Mapped[Contract] = relationship(
        primaryjoin=lambda: and_(
            foreign(Line.customer_id) == Contract.customer_id,
            foreign(Line.contract_number) == Contract.contract_number,
        ),
        viewonly=True,
    )


class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    customer_id: str
    name: str


class ContractOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    customer_id: str
    contract_number: str
    service_id: str | None
    kind: str
    service_level: str
    start_date: date
    end_date: date
    line_count: int
    support_service_serial: str | None
    billing: str | None
    updated_at: datetime
    customer: CustomerOut


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    product_number: str
    product_name: str
    end_of_support: date | None


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    serial_number: str
    product: ProductOut
    contract: ContractOut


class Machine(BaseModel):
    serial_number: str


class LookUp(BaseModel):
    items: list[Machine]


class Found(BaseModel):
    items: list[LineOut]


def orm_app() -> FastAPI:
    """FastAPI as its documentation shows it: a session from a dependency, entities with joined
    loads, a response model.
    """
    app = FastAPI()
    engine = create_async_engine(
        url().replace("postgresql://", "postgresql+asyncpg://"), pool_size=CONNECTIONS
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    @app.get("/v1/contracts/{contract_number}", response_model=ContractOut)
    async def read(
        contract_number: str,
        session: Annotated[AsyncSession, Depends(get_session)],
        principal: Annotated[str, Header(alias="X-Principal")],
    ) -> Contract:
        found = await session.scalar(
            select(Contract)
            .join(Membership, Membership.customer_id == Contract.customer_id)
            .where(Contract.contract_number == contract_number, Membership.principal == principal)
            .options(joinedload(Contract.customer))
        )
        if found is None:
            raise HTTPException(404)
        return found

    @app.post("/v1/coverage-lookups", response_model=Found)
    async def look_up(
        asked: LookUp,
        session: Annotated[AsyncSession, Depends(get_session)],
        principal: Annotated[str, Header(alias="X-Principal")],
    ) -> dict[str, Any]:
        found = await session.scalars(
            select(Line)
            .join(Membership, Membership.customer_id == Line.customer_id)
            .where(
                Line.serial_number.in_([one.serial_number for one in asked.items]),
                Membership.principal == principal,
            )
            .options(
                joinedload(Line.contract).joinedload(Contract.customer), joinedload(Line.product)
            )
        )
        return {"items": found.all()}

    return app


APPS = {"limit": Limit, "static": static_app, "orm": orm_app}


def main() -> None:
    name, port = sys.argv[1:]
    app: Any = APPS[name]()
    # What the service itself does at its start.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    uvicorn.run(app, port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
