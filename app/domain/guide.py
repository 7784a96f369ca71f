"""The guide: what the desk answers again and again, in Japanese and English.

Only what the desk's own page says is answered here; a question whose answer is not on record has
none and goes to the desk. Texts are pairs (Japanese, English).
"""

from typing import Final, NamedTuple

from app.domain.guide_faq import FAQ, Group, Pair, Question
from app.domain.languages import Language


class Stage(NamedTuple):
    """A stage of the standard flow."""

    id: str
    name: Pair
    what: Pair


class Aspect(NamedTuple):
    """One aspect in which a contract and a package are compared."""

    id: str
    name: Pair
    contract: Pair
    package: Pair


class Redirect(NamedTuple):
    """What this desk does not take, and who does (REQ-7)."""

    id: str
    topic: Pair
    go_to: Pair


class Document(NamedTuple):
    """A document or form, and when it is used."""

    id: str
    name: Pair
    purpose: Pair
    rules: tuple[str, ...]


FLOW: Final = (
    Stage(
        "quote",
        ("更新見積のご案内", "Renewal quote"),
        (
            "契約満了の約3か月前に、次年度の見積書をご案内します。",
            "About three months before the end the quote for the next year is sent.",
        ),
    ),
    Stage(
        "order",
        ("ご発注", "Order"),
        (
            "契約開始日の前日まで(見積書に期限があればその日まで)にご発注ください。",
            "Order by the day before the start, or by the deadline stated in the quote.",
        ),
    ),
    Stage(
        "after-conclusion",
        ("締結後のご案内", "After conclusion"),
        (
            "保守の登録は当社で行い、請書と関係書類をお送りします。",
            "The desk registers the maintenance and sends the acceptance and the documents.",
        ),
    ),
)

COMPARISON: Final = (
    Aspect(
        "how-it-is-sold",
        ("販売の形", "How it is sold"),
        (
            "お客様とベンダーが契約を結びます。ご発注後の登録は当社で行います。",
            "A contract between customer and vendor; the desk registers it after the order.",
        ),
        (
            "販売店から買い切りでご購入いただきます。お客様による登録は不要です。",
            "Bought outright from a dealer; the customer need not register it.",
        ),
    ),
    Aspect(
        "renewal-notice",
        ("更新のご案内", "Renewal notice"),
        (
            "満了の約3か月前に次年度の見積書をお送りします。",
            "The next year's quote comes about three months before the end.",
        ),
        (
            "満了の3か月前が目安ですが、ご案内をお約束するものではありません。",
            "About three months before the end as a guide; a notice is not promised.",
        ),
    ),
    Aspect(
        "order-deadline",
        ("注文の期限", "Order deadline"),
        (
            "契約開始日の前日まで。見積書に期限があればその日まで。",
            "The day before the start, or the deadline stated in the quote.",
        ),
        (
            "原則、保証またはパッケージが終わる120日前から終了日当日まで。",
            "In principle from 120 days before the warranty or package ends up to that day.",
        ),
    ),
    Aspect(
        "content",
        ("サービスの内容", "Content"),
        ("保守レベルが同じなら同じです。", "The same at the same level."),
        ("保守レベルが同じなら同じです。", "The same at the same level."),
    ),
)

REDIRECTS: Final = (
    Redirect(
        "packages",
        ("パッケージ商品の購入", "Buying a package"),
        ("お取引のある販売店様", "Your dealer"),
    ),
    Redirect(
        "technical-questions",
        ("製品の操作や技術的なご質問", "Operation and technical questions"),
        ("製品サポートの技術窓口", "The technical support of the product"),
    ),
    Redirect(
        "repairs",
        ("修理のご依頼", "Repairs"),
        ("修理受付窓口", "The repair desk"),
    ),
)

DOCUMENTS: Final = (
    Document(
        "quote-request-sheet",
        ("見積依頼シート", "Quote-request sheet"),
        (
            "見積や変更のご依頼に使えます(保守契約情報シートとも呼びます)。",
            "For asking for quotes and changes (also called contract information sheet).",
        ),
        ("REQ-4",),
    ),
    Document(
        "answer-sheet",
        ("保守契約注文・回答用紙", "Order and answer sheet"),
        ("この用紙でもご発注いただけます。", "An order can be placed with it."),
        ("ORD-1", "ORD-3"),
    ),
    Document(
        "acceptance",
        ("請書", "Acceptance"),
        ("ご注文をお受けしたときに発行します。", "Issued when the order is accepted."),
        ("ORD-7",),
    ),
    Document(
        "delivery-note-and-invoice",
        ("納品書兼請求書", "Delivery note and invoice"),
        (
            "契約開始日以降に発行します。別便のことがあります。",
            "Issued from the start date on, possibly apart from the rest.",
        ),
        ("DOC-1", "DOC-2"),
    ),
    Document(
        "equipment-list",
        ("契約機器明細書", "List of contracted equipment"),
        ("締結後にお送りします。", "Sent after conclusion."),
        ("DOC-1",),
    ),
    Document(
        "support-contact-guide",
        ("サポートお問合せ窓口のご案内", "Guide to the support contacts"),
        ("締結後にお送りします。", "Sent after conclusion."),
        ("DOC-1",),
    ),
    Document(
        "terms",
        ("お取引条件書(付表 SS5)", "Terms of business (schedule SS5)"),
        ("締結後にお送りします。", "Sent after conclusion."),
        ("DOC-1",),
    ),
    Document(
        "service-specification",
        ("サービス仕様", "Service specification"),
        ("締結後にお送りします。", "Sent after conclusion."),
        ("DOC-1",),
    ),
)


def said(pair: Pair, language: Language) -> str:
    """One of the two texts of a pair."""
    return pair[0] if language == "ja" else pair[1]


def find_questions(words: str | None, group: Group | None) -> list[Question]:
    """The questions that hold all the words, in either language, and belong to the group."""
    wanted = (words or "").casefold().split()
    found = []
    for one in FAQ:
        held = " ".join((*one.question, *(one.answer or ()))).casefold()
        if (group is None or one.group == group) and all(word in held for word in wanted):
            found.append(one)
    return found
