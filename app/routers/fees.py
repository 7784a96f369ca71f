"""Re-enrollment fees: the desk's policies, and a policy tried on cases."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.fee_policies import get_policy, list_policies
from app.deps import (
    CurrentCaller,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
)
from app.domain.calendar import jst_date
from app.domain.errors import (
    InvalidCursor,
    InvalidInput,
    NotFound,
    PolicyOverlaps,
)
from app.domain.fees import assess_fee
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, body_of, page, resource
from app.routers.answers import document as document_of
from app.schemas.fee_policy import WrittenDefinition
from app.schemas.fees import (
    FeePolicyOut,
    FeePolicyPage,
    FeeResults,
    FeeSimulation,
    PageQuery,
    fee_result_out,
    policy_out,
)
from app.strict import StrictRoute
from app.usecases.fee_policies import create_policy, sound_policy
from app.write_guards import IdempotencyKey

router = APIRouter(tags=["fees"], route_class=StrictRoute)


@router.post(
    "/v1/fee-simulations", response_model=FeeResults, responses=problem_responses(InvalidInput)
)
async def simulate_fees(
    simulation: Annotated[FeeSimulation, Body()],
    # Nothing is read with it, but only a transaction knows whether the token still stands.
    _session: Reading,
    language: SpokenLanguage,
) -> Response:
    """What a fee policy would say about up to 1,000 cases (FEE-1 to FEE-10). Nothing is stored, and
    nobody is quoted a fee by this.
    """
    policy = sound_policy(simulation.policy, "/policy")
    results = [
        fee_result_out(assess_fee(policy, case.facts()), language) for case in simulation.cases
    ]
    return document_of({"results": results}, language)


@router.get(
    "/v1/fee-policies", response_model=FeePolicyPage, responses=problem_responses(InvalidCursor)
)
async def read_fee_policies(
    request: Request, query: Annotated[PageQuery, Query()], session: Reading
) -> Response:
    """All versions of all fee policies, by code and version, in pages."""
    secret = request.app.state.cursor_secret
    after: tuple[str, int] | None = None
    if query.cursor is not None:
        code, version = read_cursor(secret, "fee policies", query.cursor, 2)
        after = (code, int(version))
    rows = await list_policies(session, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, "fee policies", rows, query.page_size, lambda row: (row.code, str(row.version))
    )
    return page(request, [policy_out(row) for row in shown], next_cursor)


@router.get(
    "/v1/fee-policies/{code}/versions/{version}",
    response_model=FeePolicyOut,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_fee_policy(
    request: Request,
    code: Annotated[str, Path(max_length=40, description="The code of the policy.")],
    version: Annotated[int, Path(ge=1, le=1_000_000, description="Its version, counted from 1.")],
    session: Reading,
    language: SpokenLanguage,
) -> Response:
    """One version of a fee policy, as it was written."""
    return resource(request, policy_out(await get_policy(session, code, version)), language)


@router.post(
    "/v1/fee-policies",
    status_code=201,
    response_model=FeePolicyOut,
    responses=problem_responses(InvalidInput, PolicyOverlaps),
)
async def write_fee_policy(
    definition: Annotated[WrittenDefinition, Body()],
    key: IdempotencyKey,
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    now: Now,
) -> Response:
    """Write the next version of a fee policy; it takes the place of the earlier versions of its
    code. A version is never changed. A policy that is in force for the same cases as another one on
    a common day is refused.
    """

    async def effect() -> Response:
        row = await create_policy(session, trace, definition, jst_date(now))
        return Response(
            body_of(policy_out(row)),
            status_code=201,
            media_type="application/json",
            headers={"Location": f"/v1/fee-policies/{row.code}/versions/{row.version}"},
        )

    return await once(
        session,
        principal=caller.principal or "",
        key=key,
        request_hash=fingerprint(
            b"POST /v1/fee-policies", orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)
        ),
        effect=effect,
    )
