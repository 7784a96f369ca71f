"""Re-enrollment fees: a policy tried on cases."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from app.deps import SpokenLanguage
from app.domain.errors import InvalidInput
from app.domain.fee_policy_reader import read_policy
from app.domain.fees import assess_fee
from app.problems import problem_responses
from app.routers.answers import document
from app.schemas.fees import FeeResults, FeeSimulation, fee_result_out
from app.strict import StrictRoute

router = APIRouter(tags=["fees"], route_class=StrictRoute)


@router.post(
    "/v1/fee-simulations", response_model=FeeResults, responses=problem_responses(InvalidInput)
)
async def simulate_fees(
    simulation: Annotated[FeeSimulation, Body()], language: SpokenLanguage
) -> Response:
    """What a fee policy would say about up to 1,000 cases (FEE-1 to FEE-10). Nothing is stored, and
    nobody is quoted a fee by this.
    """
    reading = read_policy(simulation.policy)
    if reading.policy is None:
        raise InvalidInput(
            places=[(f"/policy{problem.pointer}", problem.code) for problem in reading.problems]
        )
    results = [
        fee_result_out(assess_fee(reading.policy, case.facts()), language)
        for case in simulation.cases
    ]
    return document({"results": results}, language)
