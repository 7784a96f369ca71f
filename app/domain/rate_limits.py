"""How much a caller may ask for: an allowance that fills evenly, and the leases taken from it.

All processes share one allowance of a caller (`app.db.rate_limits`). A process takes a lease from
it and spends that from memory. A lease is good for `LEASE_SECONDS`, and what could be spent so late
is kept out of the shared allowance from the start: in any time of L seconds all processes together
let through at most `quota` units and what fills in during L, as one bucket in one process would.
docs/decisions/0016-rate-limits.md has the proof.

Instants are seconds since the epoch; a unit is what one ordinary request costs.
"""

from math import ceil
from typing import NamedTuple

WINDOW_SECONDS = 60
LEASE_SECONDS = 3.0
# The smallest lease of more than one unit: who calls once in a while takes little away.
_FIRST = 2
# Sums of fractions: a unit that is there but for this much is there.
_NEARLY = 1e-6


class Policy(NamedTuple):
    """An allowance of `quota` units a minute, named as the callers are told."""

    name: str
    quota: int

    @property
    def rate(self) -> float:
        """Units that fill in each second."""
        return self.quota / WINDOW_SECONDS

    @property
    def longest(self) -> int:
        """The units of the largest lease: what fills in while it is good, and at least one."""
        return max(1, int(self.rate * LEASE_SECONDS))

    @property
    def burst(self) -> float:
        """The units that are shared when nobody has asked for long. Leases of one unit are spent at
        once, so nothing needs to be kept out for them.
        """
        late = self.rate * LEASE_SECONDS if self.longest > 1 else 0.0
        return self.quota - late

    def cost(self, units: int) -> int:
        """What is asked of an operation of this weight: never more than there can be."""
        return min(units, int(self.burst))


class Account:
    """What one process knows of one caller: its lease, and how full the shared allowance was.

    Others may have taken from that since, so it can hold less than is known here and never more.
    """

    __slots__ = (
        "at", "burst", "ends", "leased", "left", "longest", "policy", "rate", "size", "spent"
    )  # fmt: skip

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        # Asked with every request.
        self.rate, self.burst, self.longest = policy.rate, policy.burst, policy.longest
        self.spent = self.at = 0.0
        self.left = self.leased = 0
        self.ends = 0.0
        self.size = 0

    def take(self, units: int, now: float) -> bool:
        """Spend from the lease; False when it does not hold so much, or not any more."""
        if self.left < units or now >= self.ends:
            return False
        self.left -= units
        return True

    def held(self, now: float) -> int:
        """What is left of the lease."""
        return self.left if now < self.ends else 0

    def free(self, now: float) -> float:
        """What the shared allowance holds at most."""
        filled = self.rate * (now - self.at) if now > self.at else 0.0
        spent = self.spent - filled
        return self.burst - spent if spent > 0.0 else self.burst

    def may_ask(self, units: int, now: float) -> bool:
        """Whether the shared allowance can hold enough for this request at all."""
        return self.free(now) + _NEARLY >= units - self.held(now)

    def wanted(self, now: float) -> int:
        """How large the next lease should be: twice the last one when that was spent in time, else
        a little more than was spent of it.
        """
        size = 2 * self.size if now < self.ends else self.leased - self.left + 1
        self.size = min(self.longest, max(_FIRST, size))
        return self.size

    def know(self, spent: float, at: float) -> None:
        """Remember what was spent of the shared allowance at an instant."""
        self.spent, self.at = spent, at

    def reserve(self, now: float) -> int:
        """Take out all that is left of the lease, for a request that needs more than that: nothing
        of it may be spent twice, nor live longer than it was given for.
        """
        held, self.left = self.held(now), 0
        return held

    def give_back(self, held: int) -> None:
        """Put back what was reserved."""
        self.left = held

    def lease(self, granted: int, needed: int, now: float) -> None:
        """Take a lease, of which the request that asked for it spends what it needs."""
        self.left = granted - needed
        self.leased = granted
        self.ends = now + LEASE_SECONDS

    def wait(self, units: int, now: float) -> int:
        """After how many seconds a request of so many units is let through, if nobody else of this
        caller asks for anything.
        """
        return max(1, ceil((units - self.free(now)) / self.rate - _NEARLY))

    def remaining(self, now: float) -> tuple[int, int]:
        """The units that this caller can spend now, as far as is known here, and after how many
        seconds all of them are there again.
        """
        # Written out, because each answer of the lane comes by here.
        missing = self.spent - (self.rate * (now - self.at) if now > self.at else 0.0)
        if now < self.ends:
            missing -= self.left
        if missing <= 0.0:
            return int(self.burst), 0
        return int(self.burst - missing + _NEARLY), int(-(-missing // self.rate))
