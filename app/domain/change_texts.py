"""The texts of change requests and of the deadline feed in Japanese and English, by code."""

from collections.abc import Mapping
from typing import Final

CHANGE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "no_open_quote": (
        "変更の対象となる発行済みのお見積がないため、担当者が確認します。",
        "There is no open quote that this could change; a person will look at it.",
    ),
    "changed_after_order": (
        "ご発注後の変更のため、担当者が確認してご連絡します。",
        "The quote has been ordered already; a person will look at the change.",
    ),
    # What becomes of a change request.
    "change.received": (
        "承りました。新しい版のお見積、または理由を添えてお答えします。",
        "Received. The desk answers with a new version of the quote, or with a reason.",
    ),
    "change.referred": (
        "承りました。担当者が内容を確認します。",
        "Received. A person will look at it.",
    ),
    "change.applied": ("変更しました。", "Changed."),
    "change.answered": (
        "変更後のお見積をご案内しました。",
        "Answered with a new version of the quote.",
    ),
    "change.rejected": (
        "この変更は承れませんでした。理由をご確認ください。",
        "The change is not possible; see the reason.",
    ),
    "change.cancelled": ("取り消されました。", "It was taken back."),
    # The feed for calendar programs.
    "feed.name": ("発注期限", "Order deadlines"),
    "feed.incomplete": (
        "件数が多いため、期限の近いものだけを表示しています。",
        "There are too many; those with the nearest deadlines are shown.",
    ),
    "feed.entry": ("発注期限", "Order deadline"),
    "feed.customer": ("お客様", "Customer"),
    "feed.version": ("版", "Version"),
    "feed.start": ("契約開始日", "Start of the contract"),
    "feed.advised": ("ご発注の目安日", "Best ordered by"),
}
