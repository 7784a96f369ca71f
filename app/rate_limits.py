"""Rate limits: who counts as one caller, what counts how much, and the headers that tell of it.

A request is counted when it is known who calls and before anything else is looked at, so refused
requests and trials count too. Most are counted in memory, from a lease (`app.domain.rate_limits`).
Where the limits cannot be asked, nobody is refused by them: docs/decisions/0016-rate-limits.md.
"""

import asyncio
import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.types import Scope

from app.auth import Caller
from app.db.engine import Database
from app.db.rate_limits import Allowances, Lease
from app.domain.errors import TooManyRequests
from app.domain.rate_limits import WINDOW_SECONDS, Account, Policy
from app.observability import log
from app.settings import Settings

# Whoever watches the service or reads about it is not counted.
UNLIMITED = frozenset(
    {"/", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/problems/{code}"}
)
# What costs more than an ordinary request.
WEIGHTS: Mapping[tuple[str, str], int] = {
    ("POST", "/v1/imports"): 50,
    ("POST", "/v1/quote-request-sheets"): 20,
    ("GET", "/v1/quote-request-sheet.xlsx"): 10,
    ("GET", "/v1/quotes/{quote_number}/document.pdf"): 10,
    ("GET", "/v1/quotes/{quote_number}/answer-sheet.pdf"): 10,
    ("GET", "/v1/contracts/{contract_number}/lines.csv"): 10,
}
# So many entries of a list in a body cost as much as one more request.
ENTRIES_OF_A_UNIT = 100

# How many callers a process remembers of each policy. Who is forgotten loses a lease.
MOST_ACCOUNTS = 20_000
# How long a lease may take, and how long nobody asks for one after it did not come.
ASK_SECONDS = 1.0
PAUSE_SECONDS = 1.0

RawHeaders = list[tuple[bytes, bytes]]


class AskingAccount(Account):
    """An account for which one request at a time asks for a lease; others wait for what it gets."""

    __slots__ = ("asking",)

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.asking = asyncio.Lock()


class Meter:
    """One policy, and the accounts of those whom it counts, by name."""

    def __init__(self, policy: Policy, allowances: Allowances, secret: bytes) -> None:
        self.policy = policy
        self._allowances = allowances
        self._secret = secret
        self._young: dict[str, AskingAccount] = {}
        self._old: dict[str, AskingAccount] = {}
        self._paused_until = 0.0
        name = f'"{policy.name}"'
        told = f"{name};q={policy.quota};w={WINDOW_SECONDS}"
        self._policy_header = (b"ratelimit-policy", told.encode())
        self._told = f"{name};r=%d;t=%d".encode()

    def account(self, name: str) -> AskingAccount:
        """What is known of a caller here."""
        found = self._young.get(name)
        if found is None:
            if len(self._young) >= MOST_ACCOUNTS // 2:
                self._old, self._young = self._young, {}
            former = self._old.pop(name, None)
            found = self._young[name] = former or AskingAccount(self.policy)
        return found

    async def spend(self, name: str, units: int, now: datetime) -> Account | None:
        """Count a request of so many units; None when the limits cannot be asked now.

        Raises TooManyRequests when the caller has spent its allowance.
        """
        account = self.account(name)
        units = self.policy.cost(units)
        if account.take(units, now.timestamp()):
            return account
        async with account.asking:
            return await self._lease(name, account, units, now)

    async def _lease(
        self, name: str, account: Account, units: int, now: datetime
    ) -> Account | None:
        instant = now.timestamp()
        if account.take(units, instant):
            return account
        if not account.may_ask(units, instant):
            raise self._refusal(account, units, instant)
        if asyncio.get_running_loop().time() < self._paused_until:
            return None
        wanted, held = account.wanted(instant), account.reserve(instant)
        needed = units - held
        lease = None
        try:
            lease = await self._ask(name, needed, max(needed, wanted), now)
        finally:
            if lease is None or lease.units < needed:
                account.give_back(held)
        if lease is None:
            return None
        account.know(lease.spent, lease.at)
        if lease.units < needed:
            raise self._refusal(account, units, instant)
        account.lease(lease.units, needed, instant)
        return account

    async def _ask(self, name: str, needed: int, wanted: int, now: datetime) -> Lease | None:
        named = f"{self.policy.name} {name}".encode()
        key = hashlib.blake2b(named, key=self._secret, digest_size=16).digest()
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._allowances.lease(
                    key, needed=needed, wanted=wanted, policy=self.policy, now=now
                )
        except Exception as failure:
            # That the limits do not answer is no reason to refuse a request.
            self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
            log.warning("limits_unavailable", failure=type(failure).__name__)
            return None

    def _refusal(self, account: Account, units: int, instant: float) -> TooManyRequests:
        return TooManyRequests(self.policy.quota, WINDOW_SECONDS, account.wait(units, instant))

    def headers(self, account: Account, instant: float) -> RawHeaders:
        """What a caller is told of its allowance, with every answer."""
        return [(b"ratelimit", self._told % account.remaining(instant)), self._policy_header]


class RateLimits:
    """The limits of this process on what all processes share."""

    def __init__(self, settings: Settings, database: Database, secret: bytes) -> None:
        allowances = self._allowances = Allowances(database, settings.database)
        self._proxies = settings.limits.trusted_proxies

        def meter(name: str, quota: int) -> Meter | None:
            return Meter(Policy(name, quota), allowances, secret) if quota else None

        self._callers = meter("caller", settings.limits.caller)
        self._public = meter("public", settings.limits.public)

    async def count(self, scope: Scope, caller: Caller, units: int, now: datetime) -> None:
        """Count units of a request and put into its scope what its answer tells of that.

        Raises TooManyRequests.
        """
        if caller.principal is None:
            meter, name = self._public, address_of(scope, self._proxies)
        else:
            meter, name = self._callers, caller.principal
        if meter is None:
            return
        told: RawHeaders = scope.setdefault("answer_headers", [])
        try:
            account = await meter.spend(name, units, now)
        except TooManyRequests:
            told[:] = meter.headers(meter.account(name), now.timestamp())
            raise
        told[:] = () if account is None else meter.headers(account, now.timestamp())

    def count_in_lane(self, scope: Scope, principal: str, now: datetime) -> RawHeaders | None:
        """Count a look-up from the lease in hand and return what its answer tells; None when there
        is no lease: the ordinary way has the time to ask for one. It does not count this request
        again. Waits for nothing.
        """
        if self._callers is None:
            return []
        account, instant = self._callers.account(principal), now.timestamp()
        if not account.take(1, instant):
            return None
        told = self._callers.headers(account, instant)
        scope["counted"] = told
        return told

    async def close(self) -> None:
        """Close the connections."""
        await self._allowances.close()


async def count_request(request: Request, caller: Caller, now: datetime) -> None:
    """Count a request when it is known who calls.

    Raises TooManyRequests.
    """
    scope = request.scope
    path = scope["route"].path
    if path in UNLIMITED:
        return
    counted: RawHeaders | None = scope.get("counted")
    if counted is not None:
        scope.setdefault("answer_headers", [])[:] = counted
        return
    limits: RateLimits = request.app.state.rate_limits
    await limits.count(scope, caller, WEIGHTS.get((request.method, path), 1), now)


async def count_entries(request: Request, caller: Caller, body: Any, now: datetime) -> None:
    """Count what a long list in a body costs on top.

    Raises TooManyRequests.
    """
    if not isinstance(body, dict):
        return
    entries = max((len(part) for part in body.values() if isinstance(part, list)), default=0)
    if entries >= ENTRIES_OF_A_UNIT:
        limits: RateLimits = request.app.state.rate_limits
        await limits.count(request.scope, caller, entries // ENTRIES_OF_A_UNIT, now)


def address_of(scope: Scope, trusted_proxies: int) -> str:
    """Whose request it is by its address: the peer's, or behind our own proxies the one that the
    outermost of them saw. What stands left of that in X-Forwarded-For is the caller's own word.
    """
    peer = scope.get("client")
    address = peer[0] if peer else ""
    if trusted_proxies:
        told = b",".join(
            value for name, value in scope["headers"] if name == b"x-forwarded-for"
        ).split(b",")
        address = _seen_by(told, trusted_proxies) or address
    return _one_site(address) or "unknown"


def _seen_by(told: Sequence[bytes], trusted_proxies: int) -> str | None:
    seen = told[-min(trusted_proxies, len(told))].decode("latin-1").strip()
    return _one_site(seen)


def _one_site(address: str) -> str | None:
    """An address as it is counted; None for what is none. Whoever has one address of IPv6 has the
    other 2^64 of its network too.
    """
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(read) >> 64 << 64))
