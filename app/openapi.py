"""The API description (OpenAPI 3.1): what the routes say, and what the rest of the house knows.

Who may call stands in the policy table, what can be refused follows from what an operation asks
for, words and statuses come from the table of problems, examples from `app.openapi_examples`.
Nothing of it is written a second time here.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter

from app.deps import get_session
from app.domain import errors
from app.openapi_examples import REQUESTS, Answers, Example, recorded_answers
from app.openapi_parts import HEADERS, PARAMETERS, SECURITY_SCHEMES, TAGS, Json
from app.policy import POLICY, Access
from app.problem_words import PROBLEMS, WORDS_OF_CODE
from app.problems import Problem, problem_of
from app.rate_limits import UNLIMITED
from app.strict import StrictRoute
from app.write_guards import KEY_HEADER

ALWAYS = (errors.UnknownParameter,)
NEEDS_CREDENTIALS = (
    errors.CredentialsMissing,
    errors.CredentialsInvalid,
    errors.CredentialsExpired,
    errors.CredentialsRevoked,
    errors.NotAllowed,
    errors.DuplicateParameter,
)
READS_A_BODY = (errors.BodyTooLarge, errors.UnsupportedMedia)
READS_JSON = (errors.MalformedJson, errors.DuplicateKey, errors.InvalidInput)
READS_A_QUERY = (errors.DuplicateParameter, errors.InvalidFilter)
TAKES_A_KEY = (
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyReused,
    errors.IdempotencyKeyBusy,
)
TAKES_A_REVISION = (errors.PreconditionMissing, errors.PreconditionFailed)
ASKS_THE_DATABASE = (errors.DatabaseUnavailable, errors.Overloaded)


class DescribedApp(FastAPI):
    """An application whose description is complete."""

    _described: bytes | None = None

    def openapi(self) -> Json:
        """The description; it is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi(), self)
        return self.openapi_schema

    def described(self) -> bytes:
        """The description as JSON."""
        if self._described is None:
            self._described = orjson.dumps(self.openapi())
        return self._described


def described_routes(app: FastAPI) -> Iterator[tuple[APIRoute, str]]:
    """Each route with each of its methods, as far as the description shows it."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, method


def complete(document: Json, app: FastAPI) -> Json:
    """Add to the framework's description what it cannot know."""
    document["servers"] = [{"url": "/", "description": "This installation."}]
    document["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    components = document["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    components["headers"] = {
        name: {"description": said, "schema": {"type": "string"}, "example": example}
        for name, (said, example) in HEADERS.items()
    }
    components["parameters"] = {
        name: {
            "name": name,
            "in": "header",
            "description": said,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, (said, example) in PARAMETERS.items()
    }
    schemas = components["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    shape = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(shape.pop("$defs"))
    schemas["Problem"] = shape
    components["schemas"] = dict(sorted(schemas.items()))
    recorded = recorded_answers()
    for route, method in described_routes(app):
        operation = document["paths"][route.path][method.lower()]
        access = POLICY[(method, route.path)]
        _complete_operation(operation, route, access, schemas)
        name = operation["operationId"]
        _show(operation, name, REQUESTS.get(name, Example()), recorded)
    paths = orjson.dumps(document["paths"])
    components["examples"] = {
        code: {"summary": words.title_en, "value": problem_of(code, words, "en", "4b3f0c9a7d1e")}
        for code, words in WORDS_OF_CODE.items()
        if f'"#/components/examples/{code}"'.encode() in paths
    }
    return document


def _complete_operation(operation: Json, route: APIRoute, access: Access, schemas: Json) -> None:
    operation["summary"] = route.summary or _words_of(route.name)
    operation["security"] = _security(access)
    asked = {
        *_calls(route.dependant),
        *(route.row.functions() if isinstance(route, StrictRoute) else ()),
    }
    parameters = [_plain_parameter(each) for each in operation.get("parameters", ())]
    _add_problems(operation, _refusals(operation, route.path, parameters, asked, access))
    names = {each["name"] for each in parameters}
    for each in parameters:
        if each["name"] == KEY_HEADER.alias:
            # Only a trial creates nothing and needs no key.
            each["required"] = "dry_run" not in names
        elif each["name"] == "If-Match":
            each["required"] = True
    shared = ["Accept-Language", "X-Request-Id"]
    if "304" in operation["responses"]:
        shared.append("If-None-Match")
    operation["parameters"] = [
        *parameters,
        *({"$ref": f"#/components/parameters/{name}"} for name in shared),
    ]
    creates = KEY_HEADER.alias in names
    for status, response in operation["responses"].items():
        if response.get("description") == "Successful Response":
            response["description"] = _outcome(response, schemas)
        headers = ["X-Request-Id"]
        if route.path not in UNLIMITED and (status[0] in "23" or status == "429"):
            headers += ["RateLimit", "RateLimit-Policy"]
        if status.startswith("2"):
            revised = "304" in operation["responses"] or "If-Match" in names
            headers += ["ETag"] if revised else []
            headers += ["Link"] if "cursor" in names else []
            headers += ["Idempotent-Replayed"] if creates else []
            headers += ["Location"] if creates or "dry_run" in names else []
        headers += {"304": ["ETag"], "307": ["Location"], "401": ["WWW-Authenticate"]}.get(
            status, []
        )
        again = status in {"429", "503"} or (status == "409" and creates)
        headers += ["Retry-After"] if again else []
        response["headers"] = {
            **{name: {"$ref": f"#/components/headers/{name}"} for name in headers},
            **response.get("headers", {}),
        }
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _outcome(response: Json, schemas: Json) -> str:
    """What an answer is, in the words of its schema."""
    for content in response.get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        return str(schemas.get(name, {}).get("description", "As described above."))
    return "Done."


def _words_of(name: str) -> str:
    words = name.replace("_", " ").replace(" csv", " as CSV")
    return words[:1].upper() + words[1:]


def _security(access: Access) -> list[Json]:
    if access.public:
        return []
    known: list[Json] = [{"bearer": []}] if access.callers & {"customer", "desk"} else []
    if "partner" in access.callers:
        known.append({"partner": [access.scope] if access.scope else []})
    return known


def _calls(dependant: Dependant) -> Iterator[Any]:
    """Everything that an operation depends on, at any depth."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _plain_parameter(parameter: Json) -> Json:
    """A parameter as it is on the wire: it is absent rather than null."""
    schema = {name: value for name, value in parameter["schema"].items() if name != "title"}
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema = {**kinds[0], **schema}
        del schema["anyOf"]
    schema.pop("description", None)
    examples = schema.pop("examples", None)
    if examples and parameter.get("example") is None:
        parameter = {**parameter, "example": examples[0]}
    return {**parameter, "schema": schema}


def _refusals(
    operation: Json, path: str, parameters: list[Json], asked: set[Any], access: Access
) -> Iterator[type[errors.DeskError]]:
    """What an operation can refuse by what it asks for."""
    places = {each["in"] for each in parameters}
    body = operation.get("requestBody", {}).get("content", {})
    yield from ALWAYS
    if not access.public:
        yield from NEEDS_CREDENTIALS
    if "path" in places:
        yield errors.NotFound
    if any(each["in"] == "path" and _is_typed(each["schema"]) for each in parameters):
        yield errors.InvalidInput
    if "query" in places:
        yield from READS_A_QUERY
    if any(each["name"] == "cursor" for each in parameters):
        yield errors.InvalidCursor
    if body:
        yield from READS_A_BODY
    if "application/json" in body:
        yield from READS_JSON
    if any(each["name"] == KEY_HEADER.alias for each in parameters):
        yield from TAKES_A_KEY
    if any(each["name"] == "If-Match" for each in parameters):
        yield from TAKES_A_REVISION
    if path not in UNLIMITED:
        yield errors.TooManyRequests
    if get_session in asked:
        yield from ASKS_THE_DATABASE


def _is_typed(schema: Json) -> bool:
    return schema.get("type") != "string" or bool(schema.keys() & {"maxLength", "pattern"})


def _add_problems(operation: Json, refusals: Iterator[type[errors.DeskError]]) -> None:
    """Every refusal under its status, with the words that it comes with as examples."""
    responses: Json = operation["responses"]
    by_status: dict[str, list[str]] = {"500": ["internal_error"]}
    for status, response in responses.items():
        by_status.setdefault(status, []).extend(response.pop("x-codes", ()))
    for refusal in refusals:
        codes = by_status.setdefault(str(PROBLEMS[refusal].status), [])
        if refusal.code not in codes:
            codes.append(refusal.code)
    for status, codes in by_status.items():
        if not codes:
            continue
        response = responses.setdefault(status, {})
        if status == "422":
            # What the framework says of its own accord, and this service never answers.
            response = responses[status] = {}
        said = "Refused: " + ", ".join(f"`{code}`" for code in codes) + "."
        former = response.get("description", "")
        response["description"] = f"{former} {said}".strip()
        response.setdefault("content", {})["application/problem+json"] = {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
        }


def _show(operation: Json, name: str, example: Example, recorded: Answers) -> None:
    """Put the examples of an operation into their places."""
    made = {
        member: content[named]
        for member, source in example.ids.items()
        for by_type in recorded.get(source.partition("/")[0], {}).values()
        for content in by_type.values()
        # The last one counts: a change request has an id and names a quote besides.
        for named in ("quote_number", "id")
        if content.get(named) is not None
    }
    given = {**example.path, **made, **example.query, **example.headers}
    for parameter in operation["parameters"]:
        if parameter.get("name") in given:
            parameter["example"] = given[parameter["name"]]
    if example.body is not None:
        for content in operation["requestBody"]["content"].values():
            content["example"] = example.body
    for status, by_type in recorded.get(name, {}).items():
        for media_type, answer in by_type.items():
            operation["responses"][status]["content"][media_type]["example"] = answer
