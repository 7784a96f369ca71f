"""What quotes are drafted and amended to (QUO-3 to QUO-6, EOS, ELG-7, FEE-9)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.errors import AmountsDisagree, InvalidInput, PastEndOfSupport
from app.domain.periods import Period
from app.domain.pricing import line_price
from app.domain.quote_amending import (
    Amendment,
    FeeSetting,
    LineChange,
    amended_lines,
)
from app.domain.quote_drafting import (
    Catalogue,
    Drafted,
    Source,
    WishedQuote,
    draft_lines,
    line_period,
    mixed_flags,
)
from app.domain.quote_previews import preview_co_term
from app.domain.quotes import (
    BLOCKING_FLAGS,
    AddresseeKind,
    CheckFacts,
    ConsumedTerm,
    LeftOut,
    LineKind,
    QuoteLine,
    addressee_line,
    fee_line,
    flags_of,
    flags_of_check,
    known_fee,
    left_out_of,
    open_flags,
    own_flags,
    period_of,
    plain_name,
    totals_of,
)
from app.domain.tax import Rounding
from app.domain.texts import text

OLD_END = date(2027, 3, 31)
START = date(2027, 4, 1)
NBD, FULL = "foundation_care_nbd", "foundation_care_24x7"
RENEWAL = WishedQuote(RequestKind.RENEWAL)
SUPPORTED = Lifecycle(end_of_support=date(2035, 1, 1))
MACHINE = Source(
    product_name="Server",
    service_level=NBD,
    product_number="867959-B21",
    serial_number="JPT0000001",
    own_level=NBD,
    annual_price=1200,
    covered_until=OLD_END,
    contract_number="JP-1000-0001",
    line_number=1,
)


def known(
    lifecycle: Lifecycle = SUPPORTED, prices: dict[str, list[tuple[date, int]]] | None = None
) -> Catalogue:
    return Catalogue(
        {"867959-B21": lifecycle},
        {("867959-B21", level): steps for level, steps in (prices or {}).items()},
    )


def one(
    source: Source = MACHINE, wished: WishedQuote = RENEWAL, catalogue: Catalogue | None = None
) -> QuoteLine:
    drafted = draft_lines([source], wished, catalogue or known())
    assert drafted is not None
    (line,) = drafted.lines
    return line


def left(catalogue: Catalogue, wished: WishedQuote = RENEWAL) -> str:
    drafted = draft_lines([MACHINE], wished, catalogue)
    assert drafted is not None
    assert drafted.lines == ()
    (out,) = drafted.left_out
    assert (out.contract_number, out.line_number) == ("JP-1000-0001", 1)
    # Every reason has its words.
    assert text(f"left_out.{out.reason}", "ja")
    return out.reason


# Periods of lines.


def test_quo_5_a_renewal_follows_its_own_old_end_for_twelve_months() -> None:
    line = one()
    assert (line.start, line.end) == (START, date(2028, 3, 31))


@pytest.mark.parametrize(
    ("wished", "period"),
    [
        # Earlier than the old end allows: seamless all the same.
        (WishedQuote(RequestKind.RENEWAL, date(2027, 1, 1)), (START, date(2028, 3, 31))),
        (
            WishedQuote(RequestKind.RENEWAL, date(2027, 6, 1)),
            (date(2027, 6, 1), date(2028, 5, 31)),
        ),
        (WishedQuote(RequestKind.RENEWAL, term_months=36), (START, date(2030, 3, 31))),
        (WishedQuote(RequestKind.RENEWAL, end=date(2027, 9, 30)), (START, date(2027, 9, 30))),
        # The other kinds start when it is wished, whatever covered the machine.
        (
            WishedQuote(RequestKind.UPGRADE, date(2027, 1, 1)),
            (date(2027, 1, 1), date(2027, 12, 31)),
        ),
        (WishedQuote(RequestKind.UPGRADE), None),
    ],
)
def test_term_1_where_the_period_of_a_line_comes_from(
    wished: WishedQuote, period: tuple[date, date] | None
) -> None:
    assert line_period(MACHINE, wished) == (None if period is None else Period(*period))


def test_a_line_that_runs_beyond_the_wished_end_is_left_out() -> None:
    assert left(known(), replace(RENEWAL, end=OLD_END)) == "end_before_start"


# Prices.


@pytest.mark.parametrize(
    ("steps", "annual"),
    [
        ([], 1200),
        ([(date(2027, 4, 2), 9)], 1200),
        ([(date(2027, 4, 1), 7)], 7),
        ([(date(2020, 1, 1), 5), (date(2027, 4, 1), 7), (date(2027, 4, 2), 9)], 7),
    ],
)
def test_quo_5_the_list_in_force_on_the_start_date_goes_before_the_own_price(
    steps: list[tuple[date, int]], annual: int
) -> None:
    line = one(catalogue=known(prices={NBD: steps}))
    assert (line.annual_price, line.unit_price) == (annual, annual)


def test_the_price_of_another_level_is_no_fallback() -> None:
    line = one(wished=replace(RENEWAL, service_level=FULL))
    assert line.flags == ("price_missing",)
    assert (line.unit_price, line.annual_price) == (0, None)


@given(
    st.integers(0, 10**9),
    st.integers(1, 1000),
    st.dates(date(2027, 4, 1), date(2034, 12, 31)),
)
def test_quo_5_the_amount_is_the_unit_price_of_the_period_by_the_quantity(
    annual: int, quantity: int, end: date
) -> None:
    source = replace(MACHINE, annual_price=annual, quantity=quantity)
    line = one(source, replace(RENEWAL, end=end))
    price = line_price(annual, quantity, START, end)
    assert (line.unit_price, line.amount) == (price.unit_price, price.amount)


# The gate of end of support.


@pytest.mark.parametrize(
    ("end_of_support", "covers", "end"),
    [
        (date(2028, 3, 31), True, date(2028, 3, 31)),
        (date(2028, 3, 30), True, date(2028, 3, 30)),
        (date(2028, 3, 31), False, date(2028, 3, 30)),
        (date(2027, 4, 2), True, date(2027, 4, 2)),
    ],
)
def test_eos_2_a_line_ends_with_the_support(end_of_support: date, covers: bool, end: date) -> None:
    catalogue = replace(known(Lifecycle(end_of_support=end_of_support)), covers_last_day=covers)
    line = one(catalogue=catalogue)
    assert line.end == end
    assert line.flags == (() if end == date(2028, 3, 31) else ("truncated",))


@pytest.mark.parametrize(
    ("lifecycle", "reason"),
    [
        (Lifecycle(end_of_support=START), "end_of_support"),
        (Lifecycle(end_of_support=date(2026, 1, 1)), "end_of_support"),
        (
            Lifecycle(last_renewal=OLD_END, end_of_support=date(2035, 1, 1)),
            "last_renewal_passed",
        ),
    ],
)
def test_eos_1_4_what_cannot_be_renewed_is_left_out(lifecycle: Lifecycle, reason: str) -> None:
    assert left(known(lifecycle)) == reason


def test_eos_3_an_unknown_end_is_flagged_until_the_desk_has_looked() -> None:
    line = one(catalogue=known(Lifecycle()))
    assert line.flags == ("end_of_support_unknown",)
    looked = Amendment(lines=(LineChange(1, support_reason="確認済み"),))
    (after,) = changed([line], looked, known(Lifecycle())).lines
    assert after.flags == ()
    assert after.decisions == {"end_of_support": {"reason": "確認済み"}}


@given(
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.booleans(),
    st.sampled_from(RequestKind),
)
def test_eos_1_2_no_line_goes_past_the_end_of_support(
    end_of_support: date, end: date, covers: bool, kind: RequestKind
) -> None:
    catalogue = replace(known(Lifecycle(end_of_support=end_of_support)), covers_last_day=covers)
    drafted = draft_lines([MACHINE], WishedQuote(kind, START, end), catalogue)
    assert drafted is not None
    assert len(drafted.lines) + len(drafted.left_out) == 1
    for line in drafted.lines:
        assert line.start is not None
        assert line.end is not None
        last = end_of_support if covers else end_of_support - timedelta(days=1)
        assert line.start < end_of_support
        assert line.start <= line.end <= min(last, end)
        assert ("truncated" in line.flags) == (line.end < end)


# Amendments.


def changed(
    lines: list[QuoteLine], amendment: Amendment, catalogue: Catalogue | None = None
) -> Drafted:
    return amended_lines(lines, amendment, RequestKind.RENEWAL, catalogue or known(), 1000)


def test_a_price_of_the_desk_stays_through_other_changes_until_the_list_is_wanted() -> None:
    line = one()
    priced = LineChange(1, unit_price=999, price_reason="値引")
    (own,) = changed([line], Amendment(lines=(priced,))).lines
    assert (own.unit_price, own.flags) == (999, ("price_set",))
    (kept,) = changed([own], Amendment(end=date(2029, 3, 31))).lines
    assert kept.unit_price == 999
    (back,) = changed([kept], Amendment(lines=(LineChange(1, list_price=True),))).lines
    assert (back.unit_price, back.flags, back.decisions) == (2400, (), {})


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (LineChange(2), InvalidInput),
        (LineChange(1, start=date(2028, 4, 1)), InvalidInput),
        (LineChange(1, end=date(2035, 1, 2)), PastEndOfSupport),
        (LineChange(1, start=date(2035, 1, 1), end=date(2036, 1, 1)), PastEndOfSupport),
        (LineChange(1, amount=1199), AmountsDisagree),
        (LineChange(1, unit_price=105, price_reason="x", quantity=3, amount=314), AmountsDisagree),
    ],
)
def test_a_change_that_cannot_be_is_refused_at_its_place(
    change: LineChange, refusal: type[InvalidInput]
) -> None:
    with pytest.raises(refusal) as refused:
        changed([one()], Amendment(lines=(change,)))
    assert refused.value.places[0][0].startswith("/lines/0/")


def test_a_line_is_changed_once_and_a_fee_is_no_line() -> None:
    for lines, numbers in (([one()], (1, 1)), ([one(), fee_line(5, 1000)], (2,))):
        changes = tuple(LineChange(number) for number in numbers)
        with pytest.raises(InvalidInput):
            changed(lines, Amendment(lines=changes))


def test_quo_6_what_is_left_out_keeps_its_origin_and_reason() -> None:
    found = changed([one(), one()], Amendment(lines=(LineChange(1, leave_out_reason="撤去"),)))
    assert len(found.lines) == 1
    assert found.left_out == (left_out_of(one(), "desk", "撤去"),)


@pytest.mark.parametrize(
    ("wished", "catalogue"),
    [
        (RENEWAL, known()),
        # Its own period, a price of the list, a part of a year, an earlier end of support.
        (replace(RENEWAL, start=date(2027, 6, 1), term_months=36), known()),
        (replace(RENEWAL, end=date(2027, 9, 30)), known(prices={NBD: [(START, 3650)]})),
        (replace(RENEWAL, service_level=FULL), known(prices={FULL: [(START, 3650)]})),
        (replace(RENEWAL, service_level=FULL), known()),
        (RENEWAL, known(Lifecycle(end_of_support=date(2027, 9, 30)))),
        (RENEWAL, known(Lifecycle())),
    ],
)
def test_quo_6_a_line_comes_back_as_it_was_first_drafted(
    wished: WishedQuote, catalogue: Catalogue
) -> None:
    first = one(replace(MACHINE, quantity=3), wished, catalogue)
    (at_once,) = (
        draft_lines([replace(MACHINE, quantity=3, leave_out_reason="x")], wished, catalogue)
        or Drafted((), ())
    ).left_out
    later = left_out_of(first, "desk", "x")
    for left_out in (at_once, later):
        other = left_out_of(one(), "split_off")
        found = amended_lines(
            [one(), fee_line(5, 1000)],
            Amendment(restored=(2,)),
            RequestKind.RENEWAL,
            catalogue,
            1000,
            (other, left_out),
        )
        assert found.lines[1] == first
        assert found.lines[2].kind is LineKind.FEE
        assert found.left_out == (other,)


def test_quo_6_a_line_that_comes_back_takes_what_changes_for_all_lines() -> None:
    left_out = (left_out_of(one(), "desk", "x"),)
    everything = Amendment(restored=(1,), end=date(2027, 9, 30), service_level=FULL)
    catalogue = known(prices={FULL: [(START, 3650)]})
    found = amended_lines([one()], everything, RequestKind.RENEWAL, catalogue, 1000, left_out)
    assert found.lines[0] == found.lines[1]
    assert (found.lines[1].end, found.lines[1].service_level) == (date(2027, 9, 30), FULL)


@pytest.mark.parametrize(
    ("restored", "lifecycle", "refusal", "place"),
    [
        ((3,), SUPPORTED, InvalidInput, ("/restored/0", "line_unknown")),
        ((1, 1), SUPPORTED, InvalidInput, ("/restored/1", "line_twice")),
        ((2,), SUPPORTED, InvalidInput, ("/restored/0", "line_not_kept")),
        ((1,), Lifecycle(end_of_support=START), PastEndOfSupport, None),
    ],
)
def test_quo_6_what_cannot_come_back_is_refused_at_its_place(
    restored: tuple[int, ...],
    lifecycle: Lifecycle,
    refusal: type[InvalidInput],
    place: tuple[str, str] | None,
) -> None:
    left_out = (left_out_of(one(), "desk", "x"), LeftOut("JP-1", 2, "desk", "before 2026-11"))
    amendment = Amendment(restored=restored)
    with pytest.raises(refusal) as refused:
        amended_lines([], amendment, RequestKind.RENEWAL, known(lifecycle), 1000, left_out)
    assert list(refused.value.places) == [place or ("/restored/0", "past_end_of_support")]


def test_a_machine_that_comes_in_shares_the_period_of_the_others() -> None:
    new = Source("Switch", FULL, "867959-B21", own_level=FULL, annual_price=365)
    found = changed([one()], Amendment(added=(new,), end=date(2027, 9, 30)))
    assert [(line.start, line.end) for line in found.lines] == [(START, date(2027, 9, 30))] * 2
    with pytest.raises(InvalidInput):
        changed([fee_line(5, 1000)], Amendment(added=(new,)))


@pytest.mark.parametrize(("amount", "fees"), [(0, []), (700, [700])])
def test_fee_9_the_desk_sets_a_fee_or_waives_it(amount: int, fees: list[int]) -> None:
    lines = [one(), fee_line(5, 1000)]
    found = changed(lines, Amendment(fee=FeeSetting(amount, "x")))
    assert [line.amount for line in found.lines if line.kind is LineKind.FEE] == fees


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    st.dates(date(2027, 4, 1), date(2036, 1, 1)),
    st.sampled_from([None, NBD, FULL]),
)
def test_quo_6_an_amendment_loses_no_line_and_changes_nothing_twice(
    prices: list[int], end: date, level: str | None
) -> None:
    lines = [one(replace(MACHINE, annual_price=price)) for price in prices]
    amendment = Amendment(end=end, service_level=level)
    found = changed(lines, amendment)
    assert len(found.lines) + len(found.left_out) == len(lines)
    assert changed(list(found.lines), amendment).lines == found.lines


# What follows from the lines.


@given(st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from([0, 800, 1000])), max_size=8))
def test_quo_4_totals_add_up(amounts: list[tuple[int, int]]) -> None:
    lines = [replace(one(), unit_price=amount, tax_rate_bp=rate) for amount, rate in amounts]
    totals = totals_of(lines)
    assert totals.subtotal == sum(line.amount for line in lines)
    assert totals.total == totals.subtotal + sum(rate.tax for rate in totals.rates)
    assert sum(rate.taxable for rate in totals.rates) == totals.subtotal


def test_quo_4_the_direction_of_rounding_is_a_setting() -> None:
    lines = [replace(one(), unit_price=105, quantity=1, tax_rate_bp=1000)]
    assert totals_of(lines).tax == 10
    assert totals_of(lines, Rounding.CEILING).tax == 11


def test_term_4_the_period_of_a_quote_is_that_of_its_lines() -> None:
    later = one(wished=replace(RENEWAL, start=date(2027, 6, 1)))
    assert period_of([later, one(), fee_line(5, 1000)]) == Period(START, date(2028, 5, 31))
    assert period_of([fee_line(5, 1000)]) is None
    assert period_of([replace(one(), start=None), replace(one(), end=None)]) is None


@pytest.mark.parametrize(
    ("kind", "written", "line"),
    [
        ("company", "株式会社見本", "株式会社見本 御中"),
        ("company", " 株式会社見本 御中 ", "株式会社見本 御中"),
        ("person", "髙﨑 花子様", "髙﨑 花子 様"),
        ("company", "山田 太郎 様", None),
        ("person", "株式会社見本御中", None),
        ("person", "山田様御中", None),
        ("company", "御中", None),
        ("person", "  ", None),
    ],
)
def test_quo_3_a_company_or_a_person_never_both(kind: str, written: str, line: str | None) -> None:
    name = plain_name(AddresseeKind(kind), written)
    assert (None if name is None else addressee_line(AddresseeKind(kind), name)) == line


@given(st.sampled_from(AddresseeKind), st.text(max_size=30))
def test_quo_3_an_addressee_has_exactly_one_honorific(kind: AddresseeKind, name: str) -> None:
    plain = plain_name(kind, name)
    if plain is not None:
        assert plain_name(kind, addressee_line(kind, plain)) == plain
        other = next(each for each in AddresseeKind if each is not kind)
        assert plain_name(other, addressee_line(kind, plain)) is None


TERM = ConsumedTerm("JPT0000001", None, Period(START, date(2028, 3, 31)), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("kind", "check", "flags", "fee"),
    [
        ("renewal", None, (), None),
        ("upgrade", None, ("fee_to_decide", "eligibility_to_review"), None),
        ("upgrade", CheckFacts("eligible", "none", 0), (), None),
        ("upgrade", CheckFacts("eligible_with_conditions", "fee", 700), (), 700),
        ("upgrade", CheckFacts("eligible", "fee", None), ("fee_to_decide",), None),
        ("upgrade", CheckFacts("eligible", "manual", None), ("fee_to_decide",), None),
        (
            "upgrade",
            CheckFacts("needs_inspection", "fee", 700),
            ("eligibility_to_review",),
            700,
        ),
        ("upgrade", CheckFacts("eligible", "fee", 7, (TERM,)), ("eligibility_to_review",), 7),
    ],
)
def test_fee_9_what_a_check_leaves_open(
    kind: str, check: CheckFacts | None, flags: tuple[str, ...], fee: int | None
) -> None:
    assert flags_of_check(RequestKind(kind), check) == flags
    assert known_fee(check) == fee
    assert own_flags((*flags, "truncated"), {}) == flags
    assert own_flags(flags, {"fee": {}, "eligibility": {}}) == ()


def test_flags_of_a_quote_are_those_of_its_lines_and_its_own_once_each() -> None:
    lines = [replace(one(), flags=("truncated", "price_missing")), one()]
    flags = flags_of(lines, ("fee_to_decide", "truncated"))
    assert flags == ("fee_to_decide", "truncated", "price_missing")
    assert open_flags(flags) == ("fee_to_decide", "price_missing")
    assert flags_of([fee_line(5, 1000)]) == ("no_lines",)
    for flag in BLOCKING_FLAGS:
        assert text(f"quote.{flag}", "ja") != text(f"quote.{flag}", "en")


@pytest.mark.parametrize(
    ("levels", "systems", "mixed"),
    [
        ((NBD, NBD), {}, False),
        ((NBD, FULL), {}, True),
        ((NBD, FULL), {"A": "S-1", "B": "S-2"}, False),
        ((NBD, FULL), {"A": "S-1", "B": "S-1"}, True),
    ],
)
def test_elg_7_a_mixed_system_is_flagged(
    levels: tuple[str, str], systems: dict[str, str], mixed: bool
) -> None:
    lines = [
        replace(one(), service_level=level, serial_number=serial)
        for level, serial in zip(levels, "AB", strict=True)
    ]
    assert mixed_flags(lines, systems) == (("mixed_service_levels",) if mixed else ())
    # Periods count where machines are known to make a system.
    later = [lines[0], replace(lines[0], serial_number="B", end=date(2029, 1, 1))]
    together = {"A": "S-1", "B": "S-1"}
    assert mixed_flags(later, together) == ("mixed_service_levels",)
    assert mixed_flags(later, {}) == ()


@given(st.dates(date(2026, 1, 1), date(2037, 12, 31)))
def test_quo_5_a_preview_has_a_price_or_a_problem(end: date) -> None:
    lines = [one(), fee_line(5, 1000), replace(one(), flags=("price_missing",))]
    previews = preview_co_term(lines, end, RequestKind.RENEWAL, known())
    assert [preview.line_id for preview in previews] == ["1", "3"]
    for preview in previews:
        assert (preview.price is None) == (preview.problem is not None)
        assert (preview.difference is None) == (preview.price is None)
    assert previews[1].problem is not None
    if START <= end <= date(2035, 1, 1):
        assert previews[0].price == line_price(1200, 1, START, end)
    else:
        assert previews[0].problem in {"end_before_start", "end_after_end_of_support"}
