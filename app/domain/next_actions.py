"""What a caller should do next, as a code with a text in Japanese and English."""

from collections.abc import Mapping
from typing import Final

from app.domain.languages import Language
from app.domain.texts import text

NEXT_ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "none": ("今すぐのお手続きは必要ありません。", "There is nothing to do now."),
    "wait_for_start": (
        "契約開始日をお待ちください。お手続きは必要ありません。",
        "Wait for the start date. There is nothing to do.",
    ),
    "wait_for_quote": (
        "次年度のお見積書を、契約満了の約3か月前にご案内します。",
        "The quote for the next year comes about three months before the end.",
    ),
    "request_renewal_quote": (
        "更新のお見積書をご確認のうえ、発注期限までにご発注ください。お手元にない場合はご依頼ください。",
        "Check your renewal quote and order by the order deadline; ask for one if you have none.",
    ),
    "ask_dealer": (
        "パッケージ商品です。終了日までに、お取引のある販売店様へご相談ください。",
        "This is a package. Talk to your dealer before it ends.",
    ),
    "request_reenrollment": (
        "保守が切れています。再加入の可否と手数料をご確認ください。",
        "The cover has lapsed. Ask whether re-enrollment is possible and at what fee.",
    ),
    "request_new_enrollment": (
        "サポートサービス契約への新規加入の可否をご確認ください。",
        "Ask whether the machine can be enrolled in a support service contract.",
    ),
    "plan_replacement": (
        "製品のサポート終了日を過ぎる期間の保守は承れません。後継機種をご検討ください。",
        "Support of the product ends before a new period could begin. Plan its replacement.",
    ),
    "contact_desk": (
        "この保守レベルは担当者が承ります。コンタクトセンターへお問い合わせください。",
        "A person takes care of this service level. Please contact the desk.",
    ),
    "choose_product": (
        "同じシリアル番号の製品が複数あります。製品型番を指定してください。",
        "Several products share this serial number. Give the product number as well.",
    ),
    "check_serial": (
        "該当する機器が見つかりません。シリアル番号と製品型番をご確認ください。",
        "No such machine was found. Check the serial number and the product number.",
    ),
}

WARNINGS: Final[Mapping[str, tuple[str, str]]] = {
    "product_mismatch": (
        "このシリアル番号は、別の製品型番で登録されています。",
        "This serial number is registered with another product number.",
    ),
    "end_of_support_before_end": (
        "保守の終了日より前に、製品のサポート終了日を迎えます。",
        "Support of the product ends before the cover does.",
    ),
    "warranty_unknown": (
        "製品保証の期間が未登録です。",
        "The warranty period of the machine is unknown.",
    ),
    "best_effort_notice": (
        "パッケージ商品のため、更新のご案内時期はお約束するものではありません。",
        "For a package the date is a guide; a renewal notice is not promised.",
    ),
    "service_level_unrouted": (
        "この保守レベルは担当者が承ります。",
        "A person takes care of this service level.",
    ),
}


def next_action_text(code: str, language: Language) -> str:
    """The text of a next action."""
    return NEXT_ACTIONS[code][0 if language == "ja" else 1]


def warning_text(code: str, language: Language) -> str:
    """The text of a warning: one of this module, or one that a decision of the rules carries."""
    own = WARNINGS.get(code)
    if own is None:
        return text(code, language)
    return own[0 if language == "ja" else 1]
