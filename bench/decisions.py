"""Goal 7: eligibility decisions, by the rules alone and through the API.

The whole check of a machine is counted: its facts, its fee policy and its decision. One policy with
tiers is in force, as a desk would have; the rules alone run in this process, on its own core.
"""

import time
from datetime import date, timedelta
from typing import Any

from app.deps import utc_now
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import (
    Declaration,
    EligibilitySettings,
    OperatingState,
    WishedCover,
)
from app.domain.eligibility_request import Candidate, PastCover, decide_request, facts_of_each
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.fee_facts import Term
from app.domain.fee_policy_reader import read_policy
from bench import data
from bench.asking import batch_requests, check_requests
from bench.machine import stopped_at_the_end
from bench.runs import BATCH_CONNECTIONS, DATA, Run, http, service

MACHINES = 1000
POLICY = {
    "code": "bench",
    "version": 1,
    "effective_from": "2020-01-01",
    "tiers": [
        {
            "max_lapse_days": 365,
            "outcome": "fee",
            "gap": {"mode": "charge", "basis": "last_annual", "multiplier_bp": 15000},
        },
        {"max_lapse_days": None, "outcome": "manual"},
    ],
}


def candidates(today: date) -> list[Candidate]:
    """Machines as those of the bench's database: cover of a year that ended or still runs, and a
    warranty before it.
    """
    declared = Declaration(OperatingState.WORKING, "Sato", today)
    made = []
    for number in range(MACHINES):
        ends = today + timedelta(days=number * 7919 % 900 - 200)
        warranty = today + timedelta(days=number % 900 - 405)
        support = None if number % 5 == 0 else today + timedelta(days=300 + 40 * (number % 65))
        covers = (
            PastCover("contract", ends - timedelta(days=364), ends, 120_000 + number),
            PastCover("warranty", warranty - timedelta(days=1095), warranty, None),
        )
        made.append(
            Candidate(
                service_level="foundation_care_24x7",
                declaration=declared,
                lifecycle=Lifecycle(end_of_support=support),
                family="Made-up",
                covers=covers,
                new_annual=None,
                system=None,
            )
        )
    return made


def decide_for(seconds: float) -> dict[str, Any]:
    """Machines decided in a second by the rules alone."""
    today = jst_date(utc_now())
    start = today + timedelta(days=30)
    wish = WishedCover(RequestKind.REENROLLMENT, start, start + timedelta(days=364), today)
    term, settings, machines = Term(months=12), EligibilitySettings(), candidates(today)
    policy = read_policy(POLICY).policy
    if policy is None:
        raise SystemExit("the policy of the bench is refused")
    done, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        facts = facts_of_each(machines, wish, term, [policy])
        done += len(decide_request(wish, facts, settings).machines)
    return {"rate": done / spent}


def measure_decisions(run: Run) -> None:
    """Machines a second: by the rules, through a check, and through a look-up of the same ones."""
    batches = data.batches(DATA / "service", run.layout, 8)
    data.put_policy(run.cluster, run.database, POLICY)
    ours = service(run, "service", run.database)

    def machines(measure: Any) -> Any:
        def measured(turn: int) -> dict[str, Any]:
            result = measure(turn)
            return {**result, "rate": result["rate"] * MACHINES}

        return measured

    options = {"connections": BATCH_CONNECTIONS}
    with stopped_at_the_end([ours]):
        lookups = http(run, ours, batch_requests(batches, ours=True), **options)
        checks = http(run, ours, check_requests(batches), **options)
        run.rounds(
            "machines a second",
            {
                "rules alone": lambda _: decide_for(run.extent.seconds),
                "eligibility checks": machines(checks),
                "coverage look-ups": machines(lookups),
            },
        )


def decision_goals(run: Run) -> None:
    """The check against the look-up, and against what the rules alone allow."""
    group, ours = "machines a second", "eligibility checks"
    run.goal(7, "eligibility / coverage, machines", group, ours, "coverage look-ups", ">= 0.5")
    run.goal(7, "eligibility / the rules alone", group, ours, "rules alone", "")
