"""The load generator: one thread, raw sockets, requests built before the clock starts.

    python bench/load.py < specification.json

Every answer is read to its end and looked into: another status than is wanted, a body without what
it must hold or with what it must not is counted as wrong, and a run with a wrong answer has no
figure.
The standard library only, so that it starts quickly and costs the machine little.
"""

import json
import selectors
import socket
import sys
import time
from typing import Any


class Connection:
    __slots__ = ("expected", "got", "length", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.expected: list[bytes] = []
        self.got = bytearray()
        self.length = -1

    def send(self, request: bytes, expected: list[bytes]) -> None:
        self.expected = expected
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> bytes | None:
        """The whole answer once it is there."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        # Almost every answer comes in one piece.
        whole = data if not self.got else bytes(self.got) + data
        if self.length < 0:
            end = whole.find(b"\r\n\r\n")
            if end < 0:
                self.got += data
                return None
            head = whole[:end].lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise ConnectionError(f"an answer without a length: {head!r}")
            self.length = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.got) + len(data) < self.length:
            self.got += data
            return None
        self.got.clear()
        self.length = -1
        return whole


def ask_once(port: int, request: bytes) -> None:
    connection = Connection(port)
    try:
        connection.send(request, [])
        while connection.read() is None:
            pass
    finally:
        connection.socket.close()


def run(spec: dict[str, Any]) -> dict[str, Any]:
    requests = [
        (one["request"].encode("latin-1"), [text.encode() for text in one["expected"]])
        for one in spec["requests"]
    ]
    status = f"HTTP/1.1 {spec.get('status', 200)} ".encode()
    forbidden = [text.encode() for text in spec.get("forbidden", ())]
    selector = selectors.DefaultSelector()
    total = len(requests)
    turn = spec.get("offset", 0) % total
    latencies: list[float] = []
    wrong = answered = 0
    example = b""
    for request in spec.get("prelude", ()):
        ask_once(spec["port"], request.encode("latin-1"))
    started = time.perf_counter()
    begun = started + spec["warmup"]
    end = begun + spec["seconds"]
    for _ in range(spec["connections"]):
        made = Connection(spec["port"])
        selector.register(made.socket, selectors.EVENT_READ, made)
        made.send(*requests[turn])
        turn = (turn + 1) % total
    now = started
    while now < end:
        for key, _ in selector.select(1.0):
            connection = key.data
            answer = connection.read()
            if answer is None:
                continue
            now = time.perf_counter()
            answered += 1
            good = answer.startswith(status)
            for text in connection.expected:
                good = good and text in answer
            for text in forbidden:
                good = good and text not in answer
            if not good:
                wrong += 1
                example = answer[:600]
            elif now >= begun:
                latencies.append(now - connection.sent_at)
            connection.send(*requests[turn])
            turn += 1
            if turn == total:
                turn = 0
        now = time.perf_counter()
    result = summary(latencies, now - begun, wrong, example.decode("latin-1"))
    return {**result, "answered": answered}


def summary(latencies: list[float], seconds: float, wrong: int, example: str) -> dict[str, Any]:
    latencies.sort()
    count = len(latencies)

    def at(share: float) -> float:
        return latencies[min(count - 1, int(count * share))] * 1000 if count else 0.0

    return {
        "rate": count / seconds,
        "p50": at(0.50),
        "p95": at(0.95),
        "p99": at(0.99),
        "wrong": wrong,
        "example": example,
    }


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
