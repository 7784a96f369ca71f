"""What may stand in the cells and rows of import files, and how it is stored."""

import pytest

from app.domain import import_cells
from app.domain.identifiers import corporate_number_warnings
from app.domain.import_cells import CellRefused
from app.domain.import_files import FILES, Issue
from tests.domain.import_reading import GOOD, header, read, row_with


@pytest.mark.parametrize("name", FILES)
def test_a_good_row_is_taken_as_it_stands(name: str) -> None:
    rows, reader = read(name, header(name) + GOOD[name] + "\r\n")
    assert rows == [["2", *GOOD[name].split(",")]]
    assert (reader.errors, reader.refused, reader.rows_read) == ([], 0, 1)


def test_the_good_rows_have_no_oddity() -> None:
    for name in FILES:
        assert read(name, header(name) + GOOD[name])[1].warnings == []


REFUSED_CELLS = [
    ("customers", "customer_id", "", "required"),
    ("customers", "customer_id", "   ", "required"),
    ("customers", "customer_id", "C 1", "not_a_code"),
    ("customers", "customer_id", "C" * 21, "not_a_code"),
    ("customers", "customer_id", "C0001\n", "not_a_code"),
    ("customers", "customer_id", "C_1", "not_a_code"),
    ("customers", "name", "", "required"),
    ("customers", "name", "x" * 201, "too_long"),
    ("customers", "name", "a\tb", "control_character"),
    ("customers", "name", "a\nb", "control_character"),
    ("customers", "name", "a\u2028b", "control_character"),
    ("customers", "name", "a\u202eb", "control_character"),
    ("customers", "name", "\ta", "control_character"),
    ("customers", "name", "a\x7f", "control_character"),
    ("customers", "contact_email", "hanako", "not_an_email"),
    ("customers", "contact_email", "a@b", "not_an_email"),
    ("customers", "contact_email", "a@b.example\r\nBcc: x@y.example", "not_an_email"),
    ("customers", "contact_email", "a@b.example\n", "not_an_email"),
    ("customers", "contact_email", "a" * 65 + "@b.example", "not_an_email"),
    (
        "customers",
        "contact_email",
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 30}",
        "not_an_email",
    ),
    ("customers", "ordering_portal", "services", "not_a_choice"),
    ("customers", "ordering_function", "yes", "not_a_choice"),
    ("customers", "ordering_function", "1", "not_a_choice"),
    ("customers", "corporate_number", "7" * 41, "too_long"),
    # Control characters are never trimmed away like spaces.
    ("customers", "ordering_portal", "\tservices360", "not_a_choice"),
    ("customers", "ordering_function", "true\n", "not_a_choice"),
    ("prices", "service_level", "\tfoundation_care_nbd", "not_a_service_level"),
    ("prices", "annual_price", "100\n", "not_a_number"),
    ("products", "end_of_sale", "2026-02-03\n", "not_a_date"),
    ("closing_days", "opens", "\t09:00", "not_a_time"),
    ("partners", "partner_id", "", "required"),
    ("partners", "name", "", "required"),
    ("serves", "partner_id", "P/1", "not_a_code"),
    ("serves", "customer_id", "", "required"),
    ("serves", "scope", "", "required"),
    ("serves", "scope", "everything", "not_a_choice"),
    ("serves", "valid_from", "2026/04/01", "not_a_date"),
    ("products", "product_number", "", "required"),
    ("products", "product_number", "8" * 41, "too_long"),
    ("products", "product_number", "868703\x00B21".replace("\x00", "\x01"), "control_character"),
    ("products", "product_name", "", "required"),
    ("products", "end_of_sale", "2026-02-30", "not_a_date"),
    ("products", "end_of_support", "2026-2-3", "not_a_date"),
    ("products", "end_of_support", "20260203", "not_a_date"),
    ("products", "end_of_support", "2026-W05-2", "not_a_date"),
    ("products", "end_of_support", "２０２６-02-03", "not_a_date"),
    ("products", "end_of_support", "9999-12-31", "out_of_range"),
    ("products", "end_of_support", "1899-12-31", "out_of_range"),
    ("products", "end_of_support", "0000-01-01", "not_a_date"),
    ("prices", "service_level", "", "required"),
    ("prices", "service_level", "Foundation Care", "not_a_service_level"),
    ("prices", "service_level", "a" * 41, "not_a_service_level"),
    ("prices", "valid_from", "", "required"),
    ("prices", "annual_price", "", "required"),
    ("prices", "annual_price", "1.5", "not_a_number"),
    ("prices", "annual_price", "1,000", "not_a_number"),
    ("prices", "annual_price", "1e3", "not_a_number"),
    ("prices", "annual_price", "+5", "not_a_number"),
    ("prices", "annual_price", "１００", "not_a_number"),
    ("prices", "annual_price", "NaN", "not_a_number"),
    ("prices", "annual_price", "-1", "out_of_range"),
    ("prices", "annual_price", str(2**63), "out_of_range"),
    ("prices", "annual_price", "9" * 5000, "not_a_number"),
    ("equipment", "serial_number", "", "required"),
    ("equipment", "serial_number", "S" * 41, "too_long"),
    ("equipment", "serial_number", "JPT\x0b8270", "control_character"),
    ("equipment", "customer_id", "", "required"),
    ("equipment", "system_id", "S" * 41, "too_long"),
    ("contracts", "contract_number", "", "required"),
    ("contracts", "contract_number", "ABC", "not_a_contract_number"),
    ("contracts", "contract_number", "A" * 21, "not_a_contract_number"),
    ("contracts", "contract_number", "JP 4410", "not_a_contract_number"),
    ("contracts", "contract_number", "JP-4410\n", "not_a_contract_number"),
    ("contracts", "contract_number", "JP_4410", "not_a_contract_number"),
    ("contracts", "service_id", "202938475610", "not_a_service_id"),
    ("contracts", "service_id", "10293847561", "not_a_service_id"),
    ("contracts", "service_id", "1029384756101", "not_a_service_id"),
    ("contracts", "kind", "", "required"),
    ("contracts", "kind", "Contract", "not_a_choice"),
    ("contracts", "service_level", "", "required"),
    ("contracts", "start_date", "", "required"),
    ("contracts", "end_date", "", "required"),
    ("contracts", "end_date", "2026-03-31", "end_before_start"),
    ("contracts", "billing", "weekly", "not_a_choice"),
    ("contract_lines", "contract_number", "", "required"),
    ("contract_lines", "line_number", "", "required"),
    ("contract_lines", "line_number", "0", "out_of_range"),
    ("contract_lines", "line_number", str(2**31), "out_of_range"),
    ("contract_lines", "quantity", "0", "out_of_range"),
    ("contract_lines", "quantity", "true", "not_a_number"),
    ("contract_lines", "annual_price", "-5", "out_of_range"),
    ("contract_lines", "end_date", "2026-03-31", "end_before_start"),
    ("equipment", "warranty_end", "2021-03-31", "end_before_start"),
    ("serves", "valid_to", "2026-03-31", "end_before_start"),
    ("closing_days", "date", "", "required"),
    ("closing_days", "kind", "holiday", "not_a_choice"),
    ("closing_days", "opens", "09:00", "must_be_empty"),
    ("closing_days", "opens", "9:00", "not_a_time"),
    ("closing_days", "opens", "24:00", "not_a_time"),
]


@pytest.mark.parametrize(("name", "column", "value", "code"), REFUSED_CELLS)
def test_a_bad_cell_refuses_its_row_and_no_other(
    name: str, column: str, value: str, code: str
) -> None:
    good = GOOD[name] + "\r\n"
    text = header(name) + good + row_with(name, **{column: value}) + good
    rows, reader = read(name, text)
    assert len(rows) == 2
    assert reader.errors == [Issue(3, column, code)]
    assert (reader.rows_read, reader.refused) == (3, 1)


NORMALISED_CELLS = [
    ("customers", "customer_id", " ｃ０００１ ", "C0001"),
    ("customers", "name", " ＡＢＣ　株式会社　", "ＡＢＣ　株式会社"),
    ("customers", "name", "ﾐﾅﾄ", "ﾐﾅﾄ"),
    ("customers", "ordering_portal", "", "none"),
    ("customers", "ordering_function", "", "false"),
    ("customers", "ordering_function", "TRUE", "true"),
    ("customers", "contact_email", " a@b.example ", "a@b.example"),
    ("products", "product_number", "ｓ０ｂ８４ａ", "S0B84A"),
    ("products", "product_number", "867959 - b21", "867959-B21"),
    ("products", "end_of_sale", " 2024-02-29 ", "2024-02-29"),
    ("prices", "annual_price", "007", "7"),
    ("prices", "annual_price", "0", "0"),
    ("prices", "service_level", "datacenter_care", "datacenter_care"),
    ("equipment", "serial_number", "jpt8270p2a", "JPT8270P2A"),
    ("contracts", "contract_number", "jp-4410-0001", "JP-4410-0001"),
    ("contracts", "service_id", "1029 3847 5610", "102938475610"),
    ("contracts", "service_id", "1029-3847-5610", "102938475610"),
    ("contracts", "service_id", "", ""),
    ("contracts", "billing", "", ""),
    ("contract_lines", "quantity", "", "1"),
    ("contract_lines", "start_date", "", ""),
    ("contract_lines", "annual_price", str(2**63 - 1), str(2**63 - 1)),
    ("contract_lines", "product_name", 'back\\slash, "quoted"', 'back\\slash, "quoted"'),
    ("closing_days", "name", "", "休業日"),
]


@pytest.mark.parametrize(("name", "column", "value", "stored"), NORMALISED_CELLS)
def test_a_cell_is_stored_in_its_comparable_form(
    name: str, column: str, value: str, stored: str
) -> None:
    rows, reader = read(name, header(name) + row_with(name, **{column: value}))
    assert reader.errors == []
    place = FILES[name].column_names.index(column)
    assert rows[0][1 + place] == stored


def test_every_fault_of_a_row_is_named() -> None:
    text = header("customers") + ",,,,,x,y,z\n"
    _, reader = read("customers", text)
    assert [(issue.column, issue.code) for issue in reader.errors] == [
        ("customer_id", "required"),
        ("name", "required"),
        ("contact_email", "not_an_email"),
        ("ordering_portal", "not_a_choice"),
        ("ordering_function", "not_a_choice"),
    ]
    assert reader.refused == 1


@pytest.mark.parametrize(
    ("kind", "opens", "closes", "issues"),
    [
        ("short", "09:00", "12:00", []),
        ("short", "", "12:00", [("opens", "required")]),
        ("short", "", "", [("opens", "required"), ("closes", "required")]),
        ("short", "12:00", "12:00", [("closes", "closes_before_opens")]),
        ("closed", "", "", []),
        ("closed", "", "12:00", [("closes", "must_be_empty")]),
    ],
)
def test_a_short_day_has_hours_and_a_closed_one_has_none(
    kind: str, opens: str, closes: str, issues: list[tuple[str, str]]
) -> None:
    text = header("closing_days") + f"2026-12-28,{kind},{opens},{closes},x\n"
    _, reader = read("closing_days", text)
    assert [(issue.column, issue.code) for issue in reader.errors] == issues


@pytest.mark.parametrize(
    ("name", "column", "value", "codes"),
    [
        ("equipment", "serial_number", "SHORT", ["serial_number_shape"]),
        ("equipment", "product_number", "X", ["product_number_shape"]),
        ("customers", "corporate_number", "123", ["corporate_number_shape"]),
        (
            "customers",
            "corporate_number",
            "1000012050002",
            list(corporate_number_warnings("1000012050002")),
        ),
        ("contract_lines", "serial_number", "", []),
    ],
)
def test_an_unusual_shape_warns_and_is_taken(
    name: str, column: str, value: str, codes: list[str]
) -> None:
    rows, reader = read(name, header(name) + row_with(name, **{column: value}))
    assert len(rows) == 1
    assert reader.warnings == [Issue(2, column, code, "warning") for code in codes]
    assert reader.warned == len(codes)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", "unsaid"),
        (" \u3000\u00a0", "unsaid"),
        ("2", "2"),
        (" 5\u3000", "5"),
        ("007", None),
        ("05", "5"),
        ("-0", None),
        ("1", None),
        ("6", None),
    ],
)
def test_a_whole_number_has_its_bounds_and_its_default(text: str, taken: str | None) -> None:
    check = import_cells.whole_number(2, 5, default="unsaid")
    if taken is not None:
        assert check(text) == taken
        return
    with pytest.raises(CellRefused) as refused:
        check(text)
    assert refused.value.code == "out_of_range"


@pytest.mark.parametrize("text", ["x", "2.0", "２", "\t2", "2\n", "--2", "9" * 31])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(CellRefused) as refused:
        import_cells.whole_number(2, 5)(text)
    assert refused.value.code == str(refused.value) == "not_a_number"


def test_a_day_lies_between_1900_and_2999() -> None:
    for text in ("1900-01-01", "2999-12-31"):
        assert import_cells.day(f" {text}\u3000") == text


def test_numbers_and_addresses_may_be_as_long_as_their_limits() -> None:
    for check in (import_cells.product_number, import_cells.serial_number, import_cells.code):
        assert check("8" * 40) == "8" * 40
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 61}"
    assert import_cells.email(longest) == longest
    with pytest.raises(CellRefused):
        import_cells.email(longest + "d")


def test_one_of_a_few_words_is_taken() -> None:
    assert import_cells.whole_number(2, 5)("") == ""
    check = import_cells.one_of("yes", "no", default="no")
    assert [check(text) for text in ("yes", " no\u3000", "", " ")] == ["yes", "no", "no", "no"]
    assert import_cells.one_of("yes")("") == ""
    for text in ("Yes", "\tyes", "yes no", "XXXX"):
        with pytest.raises(CellRefused) as refused:
            check(text)
        assert refused.value.code == "not_a_choice"


def test_a_plain_text_has_its_limit_and_its_default() -> None:
    check = import_cells.plain_text(3, default="abc")
    assert [check(text) for text in ("", " \u3000", " xyz ", "日本語")] == [
        "abc",
        "abc",
        "xyz",
        "日本語",
    ]
    assert import_cells.plain_text()("x" * 200) == "x" * 200
    # A wide space is no control character.
    assert check("a\u3000b") == "a\u3000b"
    assert import_cells.plain_text()("") == ""
    for text, code in [("wxyz", "too_long"), ("a\nb", "control_character")] + [
        (f"{mark}a", "control_character") for mark in "\t\n"
    ]:
        with pytest.raises(CellRefused) as refused:
            check(text)
        assert refused.value.code == code
    with pytest.raises(CellRefused):
        import_cells.plain_text()("x" * 201)
