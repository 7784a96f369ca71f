"""A few connections of one log-in role, lent to one transaction at a time.

asyncpg's own pool sends a query with every return, to wipe what a session may have left behind, and
starts a task for it. The connections here carry nothing from one transaction to the next: context
is set by SET LOCAL only, and a connection that is not idle when it comes back is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.errors import Overloaded

CLOSE_SECONDS = 5.0


class Pool:
    """At most `size` connections; who waits longer than `wait` seconds for one is told so."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int, wait: float) -> None:
        self._connect = connect
        self._wait = wait
        self._free = asyncio.Semaphore(size)
        # The one used last goes out first: it is the warmest.
        self._idle: list[Any] = []
        self._closed = False
        self._ending: set[asyncio.Task[None]] = set()
        self.lent = 0

    async def take(self) -> Any:
        """A connection that no transaction stands on.

        Raises Overloaded when none becomes free in time, and what connecting raises.
        """
        if self._free.locked():
            try:
                async with asyncio.timeout(self._wait):
                    await self._free.acquire()
            except TimeoutError:
                raise Overloaded from None
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    break
            else:
                connection = await self._connect()
        except BaseException:
            self._free.release()
            raise
        self.lent += 1
        return connection

    def give(self, connection: Any) -> None:
        """Take a connection back; one that is not idle is dropped, so nothing can be left in it."""
        self.lent -= 1
        if self._closed or connection.is_in_transaction():
            # The driver first tells the server to stop a statement that still runs.
            task = asyncio.create_task(connection.close(timeout=CLOSE_SECONDS))
            self._ending.add(task)
            task.add_done_callback(self._ended)
        elif not connection.is_closed():
            self._idle.append(connection)
        self._free.release()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        # Whatever went wrong, the driver has cut the connection by then.
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """Close the idle connections now and the lent ones when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close(timeout=CLOSE_SECONDS)
        if self._ending:
            await asyncio.wait(self._ending)
