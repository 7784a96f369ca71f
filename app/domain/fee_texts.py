"""The texts of fees and fee policies in Japanese and English (FEE), by code."""

from collections.abc import Mapping
from typing import Final

FEE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # What a policy says.
    "fee.none": ("再加入手数料はかかりません。", "There is no re-enrollment fee."),
    "fee.fee": ("再加入手数料がかかります。", "A re-enrollment fee is charged."),
    "fee.inspection": (
        "手数料の確定には、機器の点検が必要です。",
        "The machine has to be inspected first.",
    ),
    "fee.manual": (
        "再加入手数料の有無と金額は、担当者が確認してご案内します。",
        "A person finds out whether there is a re-enrollment fee and how much it is.",
    ),
    "fee.forbidden": (
        "この条件での再加入は承れません。",
        "Re-enrollment is not possible under these conditions.",
    ),
    # Why.
    "fee_set_by_person": (
        "手数料は担当者が個別に決定します。",
        "A person sets the fee for this case.",
    ),
    "forbidden_by_policy": (
        "保守の空白期間が長いため、再加入を承れません。",
        "Re-enrollment is not possible after so long without cover.",
    ),
    "previous_end_unknown": (
        "前回の保守の終了日が確認できません。",
        "It is not known when the previous cover ended.",
    ),
    "previous_cover_not_in_policy": (
        "前回の保守の種類は、この手数料規定の対象外です。",
        "The fee policy is not for this kind of previous cover.",
    ),
    "last_annual_price_unknown": (
        "前回の年額が確認できないため、担当者が手数料を確認します。",
        "The last annual price is unknown; a person sets the fee.",
    ),
    "new_annual_price_unknown": (
        "新しい年額が未確定のため、担当者が手数料を確認します。",
        "The new annual price is unknown; a person sets the fee.",
    ),
    "product_class_unknown": (
        "製品区分が未登録のため、担当者が手数料を確認します。",
        "The product class is unknown; a person sets the fee.",
    ),
    "term_below_minimum": (
        "ご希望の期間が、最短契約期間より短くなっています。",
        "The wished term is shorter than the minimum.",
    ),
    "end_of_support_too_near": (
        "製品のサポート終了日までの日数が足りません。",
        "Support of the product ends too soon after the start.",
    ),
    "consumed_term_ends_in_past": (
        "空白期間を新しい期間に含めると、開始日より前に終了してしまいます。より長い期間をご指定ください。",
        "Counted from the old end, the term would be over before it starts. Choose a longer one.",
    ),
    "fee_choice_needed": (
        "手数料の方法をお選びいただく必要があります。",
        "The customer has to choose between two ways.",
    ),
    "inspection_required": (
        "再加入の前に、機器の点検が必要です。",
        "The machine has to be inspected before it can be enrolled again.",
    ),
    # What must be done before ordering.
    "fee_acknowledgement": (
        "ご発注の前に、再加入手数料をご承諾ください。",
        "Acknowledge the re-enrollment fee before ordering.",
    ),
    "fee_choice": ("手数料の方法をお選びください。", "Choose how the gap is made good."),
    "fee_to_be_set": (
        "再加入手数料がかかる場合があります。担当者が確認のうえご案内します。",
        "A re-enrollment fee may arise; a person will tell you.",
    ),
    "consumed_term_acknowledgement": (
        "新しい期間は、前回の終了日の翌日から数えます。ご承諾ください。",
        "The new term is counted from the old end. Acknowledge that before ordering.",
    ),
    "waiting_days_acknowledgement": (
        "開始日の後、待機期間が過ぎてからサービスを提供します。ご承諾ください。",
        "Service begins after a waiting time. Acknowledge that before ordering.",
    ),
    # The items of a fee.
    "component.gap": ("空白期間分の料金", "Price of the time without cover"),
    "component.penalty": ("再加入手数料", "Re-enrollment fee"),
    "component.inspection": ("点検料", "Inspection"),
    "component.inspection_credit": ("点検料の充当", "Credit for the inspection"),
    "basis.last_annual": ("前回の年額", "last annual price"),
    "basis.new_annual": ("新しい年額", "new annual price"),
    "basis.gap": ("空白期間分の料金", "price of the time without cover"),
    "basis.gap_plus_new": (
        "空白期間分の料金と新しい年額の合計",
        "price of the time without cover and new annual price",
    ),
    "basis.fixed_per_unit": ("1台あたりの定額", "fixed amount per unit"),
    "basis.fixed_per_contract": ("1契約あたりの定額", "fixed amount per contract"),
    "basis.fixed_per_product_class": ("製品区分ごとの定額", "fixed amount by product class"),
    "basis.product_class": ("製品区分", "product class"),
    "basis.inspection": ("点検料", "inspection fee"),
    # Mistakes in a policy.
    "not_an_object": ("オブジェクトではありません。", "This is not an object."),
    "not_a_text": ("空でない文字列ではありません。", "This is not a text, or it is empty."),
    "not_a_boolean": ("真偽値ではありません。", "This is neither true nor false."),
    "not_a_whole_number": ("整数ではありません。", "This is not a whole number."),
    "not_a_date": (
        "YYYY-MM-DD 形式の実在する日付ではありません。",
        "This is not an existing date written YYYY-MM-DD.",
    ),
    "not_a_list": ("配列ではありません。", "This is not a list."),
    "too_many_items": ("項目が多すぎます(最大100件)。", "There are more than 100 items."),
    "unknown_key": ("規定にない項目があります。", "There is a key that policies do not have."),
    "unknown_value": ("選べる値ではありません。", "This is not one of the possible values."),
    "number_too_large": ("数値が大きすぎます。", "The number is too large."),
    "negative_version": ("版番号は0以上です。", "A version is not negative."),
    "negative_amount": ("金額は0円以上です。", "An amount is not negative."),
    "negative_rate": ("率は0以上です。", "A rate is not negative."),
    "negative_days": ("日数は0以上です。", "A number of days is not negative."),
    "negative_months": ("月数は0以上です。", "A number of months is not negative."),
    "tiers_missing": ("段階が1つもありません。", "There is no tier."),
    "tiers_leave_gap": (
        "最後の段階には日数の上限を設けられません。",
        "The last tier must have no limit, or longer lapses have no tier.",
    ),
    "tier_after_last": (
        "上限のない段階の後に、別の段階があります。",
        "A tier without a limit must be the last.",
    ),
    "tiers_overlap": (
        "段階の上限は昇順で、重複できません。",
        "The limits of the tiers must ascend and not repeat.",
    ),
    "free_tier_with_charges": (
        "手数料なしの段階に料金が定められています。",
        "A tier without a fee has charges.",
    ),
    "combine_needs_gap_and_penalty": (
        "比較・選択には、空白期間分の料金と手数料の両方が必要です。",
        "To compare or choose, a tier needs both a gap and a penalty.",
    ),
    "penalty_of_missing_gap": (
        "空白期間分の料金がないのに、それに対する率が定められています。",
        "A penalty is a percentage of a gap that the tier does not price.",
    ),
    "penalty_without_kind": ("手数料の種類がありません。", "The penalty has no kind."),
    "fixed_penalty_without_amount": (
        "定額の手数料に金額がありません。",
        "The fixed penalty has no amount.",
    ),
    "percent_penalty_without_rate": (
        "定率の手数料に率がありません。",
        "The percentage penalty has no rate.",
    ),
    "minimum_over_maximum": (
        "下限が上限を超えています。",
        "The minimum is over the maximum.",
    ),
    "waiver_without_condition": ("免除の条件がありません。", "The waiver has no condition."),
    "waiver_of_nothing": ("免除の対象がありません。", "The waiver waives nothing."),
}
