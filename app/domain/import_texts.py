"""What is said of import files and their rows, in Japanese and English, by code."""

from collections.abc import Mapping
from typing import Final

from app.domain.languages import Language
from app.domain.texts import TEXTS

IMPORT_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # One cell.
    "required": ("値を入力してください。", "A value is required."),
    "not_a_date": (
        "実在する日付を YYYY-MM-DD の形式で入力してください。",
        "Write an existing date as YYYY-MM-DD.",
    ),
    "not_a_time": ("時刻を HH:MM の形式で入力してください。", "Write a time as HH:MM."),
    "not_a_number": ("半角数字の整数を入力してください。", "Write a whole number in digits."),
    "out_of_range": ("値が範囲外です。", "The value is out of range."),
    "not_a_choice": (
        "この列で使用できる値ではありません。",
        "The value is not one that this column takes.",
    ),
    "too_long": ("値が長すぎます。", "The value is too long."),
    "control_character": (
        "改行や制御文字は使用できません。",
        "Line breaks and control characters are not allowed.",
    ),
    "not_a_code": (
        "半角の英大文字、数字、ハイフンで 20 文字以内のコードを入力してください。",
        "A code has up to 20 capital letters, digits and hyphens.",
    ),
    "not_a_contract_number": (
        "契約番号は半角の英数字とハイフンで 4〜20 文字です。",
        "A contract number has 4 to 20 letters, digits and hyphens.",
    ),
    "not_a_service_id": (
        "サービスIDは 1 で始まる 12 桁の数字です。",
        "A service id has 12 digits and begins with 1.",
    ),
    "not_a_service_level": (
        "保守レベルは半角の英小文字、数字、下線で 40 文字以内です。",
        "A service level has up to 40 small letters, digits and underscores.",
    ),
    "not_an_email": (
        "メールアドレスの形式が正しくありません。",
        "This is not the form of an e-mail address.",
    ),
    "must_be_empty": ("この行では空欄にしてください。", "Leave this empty in a row of this kind."),
    # One row.
    "end_before_start": ("終了日が開始日より前です。", "The end lies before the start."),
    "closes_before_opens": (
        "終業時刻は始業時刻より後にしてください。",
        "The closing time must be after the opening time.",
    ),
    "period_conflict": (
        "契約と明細の日付を合わせると、終了日が開始日より前になります。",
        "Taken together, the dates of contract and line end before they start.",
    ),
    "column_count": (
        "列の数が見出し行と一致しません。",
        "The row has not as many columns as the header.",
    ),
    "malformed_row": ("行の書式が正しくないため読み取れません。", "The row cannot be read."),
    "duplicate_row": (
        "同じキーの行がこのファイルの前の行にあります。",
        "An earlier row of this file has the same key.",
    ),
    "unknown_customer": ("登録されていない顧客です。", "There is no such customer."),
    "unknown_partner": ("登録されていないパートナーです。", "There is no such partner."),
    "unknown_product": ("登録されていない製品型番です。", "There is no such product."),
    "unknown_contract": ("登録されていない契約番号です。", "There is no such contract."),
    # A whole file.
    "unknown_file": ("取込対象のファイル名ではありません。", "This is no known file name."),
    "duplicate_file": ("同じファイルが二度指定されています。", "The same file came twice."),
    "file_too_large": ("ファイルが大きすぎます。", "The file is too large."),
    "empty_file": ("見出し行がありません。", "The file has no header row."),
    "malformed_header": ("見出し行を読み取れません。", "The header row cannot be read."),
    "missing_column": ("必要な列が見出し行にありません。", "The header lacks a column."),
    "duplicate_column": ("見出し行に同じ列が二度あります。", "The header has a column twice."),
    "unknown_column": ("取込対象にない列があります。", "There is a column that is not known here."),
    "unknown_encoding": (
        "文字コードは utf-8 または cp932 を指定してください。",
        "The encoding must be utf-8 or cp932.",
    ),
    "wrong_encoding": (
        "指定された文字コードで読み取れません。",
        "The file is not written in the encoding that was named.",
    ),
    "nul_byte": ("NUL 文字が含まれています。", "The file contains a NUL byte."),
    "line_too_long": ("1 行が長すぎます。", "A line is too long."),
    "unclosed_quote": (
        "引用符が閉じられていないため、以降を読み取れません。",
        "A quotation mark is not closed, so what follows cannot be read.",
    ),
    "interrupted": (
        "取込が中断されました。もう一度取り込んでください。",
        "The import was interrupted. Import the file again.",
    ),
    "internal_error": (
        "内部エラーのため取り込めませんでした。",
        "The file could not be loaded because of an internal error.",
    ),
}


def import_text(code: str, language: Language) -> str:
    """Say a code in words; a warning about an identifier has its words where decisions have."""
    japanese, english = IMPORT_TEXTS.get(code) or TEXTS[code]
    return japanese if language == "ja" else english
