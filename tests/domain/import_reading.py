"""Reads import files from text, and has a good row of each."""

import csv
import io

from app.domain.import_files import FILES
from app.domain.import_rows import RowReader

GOOD = {
    "customers": "C0001,みなと精機株式会社,Minato Seiki K.K.,7000012050002,佐藤 花子,"
    "hanako.sato@minato.example,none,false",
    "partners": "P0001,北浜販売",
    "serves": "P0001,C0001,contracts,2026-04-01,",
    "products": "868703-B21,ProLiant DL380 Gen10,server,2023-01-31,,,2028-12-31",
    "prices": "868703-B21,foundation_care_24x7,2026-04-01,120000",
    "equipment": "JPT8270P2A,868703-B21,C0001,2021-04-01,2024-03-31,S-1",
    "contracts": "JP-4410-0001,102938475610,C0001,contract,foundation_care_24x7,2026-04-01,"
    "2027-03-31,,annual",
    "contract_lines": "JP-4410-0001,1,868703-B21,ProLiant DL380 Gen10,JPT8270P2A,1,"
    "foundation_care_24x7,2026-04-01,2027-03-31,120000",
    "closing_days": "2026-12-29,closed,,,年末休業",
}


def read(
    name: str,
    data: str | bytes,
    *,
    form: str = "csv",
    encoding: str = "utf-8",
    chunk: int = 1 << 18,
) -> tuple[list[list[str]], RowReader]:
    """Read a whole file, in chunks of so many bytes."""
    raw = data.encode() if isinstance(data, str) else data
    chunks = [raw[start : start + chunk] for start in range(0, len(raw), chunk)]
    reader = RowReader(FILES[name], form, encoding, chunks)
    return [row.split("\t") for row in reader.rows()], reader


def header(name: str) -> str:
    return ",".join(FILES[name].column_names) + "\r\n"


def row_with(name: str, /, **cells: str) -> str:
    """The good row of a file with some cells changed, as CSV."""
    row = dict(zip(FILES[name].column_names, GOOD[name].split(","), strict=True)) | cells
    text = io.StringIO()
    csv.writer(text).writerow(row.values())
    return text.getvalue()
