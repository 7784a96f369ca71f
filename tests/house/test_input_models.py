"""Every route stands in the policy table and reads strictly: queries, bodies, each text in them."""

import typing
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.policy import POLICY
from app.routers import ROUTERS
from app.schemas.wire import Lines, Plain, Strict, StrictQuery
from app.strict import StrictRoute

# Texts that something else than Plain makes safe, by model and field, with the reason.
SAFE: dict[str, str] = {
    "FeeSimulation.policy": "app.domain.fee_policy_reader knows all its texts; nothing is stored",
}
NASTY: list[Any] = [
    None, True, 7, -1, 7.5, 10**30, float("nan"), "", " ", "\0", "a\n", "\u2028", "\ud800",
    "x" * 99, [], [None], {}, {"": None}, b"\xff", "９", "2026-02-30", "9999-12-31", "0001-01-01",
]  # fmt: skip


def routes() -> list[APIRoute]:
    return [
        context.original_route
        for router in ROUTERS
        for context in iter_route_contexts(router.routes)
        if isinstance(context.original_route, APIRoute)
    ]


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, those in their fields too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(annotation):
        yield from models(part)


def bodies() -> list[type[BaseModel]]:
    found = {
        model
        for route in routes()
        if route.body_field is not None
        for model in models(route.body_field.field_info.annotation)
    }
    return sorted(found, key=lambda model: model.__name__)


def queries() -> list[type[BaseModel]]:
    found = {
        model
        for route in routes()
        for parameter in route.dependant.query_params
        for model in models(parameter.field_info.annotation)
    }
    return sorted(found, key=lambda model: model.__name__)


def texts(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[bool]:
    """For each place where a text may stand: whether it is Plain or has a pattern."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from texts(inner, (*metadata, *more))
    elif annotation is str:
        yield any(
            part in (Plain, Lines) or getattr(part, "pattern", None) or _has_pattern(part)
            for part in metadata
        )
    elif get_origin(annotation) in {list, tuple, dict, set, frozenset}:
        for part in get_args(annotation):
            yield from texts(part, ())
    elif get_origin(annotation) is not typing.Literal:
        for part in get_args(annotation):
            yield from texts(part, metadata)


def _has_pattern(part: Any) -> bool:
    return isinstance(part, FieldInfo) and any(
        getattr(inner, "pattern", None) for inner in part.metadata
    )


def test_every_route_stands_in_the_policy_table() -> None:
    missing = {
        (method, route.path)
        for route in routes()
        for method in route.methods or ()
        if (method, route.path) not in POLICY
    }
    assert missing == set()
    assert len(routes()) > 10


def test_every_route_reads_strictly() -> None:
    assert [route.path for route in routes() if not isinstance(route, StrictRoute)] == []


def test_query_parameters_come_in_strict_models_only() -> None:
    loose = [
        f"{route.path}: {parameter.alias}"
        for route in routes()
        for parameter in route.dependant.query_params
        if not any(issubclass(m, StrictQuery) for m in models(parameter.field_info.annotation))
    ]
    assert loose == []
    assert all(model.model_config.get("extra") == "forbid" for model in queries())


def test_bodies_are_strict_all_the_way_down() -> None:
    loose = [model.__name__ for model in bodies() if not issubclass(model, Strict)]
    assert loose == []
    for model in bodies():
        assert model.model_config.get("extra") == "forbid", model
        assert model.model_config.get("strict") is True, model


@pytest.mark.parametrize("model", [*bodies(), *queries()], ids=lambda model: model.__name__)
def test_every_text_that_comes_in_refuses_control_characters(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        where = f"{model.__name__}.{name}"
        # A cursor is compared with its signature before anything is done with it.
        if name != "cursor" and where not in SAFE:
            assert all(texts(field.annotation, tuple(field.metadata))), where


def test_an_address_of_a_mailbox_is_one_thing_everywhere() -> None:
    """Seen to fail with the pattern that drafts of quotes had of their own."""
    addresses = [
        model.model_json_schema()["properties"]["email"]
        for model in bodies()
        if "email" in model.model_fields
    ]
    assert len(addresses) > 2
    assert len({(one["pattern"], one["maxLength"]) for one in addresses}) == 1


@pytest.mark.parametrize("model", [*bodies(), *queries()], ids=lambda model: model.__name__)
def test_nothing_that_comes_in_makes_a_model_stumble(model: type[BaseModel]) -> None:
    adapter = TypeAdapter(model)
    # A query holds nothing but texts.
    values = [v for v in NASTY if isinstance(v, str) or not issubclass(model, StrictQuery)]
    for name in model.model_fields:
        for value in values:
            try:
                adapter.validate_python({name: value})
            except ValidationError:
                continue


@pytest.mark.parametrize("model", queries(), ids=lambda model: model.__name__)
def test_numbers_and_switches_in_a_query_have_one_way_to_be_written(
    model: type[BaseModel],
) -> None:
    for name, field in model.model_fields.items():
        kinds = set(get_args(field.annotation)) | {field.annotation}
        for kind, others in {
            int: (" 7", "7 ", "+7", "7.0", "7e0", "1_0", "７", "٧", "7\n", "true", ""),
            bool: ("1", "yes", "on", "True", "t", "TRUE", " true", ""),
        }.items():
            for value in others if kind in kinds else ():
                with pytest.raises(ValidationError):
                    model.__pydantic_validator__.validate_assignment(
                        model.model_construct(), name, value
                    )


def test_the_query_names_of_a_route_are_those_of_its_model() -> None:
    for route in routes():
        flat = {p.alias for p in get_flat_params(route.dependant)}
        for parameter in route.dependant.query_params:
            for model in models(parameter.field_info.annotation):
                fields = model.model_fields.items()
                assert {field.alias or name for name, field in fields} <= flat
