"""What the printed documents say: dates, amounts, deadlines (QUO-3, DL-1, DL-2)."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.printed_documents import (
    japanese_date,
    level_name,
    percent,
    yen,
)
from tests.printing.made_up import FEE, Line, machines, made_up


@pytest.mark.parametrize(
    ("kind", "name", "written"),
    [("company", "株式会社髙﨑", "株式会社髙﨑 御中"), ("person", "佐藤 花子", "佐藤 花子 様")],
)
def test_an_addressee_has_one_honorific(kind: str, name: str, written: str) -> None:
    assert made_up([Line()], addressee_kind=kind, addressee_name=name).addressee == written


@pytest.mark.parametrize(
    ("amount", "written"), [(0, "0"), (1_234_567, "1,234,567"), (-1_000, "△1,000")]
)
def test_yen_are_written_with_commas(amount: int, written: str) -> None:
    assert yen(amount) == written


@pytest.mark.parametrize(
    ("rate_bp", "written"), [(1_000, "10%"), (800, "8%"), (850, "8.5%"), (5, "0.05%"), (0, "0%")]
)
def test_a_rate_is_written_in_percent(rate_bp: int, written: str) -> None:
    assert percent(rate_bp) == written


def test_days_and_levels_are_written_out() -> None:
    assert japanese_date(date(2026, 4, 1)) == "2026年4月1日"
    assert level_name("foundation_care_nbd") == "Foundation Care NBD"
    assert level_name("proactive_care_24x7") == "Proactive Care 24x7"


def test_the_deadline_tells_where_it_comes_from() -> None:
    assert made_up([Line()]).order_deadline_rule == "契約開始日の前日"
    stated = made_up([Line()], stated_deadline=date(2026, 12, 10))
    assert stated.order_deadline_rule == "契約条件により指定"
    draft = made_up([Line()], order_deadline=None)
    assert (draft.order_deadline, draft.order_deadline_rule) == ("", "")


def test_a_line_notes_only_what_differs_from_the_head() -> None:
    same = Line(start_date=date(2027, 1, 1), end_date=date(2027, 12, 31))
    later = replace(same, start_date=date(2027, 4, 1))
    level = replace(same, service_level="proactive_care_ctr")
    assert [row.note for row in made_up([Line(), same, later, level]).services] == [
        "",
        "",
        "期間 2027年4月1日 〜 2027年12月31日",
        "Proactive Care CTR",
    ]


def test_fees_stand_apart_and_several_rates_are_shown() -> None:
    quote = made_up([FEE, *machines(2)])
    assert [row.product_name for row in quote.fees] == ["再加入手数料"]
    assert len(quote.services) == 2
    assert not quote.several_rates
    reduced = made_up([Line(), replace(FEE, tax_rate_bp=800)])
    assert reduced.several_rates
    assert [each.rate for each in reduced.taxes] == ["10%", "8%"]
