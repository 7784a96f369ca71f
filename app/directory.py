"""Finds the route of a request by the shape of its path, however many routes there are.

The framework tries one route after the other, and each included router twice: a hundred routes cost
more than an answer. Here a path is looked up by its length and its first two parts; the framework's
own search stays behind it for everything that is not found (404, mounts).
"""

from collections.abc import Sequence

from starlette._utils import get_route_path
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

# How many parts a path has, and the first two of them; None where a route has a parameter.
_Shape = tuple[int, str | None, str | None]


class Directory(BaseRoute):
    """Routes by the shape of their paths. It answers with the first that fits, as a list would."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_shape: dict[_Shape, list[Route]] = {}
        shapes = [_shape_of(route.path) for route in routes]
        for wanted in set(shapes):
            self._by_shape[wanted] = [
                route for route, shape in zip(routes, shapes, strict=True) if _covers(shape, wanted)
            ]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that takes this path and method, else the first that takes the path."""
        if scope["type"] != "http":
            return Match.NONE, {}
        parts = get_route_path(scope).split("/", 3)
        count = len(parts) + (parts[3].count("/") if len(parts) > 3 else 0)
        one, two = parts[1] if count > 1 else None, parts[2] if count > 2 else None
        partial: Scope | None = None
        for shape in ((count, one, two), (count, one, None), (count, None, None)):
            candidates = self._by_shape.get(shape)
            if candidates is None:
                continue
            for route in candidates:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, found
                if match is Match.PARTIAL and partial is None:
                    partial = found
            break
        return (Match.NONE, {}) if partial is None else (Match.PARTIAL, partial)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the route that was found."""
        await scope["route"].handle(scope, receive, send)


def _shape_of(path: str) -> _Shape:
    parts = path.split("/")
    if any("{" in part and ":path}" in part for part in parts):
        raise ValueError(f"{path} has no fixed number of parts")
    named = [None if "{" in part else part for part in parts]
    return len(parts), named[1] if len(named) > 1 else None, named[2] if len(named) > 2 else None


def _covers(shape: _Shape, wanted: _Shape) -> bool:
    """Whether a route of `shape` may fit a path of the shape `wanted`."""
    return shape[0] == wanted[0] and all(
        mine is None or mine == theirs for mine, theirs in zip(shape[1:], wanted[1:], strict=True)
    )
