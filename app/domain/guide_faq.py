"""The frequent questions of the guide, in their three groups; texts are (Japanese, English)."""

from typing import Final, Literal, NamedTuple

Pair = tuple[str, str]
Group = Literal["general", "quote_requests", "orders_billing_documents"]


class Question(NamedTuple):
    """A question of the FAQ with its answer, where to act on it, and the rules behind it."""

    id: str
    group: Group
    question: Pair
    answer: Pair | None
    operation: str | None
    rules: tuple[str, ...]


GROUPS: Final[dict[Group, Pair]] = {
    "general": ("全般", "General"),
    "quote_requests": ("見積依頼", "Quote requests"),
    "orders_billing_documents": ("ご発注・ご請求・書類", "Orders, billing and documents"),
}

FAQ: Final = (
    Question(
        "standard-flow",
        "general",
        ("契約更新はどのような流れですか。", "How does a renewal go?"),
        (
            "更新見積のご案内、ご発注、締結後のご案内の三段階です。詳しくは flow をご覧ください。",
            "In three stages: the renewal quote, the order, and what follows. See the flow.",
        ),
        "GET /v1/guide/flow",
        (),
    ),
    Question(
        "reading-the-quote",
        "general",
        ("見積書はどのように読めばよいですか。", "How do I read the quote?"),
        None,
        None,
        (),
    ),
    Question(
        "terms-and-specifications",
        "general",
        (
            "サービス仕様書やお取引条件書はどこにありますか。",
            "Where are the service specifications and the terms?",
        ),
        None,
        None,
        (),
    ),
    Question(
        "contract-or-package",
        "general",
        (
            "サポートサービス契約とパッケージ商品は何が違いますか。",
            "How does a support service contract differ from a package?",
        ),
        (
            "販売の形、更新のご案内、注文の期限が異なります。保守レベルが同じなら、内容は同じです。",
            "In how it is sold, how renewal is announced and until when to order. At the same "
            "level the service is the same.",
        ),
        "GET /v1/guide/comparison",
        ("DL-1", "DL-7", "REN-1", "REN-2"),
    ),
    Question(
        "renewal-quote",
        "quote_requests",
        ("更新の見積がほしいときは。", "How do I get a renewal quote?"),
        (
            "サービスIDか契約番号、構成情報(型番・製品名・シリアル番号・数量)、サポートサービス"
            "シリアル番号のいずれかをお知らせください。",
            "Tell us one of these: the service id or contract number; the configuration (product "
            "number, name, serial number, quantity); or a support service serial number.",
        ),
        None,
        ("REQ-1",),
    ),
    Question(
        "changing-a-quote",
        "quote_requests",
        ("見積の内容を変えたいときは。", "How do I change a quote?"),
        (
            "サービスIDか契約番号と、変更したい点(期間、保守レベル、ご担当者、機器構成)を"
            "お知らせください。シートの利用は任意です。",
            "Tell us the service id or contract number and what to change: period, level, contact "
            "or configuration. Using the sheet is optional.",
        ),
        None,
        ("REQ-2", "REQ-4"),
    ),
    Question(
        "re-enrollment",
        "quote_requests",
        ("切れた保守に再び加入できますか。", "Can lapsed cover come back?"),
        (
            "加入日が将来の日であること、機器が正常に動いていること、サポート終了日前であることが"
            "前提です。再加入手数料がかかる場合があります。",
            "If the start lies in the future, the machine works normally and its end of support "
            "has not come. A re-enrollment fee may arise.",
        ),
        "POST /v1/eligibility-checks",
        ("ELG-1", "ELG-2", "ELG-3", "ELG-4"),
    ),
    Question(
        "new-enrollment",
        "quote_requests",
        (
            "新しく加入したい、または製品保証のレベルを上げたいときは。",
            "How do I enroll anew, or raise the level of the warranty?",
        ),
        (
            "条件は再加入と同じです。見積依頼シートの項目がすべて必要です。",
            "The conditions are those of re-enrollment; all fields of the sheet are needed.",
        ),
        "POST /v1/eligibility-checks",
        ("ELG-1", "ELG-2", "ELG-3", "ELG-4", "REQ-3", "REQ-4"),
    ),
    Question(
        "order-deadline",
        "orders_billing_documents",
        ("発注期限はいつですか。", "By when must I order?"),
        (
            "契約開始日の前日です。見積書の契約条件に期限の記載があれば、その日になります。",
            "By the day before the contract starts; or by the deadline in the quote's conditions, "
            "where one is stated.",
        ),
        "POST /v1/order-deadline-calculations",
        ("DL-1", "DL-2"),
    ),
    Question(
        "how-to-order",
        "orders_billing_documents",
        ("どのように発注しますか。", "How do I order?"),
        (
            "貴社の注文書、または保守契約注文・回答用紙をご利用ください。Services 360 / 360 Pro の"
            "発注機能をお使いのお客様は、そちらからご発注ください。更新しない場合もお知らせください。",
            "With your purchase order, or with the answer sheet. Customers who use the ordering "
            "function of Services 360 or 360 Pro order there. Tell us as well if you do not renew.",
        ),
        None,
        ("ORD-1", "ORD-2", "REN-4"),
    ),
    Question(
        "answer-sheet",
        "orders_billing_documents",
        ("回答用紙はどう記入しますか。", "How is the answer sheet filled in?"),
        (
            "ご担当者と締結方法(1 注文書、2 本用紙)を記入します。記入日・署名・捺印は 2 の場合だけ"
            "必要です。署名は発注権限者か役職者で、ゴム印も可、印は会社印か公印です。",
            "Give the contact and how the contract is concluded (1 by purchase order, 2 by the "
            "sheet). Date, name and seal are needed for 2 only: the name of someone with ordering "
            "authority or an office, a rubber stamp will do, with a company or official seal.",
        ),
        None,
        ("ORD-3",),
    ),
    Question(
        "documents-after-the-order",
        "orders_billing_documents",
        ("発注後にどの書類が届きますか。", "Which documents come after the order?"),
        (
            "締結後に documents の一覧の書類をお送りします。請求書は契約開始日以降に、別便のことも"
            "あります。発行時期のご希望は発注の際にお知らせください。",
            "Those in the list of documents, once the contract is concluded. The invoice goes out "
            "from the start date on, possibly apart from the rest; tell us a wish with the order.",
        ),
        "GET /v1/guide/documents",
        ("DOC-1", "DOC-2", "ORD-9"),
    ),
)
