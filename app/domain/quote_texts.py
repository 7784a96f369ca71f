"""The texts of quotes in Japanese and English, by code: flags, and reasons for lines left out."""

from collections.abc import Mapping
from typing import Final

QUOTE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # What the fee is called, at new enrollment and upgrade as well (RULES, Words).
    "quote.fee_line": ("再加入手数料", "Re-enrollment fee"),
    # Flags of a version or a line.
    "quote.price_missing": (
        "価格表にもご契約明細にも価格がありません。単価を設定してください。",
        "Neither the price list nor the contract has a price. Set one.",
    ),
    "quote.fee_to_decide": (
        "再加入手数料が未確定です。金額を設定するか、免除の理由を記録してください。",
        "The re-enrollment fee is open. Set the amount, or waive it with a reason.",
    ),
    "quote.eligibility_to_review": (
        "加入可否チェックの結果を担当者が確認する必要があります。",
        "A person has to look at the outcome of the eligibility check.",
    ),
    "quote.end_of_support_unknown": (
        "製品のサポート終了日が未登録です。確認のうえ、根拠を記録してください。",
        "The end of support of the product is unknown. Check it and record the grounds.",
    ),
    "quote.last_new_enrollment_passed": (
        "新規加入の最終日を過ぎた製品です。確認のうえ、根拠を記録してください。",
        "The last day for new enrollments has passed. Check it and record the grounds.",
    ),
    "quote.no_lines": ("見積対象の明細がありません。", "There is no line to quote."),
    "quote.truncated": (
        "製品のサポート終了日に合わせて、終了日を短縮しています。",
        "The period was shortened to the product's end of support.",
    ),
    "quote.term_consumed": (
        "保守のなかった日数を新しい期間に含めるため、終了日が早まります。料金は期間全体のものです。",
        "The days without cover count towards the new term, which ends earlier. The price is that"
        " of the whole term.",
    ),
    "quote.mixed_service_levels": (
        "同じシステムの中で、保守レベルまたは期間が揃っていません。",
        "Machines of one system differ in their level or period.",
    ),
    "quote.price_set": ("単価は担当者が設定しました。", "The price was set by the desk."),
    "quote.end_of_support_moved": (
        "製品のサポート終了日が変更されました。再確認が必要です。",
        "The end of support of a product has moved; check the quote again.",
    ),
    # Why a line was left out (QUO-6).
    "left_out.end_of_support": (
        "開始日までに製品のサポート終了日を迎えるため、対象外です。",
        "Support of the product has ended by the start date.",
    ),
    "left_out.last_renewal_passed": (
        "更新の最終日を過ぎた製品のため、対象外です。",
        "The last day for renewals of the product has passed.",
    ),
    "left_out.last_new_enrollment_passed": (
        "新規加入の最終日を過ぎた製品のため、対象外です。",
        "The last day for new enrollments of the product has passed.",
    ),
    "left_out.end_before_start": (
        "現在の契約が、ご希望の終了日以降まで続いているため、対象外です。",
        "The present cover runs until the wished end or longer.",
    ),
    "left_out.desk": ("担当者が対象外としました。", "The desk left it out."),
    "left_out.not_requested": (
        "ご依頼の対象に含まれていません。",
        "It is not among the machines that were asked for.",
    ),
    "left_out.split_off": ("別の見積に分割しました。", "It was split off into another quote."),
}
