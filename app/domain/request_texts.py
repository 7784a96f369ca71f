"""The texts of quote requests in Japanese and English, by code (REQ-1, REQ-5, REQ-7)."""

from collections.abc import Mapping
from typing import Final

REQUEST_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # States.
    "request.received": ("受け付けました。", "The request has been received."),
    "request.needs_information": (
        "確認が必要な項目があります。追加の情報をお送りください。",
        "Something is missing. Please add it.",
    ),
    "request.in_progress": ("見積書を作成しています。", "The quote is being prepared."),
    "request.quoted": ("見積書を発行しました。", "The quote has been issued."),
    "request.rejected": ("見積をお出しできません。", "No quote can be made."),
    "request.cancelled": ("取り下げられました。", "The request was taken back."),
    "request.redirected": (
        "この窓口では承っておりません。ご案内先へお問い合わせください。",
        "This desk does not take it. Please turn to the place that is named.",
    ),
    # What is missing (REQ-1).
    "identification_needed": (
        "サービスIDまたはご契約番号、機器の構成(製品型番・製品名・シリアル番号・数量)、"
        "サポートサービスシリアル番号のいずれかをお知らせください。",
        "Give the service id or contract number, the configuration (product number, name, serial "
        "number and quantity of each machine), or the support service serial.",
    ),
    "configuration_incomplete": (
        "機器ごとに、製品型番・製品名・シリアル番号・数量のすべてが必要です。",
        "Each machine needs all four: product number, product name, serial number and quantity.",
    ),
    "service_id_not_found": (
        "該当するサービスIDが見つかりません。番号をご確認ください。",
        "There is no such service id. Please check the number.",
    ),
    "contract_number_not_found": (
        "該当するご契約番号が見つかりません。番号をご確認ください。",
        "There is no such contract number. Please check the number.",
    ),
    "support_service_serial_not_found": (
        "該当するサポートサービスシリアル番号が見つかりません。番号をご確認ください。",
        "There is no such support service serial. Please check the number.",
    ),
    "machine_not_found": (
        "ご契約に見つからない機器があります。製品型番とシリアル番号をご確認ください。",
        "A machine is on none of the contracts. Check its product number and serial number.",
    ),
    "service_id_and_contract_number_disagree": (
        "サービスIDとご契約番号が別のご契約を指しています。どちらが正しいかお知らせください。",
        "The service id and the contract number name different contracts. Which one is meant?",
    ),
    "service_id_and_support_service_serial_disagree": (
        "サービスIDとサポートサービスシリアル番号が別のご契約を指しています。"
        "どちらが正しいかお知らせください。",
        "The service id and the support service serial name different contracts. Which one is "
        "meant?",
    ),
    "contract_number_and_support_service_serial_disagree": (
        "ご契約番号とサポートサービスシリアル番号が別のご契約を指しています。"
        "どちらが正しいかお知らせください。",
        "The contract number and the support service serial name different contracts. Which one "
        "is meant?",
    ),
    "service_id_and_configuration_disagree": (
        "サービスIDのご契約に含まれない機器があります。どちらが正しいかお知らせください。",
        "A machine is not on the contracts of the service id. Which one is meant?",
    ),
    "contract_number_and_configuration_disagree": (
        "ご契約番号のご契約に含まれない機器があります。どちらが正しいかお知らせください。",
        "A machine is not on the contract of that number. Which one is meant?",
    ),
    "support_service_serial_and_configuration_disagree": (
        "サポートサービスシリアル番号のご契約に含まれない機器があります。"
        "どちらが正しいかお知らせください。",
        "A machine is not on the contract of the support service serial. Which one is meant?",
    ),
    "identifications_disagree": (
        "いただいた番号がひとつのご契約を指していません。正しい番号をお知らせください。",
        "The numbers do not name one contract together. Which of them are meant?",
    ),
    "period_needed": ("ご希望の期間をお知らせください。", "Give the period that you wish."),
    "level_needed": ("ご希望の保守レベルをお知らせください。", "Give the service level you wish."),
    "machines_needed": ("対象の機器をお知らせください。", "Name the machines."),
    "other": ("担当者からの質問をご確認ください。", "Please see the question of the desk."),
    # What to mind.
    "serial_count_unlike_quantity": (
        "数量とシリアル番号の数が一致しません。",
        "The quantity is unlike the number of serial numbers.",
    ),
    "reenrollment_needed": (
        "契約開始日を過ぎているため、更新としては承れません。再加入のお手続きとなります。",
        "The start date has come, so it is no longer a renewal; re-enrollment is needed.",
    ),
    "period_open": (
        "満了日の異なる複数のご契約があるため、期間は担当者が確認します。",
        "Several contracts end on different days; a person will settle the period.",
    ),
    "start_leaves_gap": (
        "ご希望の開始日では、現在のご契約の満了後に保守のない期間が生じます。",
        "The wished start leaves days without cover after the present contract.",
    ),
    "start_overlaps": (
        "ご希望の開始日は、現在のご契約の期間と重なります。",
        "The wished start lies within the present contract.",
    ),
}
