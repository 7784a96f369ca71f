"""The short way of plain lines gives what the ordinary way gives, and takes nothing more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import import_rows
from app.domain.import_files import FILES, FileColumn, ImportFile
from app.domain.import_plain import PLAIN_CELLS, plain_line
from tests.domain.import_reading import GOOD, header, read

PLAIN_FILES = ["prices", "equipment", "contracts", "contract_lines"]
PLAIN_COLUMNS = [
    pytest.param(column, id=f"{name}.{column.name}")
    for name in PLAIN_FILES
    for column in FILES[name].columns
]


def test_the_large_files_have_plain_lines() -> None:
    assert [name for name in FILES if plain_line(FILES[name], FILES[name].columns)] == PLAIN_FILES


@pytest.mark.parametrize("name", PLAIN_FILES)
def test_a_good_row_is_plain(name: str) -> None:
    pattern = plain_line(FILES[name], FILES[name].columns)
    assert pattern is not None
    assert pattern.fullmatch(GOOD[name] + "\r\n")
    assert pattern.fullmatch(GOOD[name] + "\n")
    assert not pattern.fullmatch(GOOD[name])


@pytest.mark.parametrize("column", PLAIN_COLUMNS)
@given(data=st.data())
def test_a_plain_cell_is_stored_as_it_stands_and_is_not_odd(
    column: FileColumn, data: st.DataObject
) -> None:
    cell = data.draw(st.from_regex(PLAIN_CELLS[column.name], fullmatch=True))
    assert column.check(cell) == cell
    assert cell
    assert not set(cell) & set('\t\r\n",\\')
    assert column.warn is None or column.warn(cell) == ()


# Cells around the borders of what is plain.
CELLS = st.one_of(
    st.sampled_from(
        [
            *("", " ", '""', '"x"', "a\\b", '2.5" x', "\ta", "x" * 200, "x" * 201, "サーバー 7"),
            *("2026-02-28", "2026-02-29", "2028-02-29", "2026-04-31", "2026-3-1", "9999-12-31"),
            *("0", "1", "01", "-1", str(2**31), str(2**63), "999999999", "1e3"),
            *("JP-1234", "jp-1234", "868703-B21", "X", "JPT8270P2A", "short", "C0001"),
            *("contract", "annual", "foundation_care_nbd", "102938475610", "1029 3847 5610"),
        ]
    ),
    st.text(st.characters(exclude_characters="\0"), max_size=6),
)


@st.composite
def large_files(draw: st.DrawFn) -> tuple[ImportFile, str]:
    """A file of good rows in which some cells are other ones, in any order of columns."""
    file = FILES[draw(st.sampled_from(PLAIN_FILES))]
    order = draw(st.permutations(range(len(file.columns))))
    lines = [",".join(file.column_names[place] for place in order)]
    for _ in range(draw(st.integers(1, 5))):
        row = GOOD[file.name].split(",")
        for place in draw(st.lists(st.sampled_from(range(len(row))), max_size=3)):
            row[place] = draw(CELLS)
        lines.append(",".join(row[place] for place in order))
    line_end = draw(st.sampled_from(["\r\n", "\n"]))
    return file, line_end.join(lines) + draw(st.sampled_from([line_end, ""]))


@given(large_files())
def test_both_ways_give_the_same(made: tuple[ImportFile, str]) -> None:
    file, text = made

    def outcome() -> object:
        try:
            rows, reader = read(file.name, text.encode("utf-8", "surrogatepass"))
        except Exception as failure:
            return type(failure), failure.args
        return rows, reader.errors, reader.warnings, reader.refused, reader.rows_read

    short = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_rows, "plain_line", lambda *_: None)
        assert outcome() == short


def test_a_period_is_looked_at_whatever_the_order_of_columns() -> None:
    names = list(reversed(FILES["contracts"].column_names))
    cells = dict(zip(FILES["contracts"].column_names, GOOD["contracts"].split(","), strict=True))
    good = ",".join(cells[name] for name in names)
    cells["end_date"] = "2026-03-31"
    bad = ",".join(cells[name] for name in names)
    rows, reader = read("contracts", "\n".join([",".join(names), good, bad, ""]))
    assert len(rows) == 1
    assert [issue.code for issue in reader.errors] == ["end_before_start"]


def test_a_plain_line_with_a_turned_period_is_refused() -> None:
    text = header("contracts") + GOOD["contracts"].replace("2027-03-31", "2026-03-31") + "\r\n"
    rows, reader = read("contracts", text)
    assert rows == []
    assert [issue.code for issue in reader.errors] == ["end_before_start"]
