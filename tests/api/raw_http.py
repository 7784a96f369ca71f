"""HTTP by hand over a socket, for what no HTTP client would send."""

import asyncio
from typing import NamedTuple

PATIENCE = 20.0


class Answer(NamedTuple):
    """An HTTP answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = b""
            if "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
            elif headers.get("connection") == "close":
                body = await self.reader.read()
            return Answer(int(first.split(" ")[1]), headers, body)

    async def end(self) -> bytes:
        """Everything up to the close by the server."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()
