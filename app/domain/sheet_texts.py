"""What is said of a quote-request sheet and its cells, in Japanese and English, by code."""

from collections.abc import Mapping
from typing import Final

from app.domain.import_texts import import_text
from app.domain.languages import Language

SHEET_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # One cell.
    "formula_not_allowed": (
        "数式は使用できません。値として貼り付けてください。",
        "Formulas are not read. Paste the value instead.",
    ),
    "error_value": (
        "エラー値が入っています。値をご確認ください。",
        "The cell holds an error value.",
    ),
    "number_not_text": (
        "数値として保存されています。先頭の 0 が失われている場合がありますので、"
        "セルの書式を「文字列」にして入力し直してください。",
        "The cell is stored as a number and may have lost leading zeros. Format it as text and "
        "write it again.",
    ),
    "not_text": ("文字列を入力してください。", "Write a text."),
    "not_a_date": (
        "実在する日付を YYYY-MM-DD の形式で入力してください。",
        "Write an existing date as YYYY-MM-DD.",
    ),
    "not_a_choice": (
        "一覧にある値をお選びください。",
        "Choose one of the values of the list.",
    ),
    "machine_twice": (
        "同じ機器が前の行にあります。",
        "An earlier row names the same machine.",
    ),
    "label_moved": (
        "見出しが元の位置にありません。シートをもう一度ダウンロードし、行や列を移動せずに"
        "ご記入ください。",
        "The label is not where it was. Download the sheet again, and move no row or column.",
    ),
    "outside_the_table": (
        "表の外に値があります。表の列にご記入いただくか、削除してください。",
        "There is a value beside the table. Put it into a column of the table, or remove it.",
    ),
    # A whole file.
    "newer_sheet_came": (
        "同じシートの新しい内容が送信されたため、このファイルは登録していません。",
        "A newer content of the same sheet came, so this file was not used.",
    ),
    "empty_file": ("ファイルが空です。", "The file is empty."),
    "not_a_workbook": (
        "Excel ブック(.xlsx)ではありません。.xlsx 形式で保存し直してください。",
        "This is no Excel workbook (.xlsx). Save it as .xlsx.",
    ),
    "encrypted_workbook": (
        "パスワードで保護されているか、古い形式(.xls)です。保護を解除し、.xlsx で保存し直して"
        "ください。",
        "The workbook has a password or the old format (.xls). Take the password off and save it "
        "as .xlsx.",
    ),
    "damaged_archive": (
        "ファイルが壊れているか、途中で切れています。",
        "The file is damaged or was cut off.",
    ),
    "stowaway_content": (
        "ブックの前後や途中に、ブックではないデータが含まれています。",
        "Before, behind or within the workbook stands something that is not part of it.",
    ),
    "too_many_parts": (
        "ブックに含まれる部品が多すぎます。",
        "The workbook consists of too many parts.",
    ),
    "unsafe_part_name": (
        "ブックに使用できない名前の部品が含まれています。",
        "A part of the workbook has a name that is not allowed.",
    ),
    "duplicate_part": (
        "ブックに同じ名前の部品が二つあります。",
        "Two parts of the workbook have the same name.",
    ),
    "overlapping_parts": (
        "ブックの部品が重なり合っています。",
        "Parts of the workbook overlap each other.",
    ),
    "unpacked_too_large": (
        "展開後の大きさが上限を超えています。空の行に書式が設定されている場合は、その行を削除し、"
        "保存し直してください。",
        "Unpacked, the workbook is over the limit. If empty rows have formats, delete those rows "
        "and save it again.",
    ),
    "macros_not_allowed": (
        "マクロを含むブックは受け付けていません。.xlsx で保存し直してください。",
        "Workbooks with macros are not taken. Save it as .xlsx.",
    ),
    "external_links_not_allowed": (
        "外部のファイルへのリンクや接続を含むブックは受け付けていません。リンクを解除し、値として"
        "貼り付けてください。Web ページとメールアドレスへのリンクはかまいません。",
        "Workbooks with links or connections to other files are not taken. Break the links and "
        "paste values. Links to web pages and e-mail addresses do no harm.",
    ),
    "embedded_objects_not_allowed": (
        "埋め込みオブジェクトを含むブックは受け付けていません。",
        "Workbooks with embedded objects are not taken.",
    ),
    "nested_archive": (
        "ブックの中に別の圧縮ファイルが含まれています。",
        "Another archive is packed into the workbook.",
    ),
    "wrong_content_types": (
        "ブックの内容の種類が Excel ブックと一致しません。",
        "The content types are not those of an Excel workbook.",
    ),
    "dtd_not_allowed": (
        "ブックの XML に文書型宣言(DTD)または実体宣言が含まれています。",
        "The XML of the workbook declares a document type or entities.",
    ),
    "not_utf8": (
        "ブックの XML の文字コードが UTF-8 ではありません。",
        "The XML of the workbook is not in UTF-8.",
    ),
    "too_many_rows": (
        "行数が上限を超えています。空の行に書式が設定されている場合は、その行を削除し、"
        "保存し直してください。",
        "The workbook has more rows than are read. If empty rows have formats, delete those rows "
        "and save it again.",
    ),
    "too_much_text": (
        "ブックに含まれる文字が多すぎます。",
        "The workbook holds more text than is read.",
    ),
    "unreadable_workbook": (
        "ブックを読み取れません。Excel で開き、「Excel ブック(.xlsx)」として保存し直してください"
        "(「Strict Open XML」は読み取れません)。",
        "The workbook cannot be read. Open it and save it again as Excel Workbook (.xlsx); the "
        "variety Strict Open XML is not read.",
    ),
    "too_costly": (
        "ブックの読み取りに必要な時間またはメモリが上限を超えました。使用していないシートや、"
        "空の行の書式を削除し、保存し直してください。",
        "Reading the workbook would take more time or memory than is given to it. Delete sheets "
        "that are not used and the formats of empty rows, and save it again.",
    ),
    "not_a_file": ("ファイルを送信してください。", "Send a file."),
    "malformed_multipart": (
        "multipart/form-data を読み取れません。",
        "The multipart form cannot be read.",
    ),
    "unknown_field": ("使用できない項目です。", "This field is not known."),
    "duplicate_field": ("同じ項目が二度指定されています。", "The field came twice."),
}


def sheet_text(code: str, language: Language) -> str:
    """Say a code in words; what is common to all files has its words where imports have them."""
    found = SHEET_TEXTS.get(code)
    if found is None:
        return import_text(code, language)
    return found[0] if language == "ja" else found[1]
