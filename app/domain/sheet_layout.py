"""The quote-request sheet (見積依頼シート, 保守契約情報シート): what stands where in it.

One table for the writer and the reader, so that a sheet that was downloaded is read as it was
meant. A change of any place here is a change of `VERSION`.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = "1"
# Stands in the hidden sheet of every sheet that the service makes, of whichever version.
MARK: Final = "renewal-desk quote-request sheet"

REQUEST_SHEET: Final = "見積依頼"
MACHINE_SHEET: Final = "対象機器"
CHOICE_SHEET: Final = "選択肢"
MARK_SHEET: Final = "_sheet"

# Machines in one sheet, and up to how many of them are read while the sender waits.
MOST_MACHINES: Final = 2_500
MOST_AT_ONCE: Final = 200

# Columns of the request sheet (A, B, C) and its first row of a field.
LABEL_COLUMN: Final = 1
VALUE_COLUMN: Final = 2
NOTE_COLUMN: Final = 3
FIRST_FIELD_ROW: Final = 4
# The machine sheet has Japanese labels in row 1, English ones in row 2.
FIRST_MACHINE_ROW: Final = 3


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the request sheet, or a column of the machine sheet: its label and its note in
    Japanese and English, and whether every kind of request needs it.
    """

    key: str
    ja: str
    en: str
    note_ja: str
    note_en: str
    needed: bool = False
    width: int = 20


FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "kind",
        "ご依頼の種類",
        "Kind of request",
        "一覧からお選びください。",
        "Choose from the list: renewal, re-enrollment, new enrollment, upgrade.",
        needed=True,
    ),
    Field(
        "contract_number",
        "ご契約番号",
        "Contract number",
        "更新の場合は、契約番号・サービスID・サポートサービスシリアル番号のいずれか、"
        "または対象機器をご記入ください。",
        "A renewal needs one of: contract number, service id, support service serial, machines.",
    ),
    Field(
        "service_id",
        "サービスID",
        "Service id",
        "1 で始まる 12 桁の番号です。空白やハイフンがあってもかまいません。",
        "12 digits beginning with 1; spaces and hyphens do no harm.",
    ),
    Field(
        "support_service_serial",
        "サポートサービスシリアル番号",
        "Support service serial",
        "パッケージ製品の番号です。機器のシリアル番号ではありません。",
        "The serial of a support package, not of a machine.",
    ),
    Field(
        "start_date",
        "ご希望の開始日",
        "Wished start",
        "YYYY-MM-DD。更新では、現在の終了日の翌日です。",
        "YYYY-MM-DD; for a renewal the day after the present end.",
    ),
    Field(
        "end_date",
        "ご希望の終了日",
        "Wished end",
        "YYYY-MM-DD。空欄の場合は 12 か月となります。",
        "YYYY-MM-DD; empty means twelve months.",
    ),
    Field(
        "service_level",
        "保守レベル",
        "Service level",
        "一覧からお選びください。機器ごとに異なる場合は、対象機器のシートにご記入ください。",
        "Choose from the list; levels of single machines stand in the sheet of machines.",
    ),
    Field(
        "requester_name",
        "ご依頼者のお名前",
        "Requester's name",
        "ご連絡先となる方のお名前です。",
        "The person whom the desk answers.",
        needed=True,
    ),
    Field(
        "requester_email",
        "ご依頼者のメールアドレス",
        "Requester's e-mail",
        "お見積のご案内をお送りする宛先です。",
        "Where the desk answers to.",
        needed=True,
    ),
    Field(
        "note",
        "ご要望・備考",
        "Note",
        "2,000 文字以内。改行もご使用になれます。",
        "Up to 2,000 characters; several lines are fine.",
    ),
)

COLUMNS: Final[tuple[Field, ...]] = (
    Field(
        "product_number",
        "製品型番",
        "Product number",
        "例: 867959-B21。全角でもかまいません。",
        "For example 867959-B21.",
        needed=True,
        width=18,
    ),
    Field(
        "product_name",
        "製品名",
        "Product name",
        "製品の名称です。200 文字以内。",
        "Up to 200 characters.",
        needed=True,
        width=38,
    ),
    Field(
        "serial_number",
        "シリアル番号",
        "Serial number",
        "文字列としてご記入ください(先頭の 0 を保つため)。ライセンスには不要です。",
        "As text, so that leading zeros stay; licences have none.",
        width=18,
    ),
    Field(
        "quantity",
        "数量",
        "Quantity",
        "1 以上の整数です。",
        "A whole number from 1.",
        needed=True,
        width=8,
    ),
    Field(
        "service_level",
        "保守レベル",
        "Service level",
        "見積依頼のシートと異なる場合にお選びください。",
        "Where it differs from the one in the request sheet.",
        width=26,
    ),
    Field(
        "condition_state",
        "稼働状況",
        "Operating condition",
        "再加入・新規加入・アップグレードの場合に必要です。",
        "Needed for re-enrollment, new enrollment and upgrade.",
        width=14,
    ),
    Field(
        "declared_by",
        "申告者",
        "Declared by",
        "稼働状況を申告した方のお名前です。",
        "Who declared the condition.",
        width=18,
    ),
    Field(
        "declared_on",
        "申告日",
        "Declared on",
        "稼働状況を申告した日付、YYYY-MM-DD です。",
        "The day of the declaration, YYYY-MM-DD.",
        width=13,
    ),
)

# Code → the words of the list in Japanese and English. Code and words are all understood.
KINDS: Final = {
    "renewal": ("更新", "Renewal"),
    "reenrollment": ("再加入", "Re-enrollment"),
    "new_enrollment": ("新規加入", "New enrollment"),
    "upgrade": ("アップグレード", "Upgrade"),
}
LEVELS: Final = {
    "foundation_care_nbd": ("Foundation Care 翌営業日", "Foundation Care NBD"),
    "foundation_care_24x7": ("Foundation Care 24時間365日", "Foundation Care 24x7"),
    "foundation_care_ctr": ("Foundation Care CTR", "Foundation Care Call-to-Repair"),
    "proactive_care_nbd": ("Proactive Care 翌営業日", "Proactive Care NBD"),
    "proactive_care_24x7": ("Proactive Care 24時間365日", "Proactive Care 24x7"),
    "proactive_care_ctr": ("Proactive Care CTR", "Proactive Care Call-to-Repair"),
}
CONDITIONS: Final = {
    "working": ("正常稼働", "Working"),
    "unknown": ("不明", "Unknown"),
    "not_working": ("不具合あり", "Not working"),
}
CHOICES: Final = {
    "kind": KINDS,
    "service_level": LEVELS,
    "condition_state": CONDITIONS,
}


def column_letter(column: int) -> str:
    """The letter of a column, counted from 0; up to Z."""
    return chr(ord("A") + column)


def cell_of(row: int, column: int) -> str:
    """The name of a cell: rows counted from 1, columns from 0."""
    return f"{column_letter(column)}{row}"


def field_row(key: str) -> int:
    """The row of a field of the request sheet. Raises StopIteration for a key that it lacks."""
    return FIRST_FIELD_ROW + next(i for i, field in enumerate(FIELDS) if field.key == key)
