"""An endpoint's dependencies in a row: each is asked once, in the order in which they stand.

The framework walks the tree of dependencies with every request and visits a dependency as often as
somebody asks for it: an endpoint that asks for ten of ours made it solve fifty, which cost more
than the database (docs/decisions/0010-transactions-on-the-driver.md). What they mean is unchanged:
whatever takes nothing but the request and other such dependencies is arranged here once, when the
route is made. All else (parameters, headers, bodies) is left to the framework.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Annotated, Any, get_args, get_origin

from fastapi import Request
from fastapi.params import Depends as Dependency

Endpoint = Callable[..., Awaitable[Any]]
_ARRANGED = "arranged"


class Row:
    """Dependencies in the order in which they run; the first place is the request's own."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}
        self._steps: list[tuple[Endpoint, tuple[int, ...]]] = []

    def add(self, function: Any) -> int | None:
        """Put a dependency into the row, after those that it asks for; returns its place, None when
        it asks for something else than these and the request.
        """
        if function in self._places:
            return self._places[function]
        # A generator has an end, and only the framework knows when that is.
        if not inspect.iscoroutinefunction(function):
            return None
        places = []
        for parameter in inspect.signature(function, eval_str=True).parameters.values():
            inner = asked_for(parameter)
            place = 0 if parameter.annotation is Request else inner and self.add(inner)
            if place is None:
                return None
            places.append(place)
        self._steps.append((function, tuple(places)))
        self._places[function] = len(self._steps)
        return len(self._steps)

    async def run(self, request: Request) -> list[Any]:
        """Everything that the dependencies give, each at its place."""
        given: list[Any] = [request]
        for function, places in self._steps:
            given.append(await function(*[given[place] for place in places]))
        return given

    def functions(self) -> Iterator[Any]:
        """The dependencies."""
        return iter(self._places)


def asked_for(parameter: inspect.Parameter) -> Any:
    """The function of `Annotated[…, Depends(function)]`; None for every other parameter."""
    if get_origin(parameter.annotation) is not Annotated:
        return None
    for mark in get_args(parameter.annotation)[1:]:
        if isinstance(mark, Dependency):
            return mark.dependency
    return None


def arranged(endpoint: Endpoint, first: Endpoint) -> tuple[Endpoint, Row]:
    """The endpoint without the dependencies that can stand in a row, and that row, whose values it
    finds in the request. `first` runs before all others, also where the endpoint does not ask.
    """
    row = Row()
    row.add(first)
    places: dict[str, int] = {}
    rest: list[inspect.Parameter] = []
    signature = inspect.signature(endpoint, eval_str=True)
    for name, parameter in signature.parameters.items():
        function = asked_for(parameter)
        place = None if function is None else row.add(function)
        if parameter.annotation is Request:
            place = 0
        if place is None:
            rest.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        else:
            places[name] = place
    wanted = tuple(places.items())

    @wraps(endpoint)
    async def answer(*, arranged_: Request, **others: Any) -> Any:
        given = arranged_.scope[_ARRANGED]
        for name, place in wanted:
            others[name] = given[place]
        return await endpoint(**others)

    whole = inspect.Parameter("arranged_", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    made: Any = answer
    made.__signature__ = signature.replace(parameters=[whole, *rest])
    return answer, row


async def arrange(row: Row, request: Request) -> None:
    """Run the row of a request's endpoint."""
    request.scope[_ARRANGED] = await row.run(request)


def dismiss(request: Request) -> None:
    """Let go of what was arranged. The request is part of it and holds it: such a ring would leave
    every request to the garbage collector, which stops everything when enough have gathered.
    """
    request.scope.pop(_ARRANGED, None)
