"""Import files as JSON lines: the same columns, the same rows."""

import json

import pytest

from app.domain.import_files import Issue
from tests.domain.import_reading import read


def json_line(**members: object) -> str:
    return json.dumps(members, ensure_ascii=False) + "\n"


def test_json_lines_have_the_same_columns() -> None:
    text = (
        json_line(contract_number="JP-1234", line_number=1, quantity=2, annual_price=None)
        + "\n"
        + json_line(contract_number="jp-1234", line_number="2", product_name="表\\")
    )
    rows, reader = read("contract_lines", text, form="jsonl")
    empty = [""] * 3
    assert reader.errors == []
    assert rows == [
        ["1", "JP-1234", "1", *empty, "2", *empty, ""],
        ["3", "JP-1234", "2", "", "表\\", "", "1", *empty, ""],
    ]


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("[1]", None, "malformed_row"),
        ("7", None, "malformed_row"),
        ("{", None, "malformed_row"),
        ('{"partner_id":"P1","name":"a"} x', None, "malformed_row"),
        ('{"partner_id":"P1","name":"a","name":"b"}', None, "malformed_row"),
        ('{"partner_id":"P1","name":NaN}', None, "malformed_row"),
        ('{"partner_id":"P1","name":-Infinity}', None, "malformed_row"),
        ('{"partner_id":"P1","name":["a"]}', None, "malformed_row"),
        ('{"partner_id":"P1","name":{}}', None, "malformed_row"),
        ("[" * 100_000, None, "malformed_row"),
        ('{"partner_id":"P1","name":"a","x":1}', None, "unknown_column"),
        ('{"partner_id":"P1"}', "name", "required"),
        ('{"partner_id":"P1","name":"\\ud800"}', "name", "control_character"),
        ('{"partner_id":"P1","name":"a\\u0000b"}', "name", "control_character"),
        ('{"partner_id":"P1","name":"a\\tb"}', "name", "control_character"),
        ('{"partner_id":"P\\n1","name":"a"}', "partner_id", "not_a_code"),
    ],
)
def test_a_bad_json_line_refuses_its_row_and_no_other(
    line: str, column: str | None, code: str
) -> None:
    good = json_line(partner_id="P9", name="x")
    rows, reader = read("partners", good + line + "\n" + good, form="jsonl")
    assert len(rows) == 2
    assert reader.errors == [Issue(2, column, code)]


def test_json_numbers_are_what_is_written() -> None:
    text = "".join(
        f'{{"product_number":"868703-B21","service_level":"a","valid_from":"2026-04-01",'
        f'"annual_price":{number}}}\n'
        for number in ("120000", "1.5", "1e3", "true", "9" * 5000)
    )
    rows, reader = read("prices", text, form="jsonl")
    assert [row[-1] for row in rows] == ["120000"]
    assert [issue.code for issue in reader.errors] == ["not_a_number"] * 4


def test_json_truth_values_are_what_is_written() -> None:
    text = "".join(
        json_line(customer_id=f"C{number}", name="a", ordering_function=said)
        for number, said in enumerate([True, False, None])
    )
    rows, reader = read("customers", text, form="jsonl")
    assert [row[-1] for row in rows] == ["true", "false", "false"]
    assert reader.errors == []
    text = "".join(json_line(partner_id="P1", name=said) for said in (True, False))
    assert [row[-1] for row in read("partners", text, form="jsonl")[0]] == ["true", "false"]
