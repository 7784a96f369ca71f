"""A service at log level debug that is fed canaries and made to fail (run by test_logs.py).

Everything that it writes goes to its standard output and error, which test_logs.py searches. Last
of all it prints the canaries, the tokens and the answers that it got, as one line of JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import Database, RoleUrls
from app.deps import utc_now
from app.main import create_app
from app.observability import configure_logging
from app.preparation import database_urls, owner_session, prepare, seed
from app.routers import audit, contracts, products
from app.settings import Settings, load_settings
from app.usecases.tokens import (
    grant_customer_token,
    grant_desk_token,
    grant_partner_token,
    register_client,
)

DAY = timedelta(days=1)
PERSONAL = (
    "UPDATE customer SET name = 'ZQNAME' || name, name_en = 'ZQNAMEEN', contact_name = 'ZQCONTACT',"
    " contact_email = 'ZQMAIL@example.com', corporate_number = 'ZQCORP'",
    "UPDATE partner SET name = 'ZQPARTNER' || name",
    "UPDATE contract_line SET product_name = 'ZQLINE'",
)
CANARIES = [
    "ZQNAME", "ZQCONTACT", "ZQMAIL", "ZQCORP", "ZQPARTNER", "ZQLINE", "ZQPATH", "ZQQUERY", "ZQBODY",
    "ZQHEADER", "ZQFORM", "ZQFILE", "ZQMESSAGE", "ZQSQL", "ZQPARAM",
]  # fmt: skip


async def fails_in_python(*_: Any, **__: Any) -> Any:
    """A fault whose message holds what it was working on."""
    raise RuntimeError("ZQMESSAGE of a customer")


async def fails_in_sql(session: AsyncSession, *_: Any, **__: Any) -> Any:
    """A fault of the database that repeats a value and has a parameter."""
    await session.execute(
        text("SELECT 'ZQSQL'::text, CAST(:value AS text)::int"), {"value": "ZQPARAM"}
    )


async def ask(client: httpx.AsyncClient, tokens: dict[str, str]) -> list[tuple[int, str]]:
    """Canaries in every place of a request, then every route that was made to fail."""
    answers: list[tuple[int, str]] = []

    async def send(method: str, path: str, caller: str | None = None, **options: Any) -> None:
        headers = dict(options.pop("headers", {}))
        if caller is not None:
            headers.setdefault("Authorization", f"Bearer {tokens[caller]}")
        answer = await client.request(method, path, headers=headers, **options)
        answers.append((answer.status_code, answer.text))

    for caller in ("customer", "partner", "desk"):
        for path in ("/v1/contracts/JP-4410-0001", "/v1/contracts/JP-4410-0001/lines.csv"):
            for _ in range(2):
                await send("GET", path, caller)
        await send("GET", "/v1/contracts/ZQPATH", caller)
        await send("GET", "/v1/contracts?customer_id=ZQQUERY&serial_number=ZQQUERY", caller)
        await send("GET", "/v1/contracts?ZQQUERY=1&cursor=ZQQUERY", caller)
        await send("POST", "/v1/coverage-lookups", caller, json={"items": [{"ZQBODY": "ZQBODY"}]})
        machine = {"items": [{"serial_number": "ZQBODY"}]}
        await send("POST", "/v1/coverage-lookups", caller, json=machine)
        await send("POST", "/v1/coverage-lookups", caller, content=b'{"ZQBODY')
    for header in (
        "Authorization",
        "Accept-Language",
        "Idempotency-Key",
        "If-None-Match",
        "X-Request-Id",
    ):
        await send(
            "GET", "/v1/contracts/JP-4410-0001", "customer", headers={header: "ZQHEADER ZQHEADER"}
        )
    await send(
        "GET", "/v1/contracts", None, headers={"Authorization": f"Bearer {tokens['customer']}x"}
    )
    form = {"grant_type": "client_credentials", "client_id": "ZQFORM", "client_secret": "ZQFORM"}
    await send("POST", "/oauth/token", data=form)
    good = {**form, "client_id": tokens["client_id"], "client_secret": tokens["client_secret"]}
    await send("POST", "/oauth/token", data=good)
    await send("POST", "/oauth/revoke", data={**good, "token": tokens["partner"]})
    file = "customer_id,name,name_en,corporate_number,contact_name,contact_email,ordering_portal,"
    rows = (
        f"{file}ordering_function\nC9001,ZQFILE,,,ZQFILE,ZQFILE,ZQFILE,\nZQFILE zq,ZQFILE,,,,,,\n"
    )
    await send(
        "POST", "/v1/imports", "desk",
        files={"files": ("customers.csv", rows.encode(), "text/csv")},
        headers={"Idempotency-Key": "ZQFILE"},
    )  # fmt: skip
    await asyncio.sleep(2)
    for module, name in ((contracts, "get_contract"), (contracts, "list_contracts"),
                         (audit, "list_audit"), (products, "get_product")):  # fmt: skip
        for failing in (fails_in_python, fails_in_sql):
            setattr(module, name, failing)
            for caller in ("customer", "partner", "desk"):
                await send("GET", "/v1/contracts/JP-4410-0002?as_of=2027-01-01", caller)
                await send("GET", "/v1/contracts", caller)
                await send("GET", "/v1/audit", caller)
                await send("GET", "/v1/products/868703-B21", caller)
    return answers


async def run(urls: RoleUrls, settings: Settings) -> dict[str, Any]:
    """Arrange, serve as `renewal-desk serve` does, ask, and stop."""
    now = utc_now()
    keys = load_keys(settings.data_dir)
    issuer = Authenticator(settings.auth, keys, utc_now)
    async with owner_session(urls) as session:
        for statement in PERSONAL:
            await session.execute(text(statement))
        client = await register_client(session, "P0002", now)
        tokens = {
            "customer": await grant_customer_token(session, issuer, "C0001", now, DAY),
            "partner": await grant_partner_token(session, issuer, "P0001", now, DAY),
            "desk": await grant_desk_token(session, issuer, now, DAY),
            "client_id": client.client_id,
            "client_secret": client.secret,
        }
    app = create_app(settings, Database(urls, settings.database), keys)
    config = uvicorn.Config(app, port=0, access_log=False, server_header=False, log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it.
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as asking:
        answers = await ask(asking, tokens)
    server.should_exit = True
    await serving
    secrets = [tokens[name] for name in ("customer", "partner", "desk", "client_secret")]
    return {"canaries": CANARIES, "secrets": secrets, "answers": answers}


def main() -> None:
    """Serve on a database of its own in the folder that is given."""
    settings = load_settings({"RENEWAL_DESK_DATA_DIR": sys.argv[1]})
    configure_logging("debug")
    with database_urls(settings) as urls:
        asyncio.run(prepare(urls, settings, utc_now()))
        asyncio.run(seed(urls, settings, utc_now(), only_empty=True))
        found = asyncio.run(run(urls, settings))
    Path(sys.argv[2]).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
