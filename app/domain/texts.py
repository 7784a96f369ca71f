"""The texts of decisions in Japanese and English, by code.

Decisions carry codes and rule ids only; the text is looked up where an answer is written. A code of
an enumeration has the enumeration's name before it (`outcome.eligible`, `deadline.open`).
"""

from collections.abc import Mapping
from typing import Final

from app.domain.change_texts import CHANGE_TEXTS
from app.domain.fee_texts import FEE_TEXTS
from app.domain.languages import Language
from app.domain.quote_texts import QUOTE_TEXTS
from app.domain.request_texts import REQUEST_TEXTS

_DECISIONS: Final[Mapping[str, tuple[str, str]]] = {
    # Identifiers.
    "serial_number_shape": (
        "シリアル番号の形式が一般的ではありません。",
        "The serial number has an unusual shape.",
    ),
    "product_number_shape": (
        "製品型番の形式が一般的ではありません。",
        "The product number has an unusual shape.",
    ),
    "corporate_number_shape": (
        "法人番号は13桁の数字です。",
        "A corporate number has 13 digits.",
    ),
    "corporate_number_check_digit": (
        "法人番号の検査用数字が一致しません。",
        "The check digit of the corporate number does not fit.",
    ),
    # The desk calendar (CAL).
    "calendar_unconfirmed": (
        "該当する年の営業カレンダーは未確定です。日付が変わる場合があります。",
        "The desk calendar of that year is not confirmed yet; the date may change.",
    ),
    "before_hours": ("営業時間前です。", "The desk is not open yet today."),
    "break": ("昼休み時間帯です。", "The desk is closed for its midday break."),
    "after_hours": ("本日の営業は終了しました。", "The desk has closed for today."),
    "saturday": ("土曜日は休業日です。", "The desk is closed on Saturdays."),
    "sunday": ("日曜日は休業日です。", "The desk is closed on Sundays."),
    "national_holiday": ("祝日のため休業日です。", "The desk is closed on national holidays."),
    "company_closing": ("弊社休業日です。", "The company is closed on this day."),
    # Machines of a request (REQ-1).
    "machine_twice": (
        "同じ機器が二度指定されています。",
        "The machine is named twice in this request.",
    ),
    "serial_ambiguous": (
        "同じシリアル番号の製品が複数あります。製品型番を指定してください。",
        "Several products share this serial number. Give the product number as well.",
    ),
    "machine_unidentified": (
        "シリアル番号または製品型番を指定してください。",
        "Give the serial number or the product number of the machine.",
    ),
    # Periods (TERM).
    "term_too_short": ("期間は1か月以上です。", "A term has at least one month."),
    "term_too_long": ("期間は120か月以内です。", "A term has at most 120 months."),
    "end_before_start": (
        "終了日が開始日より前です。",
        "The end lies before the start.",
    ),
    # Order deadlines (DL).
    "deadline.open": ("発注を受け付けています。", "Orders are taken."),
    "deadline.due_soon": ("発注期限が近づいています。", "The order deadline is near."),
    "deadline.today": (
        "本日24時(日本時間)が発注期限です。",
        "The order deadline is today at 24:00 Japan time.",
    ),
    "deadline.passed": ("発注期限を過ぎています。", "The order deadline has passed."),
    "if_missed.request_new_quote": (
        "期限を過ぎた場合は、契約開始日より前に、新しいお見積をご依頼ください。",
        "After the limit, ask for a new quote before the start date.",
    ),
    "if_missed.reenrollment": (
        "契約開始日以降は更新としては承れません。再加入のお手続きとなります。",
        "From the start date on it is no longer a renewal; re-enrollment is needed.",
    ),
    "stated_deadline_needs_approval": (
        "契約開始日以降の発注期限には、承認者と理由が必要です。",
        "A deadline on or after the start date needs an approver and a reason.",
    ),
    "window.before": (
        "原則、終了日の120日前からご購入いただけます。販売店様へご相談ください。",
        "In principle it can be bought from 120 days before the end. Please ask your dealer.",
    ),
    "window.open": (
        "終了日当日まで、販売店様からご購入いただけます。",
        "It can be bought from your dealer up to the end day.",
    ),
    "window.after": (
        "原則、終了日までのご購入が前提です。販売店様へご相談ください。",
        "In principle it has to be bought by the end day. Please ask your dealer.",
    ),
    "ask_the_dealer": (
        "お取引のある販売店様へご相談ください。",
        "Please ask your dealer.",
    ),
    # Renewal quotes (REN).
    "quote_due.promised": (
        "契約満了の約3か月前に、次年度のお見積書をご案内します。",
        "The quote for the next year is sent about three months before the end.",
    ),
    "quote_due.guide": (
        "満了の3か月前が目安です。ご案内の時期はお約束するものではありません。",
        "Three months before the end is a guide; the time of a notice is not promised.",
    ),
    # End of support (EOS).
    "end_of_support_unknown": (
        "製品のサポート終了日が未登録のため、担当者が確認します。",
        "The end of support of the product is unknown; a person will check.",
    ),
    "end_of_support_reached": (
        "開始日までに製品のサポート終了日を迎えるため、承れません。",
        "Support of the product has ended by the start date.",
    ),
    "end_after_end_of_support": (
        "ご希望の終了日より前に、製品のサポート終了日を迎えます。",
        "Support of the product ends before the wished period does.",
    ),
    "last_renewal_passed": (
        "製品の最終更新日を過ぎています。",
        "The last day for a renewal of the product has passed.",
    ),
    "last_new_enrollment_passed": (
        "製品の最終新規加入日を過ぎています。",
        "The last day for a new enrollment of the product has passed.",
    ),
    "product_unknown": (
        "製品が確認できないため、担当者が確認します。",
        "The product is not known; a person will check.",
    ),
    # Eligibility (ELG).
    "outcome.eligible": ("加入できます。", "Enrollment is possible."),
    "outcome.eligible_with_conditions": (
        "条件付きで加入できます。",
        "Enrollment is possible under conditions.",
    ),
    "outcome.needs_inspection": (
        "機器の動作確認または点検が必要です。",
        "The machine's condition has to be established first.",
    ),
    "outcome.needs_review": ("担当者が確認します。", "A person will check."),
    "outcome.not_eligible": (
        "ご希望の条件では承れません。",
        "It is not possible as asked.",
    ),
    "start_not_in_future": (
        "開始日には、明日以降の日付をご指定ください。",
        "The start date has to lie in the future.",
    ),
    "start_within_lead_days": (
        "開始日までの準備期間が足りません。",
        "The start date is too near to be prepared for.",
    ),
    "start_too_late": (
        "開始日が受付可能な期間より先です。",
        "The start date lies beyond the dates that are taken.",
    ),
    "declaration_missing": (
        "機器の稼働状況の申告がありません。",
        "Nobody declared the condition of the machine.",
    ),
    "declaration_incomplete": (
        "稼働状況を申告した方と日付が必要です。",
        "The declaration needs a name and a date.",
    ),
    "declared_in_future": (
        "稼働状況の申告日が未来の日付です。",
        "The date of the declaration lies in the future.",
    ),
    "condition_unknown": (
        "機器の稼働状況が不明のため、点検が必要です。",
        "The condition of the machine is unknown; it has to be inspected.",
    ),
    "not_working": (
        "正常に稼働していない機器は加入できません。",
        "A machine that does not work normally cannot be enrolled.",
    ),
    "level_needs_person": (
        "この保守レベルは担当者が承ります。",
        "A person takes care of this service level.",
    ),
    "cover_still_running": (
        "開始日の時点で保守が継続しています。更新または変更か、担当者が確認します。",
        "The machine is still covered on the start date; a person will check what is meant.",
    ),
    "mixed_service_levels": (
        "同じシステムの機器で保守レベルが異なります。",
        "Machines of one system have different service levels.",
    ),
    # Alternatives.
    "shorter_term": (
        "製品のサポート終了日までの期間であれば承れます。",
        "A shorter term, up to the end of support, is possible.",
    ),
    "longer_term": ("より長い期間であれば承れます。", "A longer term is possible."),
    "later_date": ("より後の開始日であれば承れます。", "A later start date is possible."),
    "earlier_date": ("より早い開始日であれば承れます。", "An earlier start date is possible."),
    "repair_first": (
        "修理のうえ、正常稼働を確認してからお申し込みください。",
        "Have the machine repaired, and apply when it works.",
    ),
    "package_through_dealer": (
        "パッケージ商品の保守サービスを、お取引のある販売店様へご相談ください。",
        "Ask your dealer about a support package.",
    ),
}

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    **_DECISIONS,
    **FEE_TEXTS,
    **QUOTE_TEXTS,
    **REQUEST_TEXTS,
    **CHANGE_TEXTS,
}


def text(code: str, language: Language) -> str:
    """Return the text of a code. Raises KeyError for a code that no decision carries."""
    japanese, english = TEXTS[code]
    return english if language == "en" else japanese
