"""What the printed documents say: dates, amounts, deadlines (QUO-3, DL-1, DL-2).

The whole of a document was seen to fail when a contact was left out, and when a fee noted its
dates.
"""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.printed_documents import (
    PrintedLine,
    PrintedQuote,
    PrintedTax,
    japanese_date,
    level_name,
    percent,
    printed_quote,
    yen,
)
from tests.printing.made_up import FEE, ISSUER, Line, Version, machines, made_up


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


def test_quo_3_every_text_of_a_version_finds_its_place() -> None:
    dated_fee = replace(FEE, start_date=date(2027, 4, 1), tax_rate_bp=800)
    both = Line(
        quantity=1_500,
        start_date=date(2027, 4, 1),
        end_date=date(2027, 9, 30),
        service_level="proactive_care_ctr",
    )
    quote = made_up([both, dated_fee], conditions=" 一つ目 \n\n二つ目")
    assert quote == PrintedQuote(
        draft=False,
        quote_number="Q2026-0001234",
        version="第2版",
        issued_on="2026年11月2日",
        addressee="株式会社髙﨑𠮷野システムズ 御中",
        customer_name="株式会社髙﨑𠮷野システムズ",
        contact_name="佐藤 花子",
        contact_email="hanako.sato@customer.example",
        issuer=ISSUER,
        subject="サポートサービス契約(更新)",
        contract_number="JP-4410-0001",
        service_id="1234 5678 9012",
        period="2027年1月1日 〜 2027年12月31日",
        service_level="Foundation Care NBD",
        order_deadline="2026年12月31日",
        order_deadline_rule="契約開始日の前日",
        valid_until="2026年12月15日",
        conditions=("一つ目", "二つ目"),
        services=(
            PrintedLine(
                product_number="867959-B21",
                product_name="ProLiant DL360 Gen10 8SFF CTOサーバー",
                serial_number="JPX0000001",
                quantity="1,500",
                unit_price="118,000",
                amount="177,000,000",
                rate="10%",
                note="期間 2027年4月1日 〜 2027年9月30日 / Proactive Care CTR",
            ),
        ),
        fees=(PrintedLine("", "再加入手数料", "", "1", "50,000", "50,000", "8%", ""),),
        several_rates=True,
        subtotal="177,050,000",
        taxes=(
            PrintedTax("10%", "177,000,000", "17,700,000"),
            PrintedTax("8%", "50,000", "4,000"),
        ),
        total="194,754,000",
    )


def test_what_a_version_does_not_have_is_left_empty() -> None:
    version = Version(
        kind="of_another_kind",
        contact_name=None,
        contact_email=None,
        conditions=None,
        valid_until=None,
        issued_on=None,
    )
    quote = printed_quote(
        "Q1", version, [], ISSUER, customer_name="x", contract_number=None, service_id=None
    )
    assert not quote.draft
    assert (quote.contact_name, quote.contact_email) == ("", "")
    assert (quote.contract_number, quote.service_id) == ("", "")
    assert (quote.issued_on, quote.valid_until, quote.conditions) == ("", "", ())
    assert quote.subject == "サポートサービス契約(of_another_kind)"
    assert made_up([], draft=True).draft
