"""Change requests: their states, their kinds, and what is decided at once (REQ-2, REQ-6, REQ-8)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.change_records import change_of, record_of
from app.domain.change_requests import ChangeFacts, decide_change, start_moves_too_far
from app.domain.change_states import OPEN_STATES, ChangeAction, ChangeState, next_change_state
from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    Cover,
    CoveredMachine,
    LevelChange,
    NamedMachine,
    PeriodChange,
    Replacement,
    machines_after,
    mixed_systems,
)
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.errors import (
    ChangeMissing,
    DeskError,
    EndOfSupportReached,
    InvalidInput,
    NewOrderNeeded,
    WrongState,
)

START, END = date(2027, 4, 1), date(2028, 3, 31)
NBD, DAY_AND_NIGHT = "foundation_care_nbd", "foundation_care_24x7"
ONE = CoveredMachine("JPDEMO0001", "868703-B21", NBD, "SYS1")
TWO = CoveredMachine("JPDEMO0002", "P19766-B21", NBD, "SYS1")
LICENCE = CoveredMachine(None, "R1T30A", NBD, None)
COVER = Cover(START, END, NBD, (ONE, TWO, LICENCE))
LONG_SUPPORT = Lifecycle(end_of_support=date(2035, 12, 31))
PRODUCTS: Mapping[str, Lifecycle] = {
    "868703-B21": Lifecycle(end_of_support=date(2028, 6, 30)),
    "P19766-B21": LONG_SUPPORT,
    "P01234-B21": LONG_SUPPORT,
    "P00001-B21": Lifecycle(end_of_support=START),
    "P00002-B21": Lifecycle(),
    "P00003-B21": Lifecycle(last_new_enrollment=date(2027, 3, 31), end_of_support=date(2035, 1, 1)),
}
CONTACT = ContactChange("鈴木 花子", "hanako@example.com")
FACTS = ChangeFacts(COVER, "issued", lifecycles=PRODUCTS, contact=CONTACT)
NEW = AddedMachine("P01234-B21", "New", "JPNEW00001")


def named(serial: str) -> NamedMachine:
    return NamedMachine(serial_number=serial)


ALLOWED = {
    (ChangeState.RECEIVED, ChangeAction.ANSWER): ChangeState.ANSWERED,
    (ChangeState.RECEIVED, ChangeAction.REJECT): ChangeState.REJECTED,
    (ChangeState.RECEIVED, ChangeAction.CANCEL): ChangeState.CANCELLED,
    (ChangeState.REFERRED, ChangeAction.ANSWER): ChangeState.ANSWERED,
    (ChangeState.REFERRED, ChangeAction.REJECT): ChangeState.REJECTED,
    (ChangeState.REFERRED, ChangeAction.CANCEL): ChangeState.CANCELLED,
}


@pytest.mark.parametrize(("state", "action"), list(product(ChangeState, ChangeAction)))
def test_req_2_every_pair_of_state_and_action(state: ChangeState, action: ChangeAction) -> None:
    if (state, action) in ALLOWED:
        assert next_change_state(state, action) is ALLOWED[state, action]
        return
    with pytest.raises(WrongState) as refused:
        next_change_state(state, action)
    assert refused.value.facts == {"state": state.value}
    assert refused.value.rules == ("REQ-2",)


@given(st.sampled_from(ChangeState), st.lists(st.sampled_from(ChangeAction), max_size=4))
def test_req_2_a_change_that_ended_stays_ended(
    state: ChangeState, actions: list[ChangeAction]
) -> None:
    for action in actions:
        try:
            after = next_change_state(state, action)
        except WrongState:
            assert state not in OPEN_STATES
            continue
        assert state in OPEN_STATES
        assert after not in OPEN_STATES
        state = after


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ([], ["/changes"]),
        ([PeriodChange()], ["/changes/0"]),
        ([PeriodChange(start=START, end=END)], ["/changes/0"]),
        ([LevelChange(NBD)], ["/changes/0"]),
        ([LevelChange(NBD, ("JPDEMO0001",))], ["/changes/0"]),
        (
            [PeriodChange(end=date(2028, 9, 30)), LevelChange(NBD), CONTACT],
            ["/changes/1", "/changes/2"],
        ),
        ([CONTACT], ["/changes/0"]),
        ([LevelChange(DAY_AND_NIGHT), ConfigurationChange()], ["/changes/1"]),
    ],
)
def test_req_2_a_change_without_a_change(changes: list[Change], places: list[str]) -> None:
    with pytest.raises(ChangeMissing) as refused:
        decide_change(changes, FACTS)
    assert refused.value.places == tuple((place, "change_missing") for place in places)
    assert refused.value.rules == ("REQ-2",)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        (
            [LevelChange(DAY_AND_NIGHT, ("JPDEMO0001", "JPOTHER001"))],
            [("/changes/0/serial_numbers/1", "serial_number_unknown")],
        ),
        (
            [ConfigurationChange(remove=(named("JPOTHER001"),))],
            [("/changes/0/remove/0", "machine_unknown")],
        ),
        (
            [ConfigurationChange(remove=(NamedMachine("JPDEMO0001", "P19766-B21"),))],
            [("/changes/0/remove/0", "machine_unknown")],
        ),
        (
            [ConfigurationChange(replace=(Replacement(named("JPOTHER001"), NEW),))],
            [("/changes/0/replace/0/from", "machine_unknown")],
        ),
        (
            [ConfigurationChange(add=(AddedMachine("P19766-B21", "x", "JPDEMO0002"),))],
            [("/changes/0/add/0", "machine_already_there")],
        ),
        (
            [ConfigurationChange(add=(NEW,)), ConfigurationChange(add=(NEW,))],
            [("/changes/1/add/0", "machine_twice")],
        ),
        (
            [
                ConfigurationChange(remove=(named("JPDEMO0001"),)),
                ConfigurationChange(replace=(Replacement(named("JPDEMO0001"), NEW),)),
            ],
            [("/changes/1/replace/0/from", "machine_twice")],
        ),
        (
            [PeriodChange(end=date(2028, 9, 30)), PeriodChange(end=date(2028, 10, 31))],
            [("/changes/1", "change_twice")],
        ),
        (
            [ContactChange("a", "a@example.com"), ContactChange("b", "b@example.com")],
            [("/changes/1", "change_twice")],
        ),
        (
            [LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",)), LevelChange(DAY_AND_NIGHT)],
            [("/changes/1", "change_twice")],
        ),
        (
            [LevelChange(DAY_AND_NIGHT, ("JPDEMO0001", "JPDEMO0001"))],
            [("/changes/0/serial_numbers/1", "change_twice")],
        ),
        (
            [LevelChange(DAY_AND_NIGHT), LevelChange("proactive_care_ctr", ("JPDEMO0001",))],
            [("/changes/1", "change_twice")],
        ),
        # What comes first hides nothing of what comes after it.
        (
            [
                ConfigurationChange(add=(AddedMachine("P1T30A", "x"), NEW, NEW)),
                LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",)),
                LevelChange("proactive_care_ctr", ("JPDEMO0002", "JPDEMO0001")),
                PeriodChange(end=date(2028, 9, 30)),
                PeriodChange(end=date(2028, 9, 30)),
            ],
            [
                ("/changes/2/serial_numbers/1", "change_twice"),
                ("/changes/4", "change_twice"),
                ("/changes/0/add/2", "machine_twice"),
            ],
        ),
        ([PeriodChange(end=date(2027, 3, 31))], [("/changes/0", "end_before_start")]),
        (
            [ContactChange("a", "a@example.com"), PeriodChange(end=date(2027, 3, 31))],
            [("/changes/1", "end_before_start")],
        ),
    ],
)
def test_req_2_what_is_not_there_or_comes_twice_is_named(
    changes: list[Change], places: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        decide_change(changes, FACTS)
    assert list(refused.value.places) == places
    assert refused.value.rules == ("REQ-2",)


def test_req_2_levels_of_different_machines_go_together() -> None:
    """Seen to fail when any level for all, even the only one, met the others."""
    ctr = "proactive_care_ctr"
    for changes in (
        [LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",)), LevelChange(ctr, ("JPDEMO0002",))],
        [LevelChange(DAY_AND_NIGHT)],
    ):
        assert decide_change(changes, FACTS).state is ChangeState.RECEIVED


def test_req_2_a_level_is_held_against_the_machines_that_are_meant() -> None:
    """Seen to fail when the other machines counted."""
    mixed = replace(COVER, machines=(ONE, replace(TWO, service_level=DAY_AND_NIGHT)))
    facts = replace(FACTS, cover=mixed)
    for level, serial in [(DAY_AND_NIGHT, "JPDEMO0001"), (NBD, "JPDEMO0002")]:
        decide_change([LevelChange(level, (serial,))], facts)
    for level, serial in [(NBD, "JPDEMO0001"), (DAY_AND_NIGHT, "JPDEMO0002")]:
        with pytest.raises(ChangeMissing):
            decide_change([LevelChange(level, (serial,))], facts)


def test_a_period_of_one_day_is_one() -> None:
    changes = [PeriodChange(end=START)]
    assert decide_change(changes, FACTS).state is ChangeState.RECEIVED


def test_req_2_a_serial_number_of_two_products_needs_the_product() -> None:
    twin = CoveredMachine("JPDEMO0001", "P19766-B21", NBD)
    facts = replace(FACTS, cover=replace(COVER, machines=(*COVER.machines, twin)))
    with pytest.raises(InvalidInput) as refused:
        decide_change([ConfigurationChange(remove=(named("JPDEMO0001"),))], facts)
    assert refused.value.places == (("/changes/0/remove/0", "serial_ambiguous"),)
    meant = NamedMachine("JPDEMO0001", "P19766-B21")
    assert decide_change([ConfigurationChange(remove=(meant,))], facts).warnings == ()


def test_req_2_a_machine_that_goes_may_come_back_as_another_entry() -> None:
    again = AddedMachine("868703-B21", "x", "JPDEMO0001")
    changes = [ConfigurationChange(add=(again,), remove=(named("JPDEMO0001"),))]
    assert decide_change(changes, FACTS).state is ChangeState.RECEIVED


@pytest.mark.parametrize("quote_state", [None, "issued", "ordered", "lapsed", "withdrawn"])
def test_req_2_a_change_of_the_contact_alone_is_applied_whatever_the_quote(
    quote_state: str | None,
) -> None:
    changes = [ContactChange("山田 太郎", "taro@example.com")]
    decision = decide_change(changes, replace(FACTS, quote_state=quote_state))
    assert (decision.state, decision.warnings) == (ChangeState.APPLIED, ())
    assert decision.rules == ("REQ-2",)


@pytest.mark.parametrize(
    ("quote_state", "changes", "state", "warnings"),
    [
        ("issued", [LevelChange(DAY_AND_NIGHT)], ChangeState.RECEIVED, ()),
        (
            "issued",
            [LevelChange(DAY_AND_NIGHT), ContactChange("a", "a@example.com")],
            ChangeState.RECEIVED,
            (),
        ),
        (
            "ordered",
            [LevelChange(DAY_AND_NIGHT)],
            ChangeState.REFERRED,
            ("changed_after_order",),
        ),
        (None, [LevelChange(DAY_AND_NIGHT)], ChangeState.REFERRED, ("no_open_quote",)),
        ("issued", [LevelChange("tech_care")], ChangeState.REFERRED, ("level_needs_person",)),
    ],
)
def test_req_6_who_looks_at_a_change(
    quote_state: str | None, changes: list[Change], state: ChangeState, warnings: tuple[str, ...]
) -> None:
    decision = decide_change(changes, replace(FACTS, quote_state=quote_state))
    assert (decision.state, decision.warnings) == (state, warnings)


@pytest.mark.parametrize("quote_state", ["declined", "superseded", "lapsed", "withdrawn", "draft"])
def test_quo_1_a_quote_that_ended_takes_no_change(quote_state: str) -> None:
    with pytest.raises(WrongState) as refused:
        decide_change([LevelChange(DAY_AND_NIGHT)], replace(FACTS, quote_state=quote_state))
    assert refused.value.facts == {"state": quote_state}
    assert refused.value.rules == ("QUO-1",)


@pytest.mark.parametrize(("days", "refused"), [(90, False), (-90, False), (91, True), (-91, True)])
def test_req_6_a_start_may_move_by_ninety_days(days: int, refused: bool) -> None:
    start = START + timedelta(days=days)
    changes = [PeriodChange(start=start, end=date(2028, 3, 31) + timedelta(days=30))]
    assert start_moves_too_far(START, start) is refused
    if not refused:
        decide_change(changes, FACTS)
        return
    with pytest.raises(NewOrderNeeded) as new_order:
        decide_change(changes, FACTS)
    assert (new_order.value.rules, new_order.value.facts) == (("REQ-6",), {"most_days": 90})
    # Without a quote there is nothing to measure by: a person looks.
    assert decide_change(changes, replace(FACTS, quote_state=None)).state is ChangeState.REFERRED


@pytest.mark.parametrize(
    ("changes", "warnings"),
    [
        ([LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",))], ("mixed_service_levels",)),
        ([LevelChange(DAY_AND_NIGHT, ("JPDEMO0001", "JPDEMO0002"))], ()),
        ([LevelChange(DAY_AND_NIGHT)], ()),
        (
            [
                ConfigurationChange(
                    replace=(
                        Replacement(named("JPDEMO0001"), replace(NEW, service_level=DAY_AND_NIGHT)),
                    )
                )
            ],
            ("mixed_service_levels",),
        ),
        ([ConfigurationChange(replace=(Replacement(named("JPDEMO0001"), NEW),))], ()),
        (
            [
                LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",)),
                ConfigurationChange(remove=(named("JPDEMO0002"),)),
            ],
            (),
        ),
        ([PeriodChange(end=date(2028, 6, 30))], ()),
    ],
)
def test_req_8_one_system_with_two_levels_warns(
    changes: list[Change], warnings: tuple[str, ...]
) -> None:
    decision = decide_change(changes, FACTS)
    assert decision.warnings == warnings
    assert ("REQ-8" in decision.rules) == bool(warnings)


@pytest.mark.parametrize(
    ("number", "warnings"),
    [
        ("P01234-B21", ()),
        ("P00002-B21", ("end_of_support_unknown",)),
        ("P00004-B21", ("product_unknown",)),
        # Support ends within the period: the line ends with it.
        ("868703-B21", ("end_after_end_of_support",)),
    ],
)
def test_eos_2_3_a_machine_that_comes_in_may_need_a_look(
    number: str, warnings: tuple[str, ...]
) -> None:
    longer = PeriodChange(end=date(2028, 9, 30))
    added = ConfigurationChange(add=(AddedMachine(number, "x", "JPNEW00001"),))
    changes: list[Change] = [added] if number != "868703-B21" else [longer, added]
    decision = decide_change(changes, FACTS)
    assert decision.warnings == warnings


@pytest.mark.parametrize(
    ("number", "code"),
    [("P00001-B21", "end_of_support_reached"), ("P00003-B21", "last_new_enrollment_passed")],
)
def test_eos_1_4_a_machine_whose_time_is_over_cannot_come_in(number: str, code: str) -> None:
    added = AddedMachine(number, "x", "JPNEW00001")
    for changes, place in (
        ([ConfigurationChange(add=(NEW, added))], "/changes/0/add/1"),
        (
            [ConfigurationChange(replace=(Replacement(named("JPDEMO0001"), added),))],
            "/changes/0/replace/0/to",
        ),
    ):
        with pytest.raises(EndOfSupportReached) as refused:
            decide_change(changes, FACTS)
        assert refused.value.places == ((place, code),)


def test_eos_1_3_4_all_machines_that_cannot_come_in_are_named() -> None:
    """Seen to fail when one that nobody knows hid those behind it."""
    numbers = ["P00004-B21", "P00001-B21", "P00002-B21", "P00003-B21"]
    added = ConfigurationChange(
        add=tuple(AddedMachine(number, "x", f"JPNEW0000{n}") for n, number in enumerate(numbers))
    )
    with pytest.raises(EndOfSupportReached) as refused:
        decide_change([added], FACTS)
    assert refused.value.places == (
        ("/changes/0/add/1", "end_of_support_reached"),
        ("/changes/0/add/3", "last_new_enrollment_passed"),
    )
    assert refused.value.rules == ("EOS-3", "EOS-1", "EOS-4")


def test_an_unusual_number_of_a_machine_that_comes_in_warns() -> None:
    odd = ConfigurationChange(add=(AddedMachine("?", "x", "SHORT"),))
    assert decide_change([odd], FACTS).warnings == (
        "product_unknown",
        "product_number_shape",
        "serial_number_shape",
    )


def test_eos_5_a_longer_period_warns_of_what_it_reaches() -> None:
    assert decide_change([PeriodChange(end=date(2028, 6, 30))], FACTS).warnings == ()
    longer = decide_change([PeriodChange(end=date(2028, 7, 1))], FACTS)
    assert longer.warnings == ("end_after_end_of_support",)
    assert longer.rules == ("REQ-2", "REQ-6", "EOS-2")


def test_eos_4_another_period_is_held_against_the_dates_of_the_kind() -> None:
    """Seen to fail when every change was taken for a renewal, or for none."""
    renewed = Lifecycle(last_renewal=START, end_of_support=date(2035, 1, 1))
    enrolled = Lifecycle(last_new_enrollment=START, end_of_support=date(2035, 1, 1))
    facts = replace(
        FACTS, lifecycles={"868703-B21": renewed, "P19766-B21": enrolled, "R1T30A": LONG_SUPPORT}
    )
    later = [PeriodChange(start=START + timedelta(days=1))]
    for kind, code in [
        (RequestKind.RENEWAL, "last_renewal_passed"),
        (RequestKind.NEW_ENROLLMENT, "last_new_enrollment_passed"),
    ]:
        decision = decide_change(later, replace(facts, kind=kind))
        assert decision.warnings == (code,)
        assert decision.rules == ("REQ-2", "REQ-6", "EOS-4")
    # What was so before the change is nobody's concern.
    same = replace(facts, cover=replace(COVER, start=START + timedelta(days=1)))
    assert decide_change([PeriodChange(end=date(2028, 9, 30))], same).warnings == ()


def test_req_8_what_the_machines_are_after_the_changes() -> None:
    """Seen to fail when a machine that comes in for another lost its level or its system, and when
    a licence was meant by its product number beside a machine of the same product.
    """
    ctr = "proactive_care_ctr"
    twin = CoveredMachine("JPDEMO0003", "R1T30A", NBD, "SYS2")
    cover = replace(COVER, machines=(ONE, TWO, twin, LICENCE))
    other = AddedMachine("P00009-B21", "Other", "JPNEW00002", service_level=ctr)
    unlike = AddedMachine("P00009-B21", "Other", "JPNEW00003")
    changes: list[Change] = [
        PeriodChange(end=date(2028, 9, 30)),
        LevelChange(DAY_AND_NIGHT, ("JPDEMO0001",)),
        ConfigurationChange(
            add=(NEW, other),
            remove=(NamedMachine(product_number="R1T30A"),),
            replace=(
                Replacement(named("JPDEMO0001"), replace(NEW, serial_number="JPNEW00004")),
                Replacement(named("JPGONE0001"), unlike),
            ),
        ),
    ]
    assert machines_after(cover, changes) == [
        TWO,
        twin,
        CoveredMachine("JPNEW00004", "P01234-B21", DAY_AND_NIGHT, "SYS1"),
        CoveredMachine("JPNEW00003", "P00009-B21", NBD, None),
        CoveredMachine("JPNEW00001", "P01234-B21", NBD, None),
        CoveredMachine("JPNEW00002", "P00009-B21", ctr, None),
    ]
    # A level for all is that of whatever comes in.
    raised = machines_after(cover, [LevelChange(ctr), ConfigurationChange(add=(NEW,))])
    assert {machine.service_level for machine in raised} == {ctr}


LEVELS = st.sampled_from([NBD, DAY_AND_NIGHT, "proactive_care_ctr", "tech_care"])
SERIALS = st.sampled_from(["JPDEMO0001", "JPDEMO0002", "JPOTHER001", "JPNEW00001"])
MACHINES = st.builds(AddedMachine, st.sampled_from([*PRODUCTS, "NONE"]), st.just("x"), SERIALS)
NAMED = st.builds(NamedMachine, SERIALS)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        PeriodChange,
        st.none() | st.dates(date(2027, 1, 1), date(2027, 7, 1)),
        st.none() | st.dates(date(2027, 7, 1), date(2029, 7, 1)),
    ),
    st.builds(LevelChange, LEVELS, st.lists(SERIALS, max_size=2).map(tuple)),
    st.builds(ContactChange, st.sampled_from(["a", "b"]), st.just("a@example.com")),
    st.builds(
        ConfigurationChange,
        st.lists(MACHINES, max_size=2).map(tuple),
        st.lists(NAMED, max_size=1).map(tuple),
        st.lists(st.builds(Replacement, NAMED, MACHINES), max_size=1).map(tuple),
    ),
)


@given(CHANGES)
def test_req_2_a_change_is_kept_as_it_was_asked_for(change: Change) -> None:
    record = record_of(change)
    assert record["kind"] in {"period", "level", "contact", "configuration"}
    assert change_of(json.loads(json.dumps(record))) == change


QUOTE_STATES = st.sampled_from([None, "issued", "ordered", "lapsed"])


@given(st.lists(CHANGES, max_size=4), QUOTE_STATES)
def test_req_2_a_change_is_refused_by_name_or_begins_in_one_of_three_states(
    changes: list[Change], quote_state: str | None
) -> None:
    try:
        decision = decide_change(changes, replace(FACTS, quote_state=quote_state))
    except DeskError as refusal:
        assert refusal.code in {  # noqa: PT017 — any of these may come, and nothing else.
            "change_missing",
            "invalid_input",
            "new_order_needed",
            "end_of_support_reached",
            "wrong_state",
        }
        return
    only_contact = all(isinstance(change, ContactChange) for change in changes)
    assert changes
    assert (decision.state is ChangeState.APPLIED) == only_contact
    if not only_contact and quote_state != "issued":
        assert decision.state is ChangeState.REFERRED
    assert decision.rules[0] == "REQ-2"
    assert len(set(decision.warnings)) == len(decision.warnings)


@given(st.dates(date(2026, 1, 1), date(2028, 12, 31)))
def test_req_6_more_than_ninety_days_either_way_is_a_new_order(start: date) -> None:
    changes = [PeriodChange(start=start, end=date(2030, 1, 1))]
    try:
        decide_change(changes, FACTS)
    except NewOrderNeeded:
        assert abs((start - START).days) > 90
    else:
        assert abs((start - START).days) <= 90


@given(
    st.lists(
        st.builds(CoveredMachine, SERIALS, st.just("868703-B21"), LEVELS, st.none()),
        min_size=1,
        max_size=6,
    ),
    LEVELS,
)
def test_req_8_one_level_for_all_never_leaves_a_mixed_system(
    machines: list[CoveredMachine], level: str
) -> None:
    cover = replace(COVER, machines=tuple(machines))
    after = machines_after(cover, [LevelChange(level)])
    assert not mixed_systems(after)
    assert [machine.serial_number for machine in after] == [
        machine.serial_number for machine in machines
    ]
    assert mixed_systems(machines) == (len({each.service_level for each in machines}) > 1)
