"""Identifiers: what the chapter "Words" of the rules asks of input."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import identifiers as ids


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("867959-B21", "867959-B21"),
        ("867959-b21", "867959-B21"),
        ("\uff18\uff16\uff17\uff19\uff15\uff19\uff0d\uff42\uff12\uff11", "867959-B21"),
        ("  S0B84A \u3000", "S0B84A"),
        ("a  b\u3000\u3000c", "A B C"),
        ("a b", "A B"),
        (" x1x ", "X1X"),
        (" X1X ", "X1X"),
        ("\u3000X1X\u3000", "X1X"),
        ("", ""),
        (" ", ""),
        ("867959\u30fcB21", "867959-B21"),
        ("867959\uff70B21", "867959-B21"),
        ("サーバー", "サーバー"),
        ("DL380サーバー1", "DL380サーバー1"),
        ("A\u30fc", "A\u30fc"),
        ("\u30fcA", "\u30fcA"),
        ("a\u301cb", "A\u301cB"),
        ("ABC\u200b123", "ABC123"),
        ("\ufeffabc", "ABC"),
        ("abc\n", "ABC\n"),
        ("\tabc", "\tABC"),
        ("日本\n", "日本\n"),
        ("①", "1"),
        ("\u0390", "\u03aa\u0301"),  # Upper case alone would give three marks that compose.
        ("プロライアント", "プロライアント"),
    ],
)
def test_words_normalise(raw: str, wanted: str) -> None:
    assert ids.normalise(raw) == wanted


@pytest.mark.parametrize(
    "dash", list("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63\ufe58\u2043\u2500")
)
def test_words_every_dash_becomes_a_hyphen(dash: str) -> None:
    assert ids.normalise(f"867959{dash}b21") == "867959-B21"
    assert ids.normalise_product_number(f"867959 {dash} b21") == "867959-B21"
    assert ids.normalise_service_id(f"1234{dash}5678{dash}9012") == "123456789012"


@pytest.mark.parametrize("dash", list(ids._DASHES))
def test_words_the_dash_table_is_whole(dash: str) -> None:
    assert ids.normalise_keeping_case(f"a{dash}b") == "a-b"


@pytest.mark.parametrize("mark", list(ids._INVISIBLE))
def test_words_invisible_marks_go(mark: str) -> None:
    assert ids.normalise_keeping_case(f"a{mark}b") == "ab"


@given(st.text(max_size=12))
def test_words_normalising_twice_changes_nothing(text: str) -> None:
    once = ids.normalise(text)
    assert ids.normalise(once) == once
    kept = ids.normalise_keeping_case(text)
    assert ids.normalise_keeping_case(kept) == kept


@given(st.from_regex(r"[A-Za-z0-9#-]{1,20}", fullmatch=True))
def test_words_full_width_reads_as_half_width(text: str) -> None:
    wide = "".join(chr(ord(mark) + 0xFEE0) for mark in text)
    assert ids.normalise(wide) == ids.normalise(text) == text.upper()


def test_words_a_sar_keeps_its_case() -> None:
    assert ids.normalise_keeping_case("  aBc  d ") == "aBc d"
    assert ids.normalise_keeping_case("aBc") == "aBc"


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("867959-B21 #ABJ", "867959-B21#ABJ"),
        ("867959-B21# ABJ", "867959-B21#ABJ"),
        ("867959 -B21", "867959-B21"),
        ("S0B84A", "S0B84A"),
        ("s0b84a x", "S0B84A X"),
    ],
)
def test_words_product_number(raw: str, wanted: str) -> None:
    assert ids.normalise_product_number(raw) == wanted


@pytest.mark.parametrize(
    ("number", "warned"),
    [
        ("867959-B21", False),
        ("S0B84A", False),
        ("P02462-B21", False),
        ("HA124A1#5XY", False),
        ("867959-B21#ABJ", False),
        ("AAAA", True),
        ("AAAAAAAA", True),
        ("867959-B2", True),
        ("867959-B21#AB", True),
        ("867959B21-", True),
        ("s0b84a", True),
        ("S0B84A\n", True),
        ("", True),
    ],
)
def test_words_product_number_shape_warns(number: str, warned: bool) -> None:
    assert ids.product_number_warnings(number) == (("product_number_shape",) if warned else ())


@pytest.mark.parametrize(
    ("serial", "warned"),
    [
        ("JPT1234567", False),
        ("JPT123456789", False),
        ("JPT12345678", True),
        ("JPT123456", True),
        ("JPT12345678901", True),
        ("JPT123456\n", True),
        ("jpt1234567", True),
        ("", True),
    ],
)
def test_words_serial_shape_warns(serial: str, warned: bool) -> None:
    assert ids.serial_warnings(serial) == (("serial_number_shape",) if warned else ())
    assert ids.normalise_serial(" jpt1234567") == "JPT1234567"


@pytest.mark.parametrize(
    ("raw", "stored", "good", "printed"),
    [
        ("1234 5678 9012", "123456789012", True, "1234 5678 9012"),
        ("1234-5678-9012", "123456789012", True, "1234 5678 9012"),
        ("123456789012", "123456789012", True, "1234 5678 9012"),
        (
            "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10\uff11\uff12",
            "123456789012",
            True,
            "1234 5678 9012",
        ),
        ("2234 5678 9012", "223456789012", False, "223456789012"),
        ("12345678901", "12345678901", False, "12345678901"),
        ("1234567890123", "1234567890123", False, "1234567890123"),
        ("123456789012\n", "123456789012\n", False, "123456789012\n"),
        ("١٢٣٤", "١٢٣٤", False, "١٢٣٤"),
    ],
)
def test_words_service_id(raw: str, stored: str, good: bool, printed: str) -> None:
    assert ids.normalise_service_id(raw) == stored
    assert ids.is_service_id(stored) is good
    assert ids.format_service_id(stored) == printed


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("ABCD", True),
        ("abcd", True),
        ("A" * 20, True),
        ("4000-123-A", True),
        ("ABC", False),
        ("A" * 21, False),
        ("AB CD", False),
        ("ABCD\n", False),
        ("ßßßß", False),
        ("AB_CD", False),
        ("", False),
    ],
)
def test_words_contract_number(number: str, good: bool) -> None:
    assert ids.is_contract_number(number) is good
    assert ids.normalise_contract_number(" ab-12 ") == "AB-12"


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("A", True),
        ("ACME-1", True),
        ("A" * 20, True),
        ("", False),
        ("A" * 21, False),
        ("acme", False),
        ("A\n", False),
        ("A'", False),
    ],
)
def test_words_customer_code(code: str, good: bool) -> None:
    assert ids.is_customer_code(code) is good


@pytest.mark.parametrize(
    ("number", "warnings"),
    [
        ("7000012050002", ()),  # the National Tax Agency itself
        (
            "8700110005901",
            (),
        ),  # the worked example of the agency's rule: 700110005901 has check digit 8
        ("9700110005901", ("corporate_number_check_digit",)),
        ("7000012050020", ("corporate_number_check_digit",)),
        ("0000012050002", ("corporate_number_shape",)),
        ("700001205000", ("corporate_number_shape",)),
        ("70000120500022", ("corporate_number_shape",)),
        ("7000012050002\n", ("corporate_number_shape",)),
        ("T000012050002", ("corporate_number_shape",)),
    ],
)
def test_words_corporate_number(number: str, warnings: tuple[str, ...]) -> None:
    assert ids.corporate_number_warnings(number) == warnings


@given(st.integers(0, 10**12 - 1), st.integers(0, 11), st.integers(1, 9))
def test_words_one_wrong_digit_is_seen_unless_nine_for_nought(
    base: int, place: int, added: int
) -> None:
    body = f"{base:012d}"
    digits = [int(mark) for mark in reversed(body)]
    check = 9 - sum(digit * (2 if index % 2 else 1) for index, digit in enumerate(digits)) % 9
    assert ids.corporate_number_warnings(f"{check}{body}") == ()
    other = (int(body[place]) + added) % 10
    wrong = body[:place] + str(other) + body[place + 1 :]
    same = (int(body[place]) - other) % 9 == 0
    assert (ids.corporate_number_warnings(f"{check}{wrong}") == ()) is same


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("T7000012050002", True),
        ("7000012050002", False),
        ("T700001205000", False),
        ("T7000012050002\n", False),
    ],
)
def test_doc_4_invoice_registration_number(text: str, good: bool) -> None:
    assert ids.is_invoice_registration_number(text) is good


@pytest.mark.parametrize(
    ("text", "line", "note"),
    [
        ("株式会社 サンプル", True, True),
        ("plain", True, True),
        ("", True, True),
        ("a\x00", False, False),
        ("a\r\nb", False, False),
        ("a\nb", False, True),
        ("日本\n語", False, True),
        ("a\tb", False, True),
        ("日本\x07", False, False),
        ("日本\x7f", False, False),
        ("日本\x85", False, False),
        ("\ud800", False, False),
        ("日\u2028本", False, False),
        ("日\u2029本", False, False),
        ("日\u202e本", False, False),
        ("🙂", True, True),
    ],
)
def test_words_printable(text: str, line: bool, note: bool) -> None:
    assert ids.is_printable_text(text) is line
    assert ids.is_printable_note(text) is note


def test_words_clean_text_is_fast() -> None:
    began = time.perf_counter()
    for _ in range(100_000):
        ids.normalise_serial("JPT1234567")
    assert time.perf_counter() - began < 1.0
