"""Which import files are read, which are refused whole, and what is kept of their faults."""

import contextlib
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import import_rows
from app.domain.import_files import FILES, FileRefused, Issue, find_file, position_of
from app.domain.import_records import LINE_LIMIT
from app.domain.import_rows import ERRORS_KEPT, REMEMBERED, WARNINGS_KEPT, RowReader
from app.domain.import_texts import IMPORT_TEXTS, import_text
from app.domain.texts import TEXTS
from tests.domain.import_reading import header, read
from tests.domain.test_import_cells import REFUSED_CELLS

REFUSED_FILES = [
    ("nothing", b"", "empty_file", 1, None),
    ("blank lines only", b"\r\n\r\n", "empty_file", 1, None),
    ("missing column", b"partner_id\r\nP1\r\n", "missing_column", 1, "name"),
    ("column twice", b"partner_id,name,name\r\n", "duplicate_column", 1, "name"),
    ("unknown column", b"partner_id,name,secret\r\n", "unknown_column", 1, "#3"),
    ("no header", b"P0001,Kitahama\r\n", "unknown_column", 1, "#1"),
    ("semicolons", b"partner_id;name\r\n", "unknown_column", 1, "#1"),
    ("broken header", b'"partner_id"x,name\r\n', "malformed_header", 1, None),
    (
        "cp932 taken for utf-8",
        "partner_id,name\r\nP1,北浜\r\n".encode("cp932"),
        "wrong_encoding",
        2,
        None,
    ),
    ("utf-16", "partner_id,name\r\n".encode("utf-16"), "wrong_encoding", 1, None),
    ("cut within a character", "partner_id,name\r\nP1,北".encode()[:-1], "wrong_encoding", 2, None),
    ("surrogate", b"partner_id,name\r\nP1,\xed\xa0\x80\r\n", "wrong_encoding", 2, None),
    ("overlong", b"partner_id,name\r\nP1,\xc0\xaf\r\n", "wrong_encoding", 2, None),
    ("NUL", b"partner_id,name\r\nP1,a\r\nP2,a\0b\r\n", "nul_byte", 3, None),
    (
        "NULs behind a blank line",
        b"\npartner_id,name\r\nP1,a\0b\r\nP2,\0\r\n",
        "nul_byte",
        3,
        None,
    ),
    ("broken header behind a blank line", b'\n"partner_id"x,name\n', "malformed_header", 2, None),
    ("open quote in the header", b'partner_id,"name\r\nP1,a\r\n', "unclosed_quote", 1, None),
    ("open quote", b'partner_id,name\r\nP1,a\r\nP2,"b\r\nP3,c\r\n', "unclosed_quote", 3, None),
    ("open quote on the last line", b'partner_id,name\r\nP2,"b', "unclosed_quote", 2, None),
    (
        "quote swallowing lines",
        b'partner_id,name\r\nP1,"a\r\nP2,"b"\r\n',
        "unclosed_quote",
        2,
        None,
    ),
    ("no line end", b"partner_id,name\r\nP1," + b"x" * (1 << 21), "line_too_long", 2, None),
    (
        "huge quoted field",
        b'partner_id,name\r\nP1,"' + b"x\r\n" * 100_000,
        "unclosed_quote",
        2,
        None,
    ),
]


@pytest.mark.parametrize("chunk", [7, 1 << 18])
@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [case[1:] for case in REFUSED_FILES],
    ids=[case[0] for case in REFUSED_FILES],
)
def test_a_bad_file_is_refused_whole(
    data: bytes, code: str, line: int, column: str | None, chunk: int
) -> None:
    if len(data) > 1000 and chunk < 1000:
        chunk = 4097
    with pytest.raises(FileRefused) as refused:
        read("partners", data, chunk=chunk)
    assert (refused.value.code, refused.value.column) == (code, column)
    assert refused.value.line == line


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_utf8_is_read_with_and_without_a_mark(bom: bytes, line_end: str) -> None:
    text = f"partner_id,name{line_end}P1,髙橋～①{line_end}"
    rows, _ = read("partners", bom + text.encode(), chunk=1)
    assert rows == [["2", "P1", "髙橋～①"]]


def test_cp932_is_read_when_it_is_named() -> None:
    # U+FF5E and the NEC and IBM extensions exist in CP932 and not in Shift_JIS; 表 ends in 0x5C.
    text = "partner_id,name\r\nP1,髙橋～①表,\r\n".replace("表,", "表")
    rows, _ = read("partners", text.encode("cp932"), encoding="cp932", chunk=1)
    assert rows == [["2", "P1", "髙橋～①表"]]


@pytest.mark.parametrize("chunk", [1, 1 << 18])
def test_utf8_with_a_mark_is_no_cp932(chunk: int) -> None:
    """The first two bytes of the mark are no character of CP932."""
    data = b"\xef\xbb\xbfpartner_id,name\r\n"
    with pytest.raises(FileRefused, match=r"^wrong_encoding$") as refused:
        read("partners", data, encoding="cp932", chunk=chunk)
    assert refused.value.line == 1


def test_an_encoding_that_is_not_offered_is_refused() -> None:
    with pytest.raises(FileRefused, match=r"^unknown_encoding$"):
        read("partners", "partner_id,name\r\n", encoding="latin-1")


def test_columns_may_come_in_any_order() -> None:
    rows, reader = read("partners", "Name , PARTNER_ID\r\nx,P1\r\n")
    assert [column.name for column in reader.columns] == ["name", "partner_id"]
    assert rows == [["2", "x", "P1"]]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = (
        "partner_id,name\r\n"
        '"P1","a ""b"", c"\r\n'  # 2
        "\r\n"  # 3
        'P2,"two\r\nlines"\r\n'  # 4 and 5
        'P3,"x"y\r\n'  # 6
        'P4,2.5" disk\r\n'  # 7
        "P5\r\n"  # 8
        "P6,a,b\r\n"  # 9
        "P7,end"  # 10
    )
    rows, reader = read("partners", text, chunk=5)
    assert rows == [
        ["2", "P1", 'a "b", c'],
        ["7", "P4", '2.5" disk'],
        ["10", "P7", "end"],
    ]
    assert reader.errors == [
        Issue(4, "name", "control_character"),
        Issue(6, None, "malformed_row"),
        Issue(8, None, "column_count"),
        Issue(9, None, "column_count"),
    ]
    assert reader.rows_read == 7


def test_a_header_may_go_over_lines_and_a_lone_return_ends_none() -> None:
    rows, reader = read("partners", '"partner_id\r\n",name\r\nP1,x\r\nP2,a\rb\r\nP3,y\r\n')
    assert rows == [["3", "P1", "x"], ["5", "P3", "y"]]
    assert reader.errors == [Issue(4, None, "malformed_row")]


def test_a_line_may_be_as_long_as_the_limit() -> None:
    text = "partner_id,name\nP1," + "x" * (LINE_LIMIT - 3)
    _, reader = read("partners", text)
    # What a CSV reader takes for one field is less.
    assert reader.errors == [Issue(2, None, "malformed_row")]
    with pytest.raises(FileRefused, match=r"^line_too_long$"):
        read("partners", text + "x")


def test_a_million_faults_are_counted_and_few_are_kept() -> None:
    def chunks() -> Iterator[bytes]:
        yield header("equipment").encode()
        for _ in range(30):
            yield b"odd,odd,C1,,,\r\n" * 100 + b",,,,,\r\n" * 100

    reader = RowReader(FILES["equipment"], "csv", "utf-8", chunks())
    assert sum(1 for _ in reader.rows()) == 3000
    assert (reader.refused, reader.warned) == (3000, 6000)
    assert (len(reader.errors), len(reader.warnings)) == (ERRORS_KEPT, WARNINGS_KEPT)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Watched(import_rows._Memory[str]):
        def __missing__(self, text: str) -> str:
            answer = super().__missing__(text)
            made.append(len(self))
            return answer

    monkeypatch.setattr(import_rows, "_Memory", Watched)
    text = header("partners") + "".join(f"P{n},x\r\n" for n in range(REMEMBERED + 100))
    text += f"P,{' ' * 5000}y\r\n"
    rows, _ = read("partners", text)
    assert rows[-1][1:] == ["P", "y"]
    assert max(made) == REMEMBERED


def test_progress_can_be_seen_while_reading() -> None:
    data = (header("partners") + "P1,x\r\n" * 1000).encode()
    chunks = [data[start : start + 100] for start in range(0, len(data), 100)]
    reader = RowReader(FILES["partners"], "csv", "utf-8", chunks)
    seen = [reader.bytes_read for _ in reader.rows()]
    assert seen[0] < 200
    assert seen == sorted(seen)
    assert reader.bytes_read == len(data)


FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=30)


@given(st.lists(st.tuples(FIELDS, FIELDS), max_size=20), st.integers(1, 50))
def test_what_a_writer_of_csv_quotes_is_read_back(pairs: list[tuple[str, str]], chunk: int) -> None:
    """RFC 4180: what is refused is refused for its content, on the line where its row starts."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("partner_id", "name"))
    starts = []
    for number, (_, name) in enumerate(pairs):
        starts.append(text.getvalue().count("\n") + 1)
        writer.writerow((f"P{number}", name))
    rows, reader = read("partners", text.getvalue(), chunk=chunk)
    taken = {int(row[0]) for row in rows}
    refused = {issue.line for issue in reader.errors}
    assert taken | refused == set(starts)
    assert taken.isdisjoint(refused)
    by_line = dict(zip(starts, (name for _, name in pairs), strict=True))
    for line, _, name in rows:
        assert name == by_line[int(line)].strip(" \u00a0\u3000")


@given(
    st.binary(max_size=400), st.sampled_from(["csv", "jsonl"]), st.sampled_from(["utf-8", "cp932"])
)
def test_no_bytes_break_the_reader(data: bytes, form: str, encoding: str) -> None:
    with contextlib.suppress(FileRefused):
        rows, reader = read("partners", data, form=form, encoding=encoding, chunk=13)
        assert len(rows) + reader.refused == reader.rows_read


@pytest.mark.parametrize(
    ("file_name", "known"),
    [
        ("customers.csv", True),
        ("contract_lines.jsonl", True),
        ("customers", False),
        ("customers.CSV", False),
        ("customers.csv.gz", False),
        ("../customers.csv", False),
        ("customers.csv\r\n", False),
        (".csv", False),
        ("", False),
    ],
)
def test_file_names_are_taken_literally(file_name: str, known: bool) -> None:
    assert (find_file(file_name) is not None) is known


def test_files_stand_in_order_of_dependency() -> None:
    assert sorted(FILES, key=lambda name: position_of(f"{name}.csv")) == list(FILES)


def test_every_code_has_words_in_two_languages() -> None:
    source = "".join(
        path.read_text("utf-8")
        for folder in ("domain", "db", "usecases", "routers")
        for path in Path(f"app/{folder}").glob("import*.py")
    )
    codes = set(re.findall(r'(?:CellRefused|FileRefused)\(\s*"(\w+)"', source))
    codes |= set(re.findall(r'yield line, "(\w+)"', source))
    codes |= set(re.findall(r'"(unknown_\w+|duplicate_row|period_conflict)"', source))
    codes |= {case[3] for case in REFUSED_CELLS} | {case[2] for case in REFUSED_FILES}
    codes -= {"unknown_field"}  # Of an upload's form, not of a file.
    codes |= {"corporate_number_check_digit", "serial_number_shape", "product_number_shape"}
    assert codes <= set(IMPORT_TEXTS) | set(TEXTS)
    for code in codes:
        assert import_text(code, "ja") != import_text(code, "en")
