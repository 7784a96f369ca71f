"""The one table from refusal to HTTP status and words, in Japanese and English."""

from collections.abc import Mapping
from typing import NamedTuple

from app.domain import errors


class Words(NamedTuple):
    """What a problem says: its status, its title and the remedy, in Japanese and English."""

    status: int
    title_ja: str
    title_en: str
    detail_ja: str
    detail_en: str


PROBLEMS: Mapping[type[errors.DeskError], Words] = {
    errors.NotFound: Words(
        404,
        "見つかりません",
        "Not found",
        "該当する情報がないか、参照する権限がありません。番号をご確認ください。",
        "There is nothing here that you may see. Please check the number.",
    ),
    errors.CredentialsMissing: Words(
        401,
        "認証が必要です",
        "Authentication is needed",
        "Authorization ヘッダーに Bearer トークンを付けて送信してください。",
        "Send a bearer token in the Authorization header.",
    ),
    errors.CredentialsInvalid: Words(
        401,
        "認証情報が正しくありません",
        "The credentials are not valid",
        "トークンを確認できませんでした。新しいトークンを取得してください。",
        "The token could not be verified. Get a new one.",
    ),
    errors.CredentialsExpired: Words(
        401,
        "認証情報の有効期限が切れています",
        "The credentials have expired",
        "新しいトークンを取得してください。",
        "Get a new token.",
    ),
    errors.CredentialsRevoked: Words(
        401,
        "認証情報は取り消されています",
        "The credentials were revoked",
        "このトークンは使用できません。管理者にお問い合わせください。",
        "This token can no longer be used. Ask your administrator.",
    ),
    errors.NotAllowed: Words(
        403,
        "この操作は許可されていません",
        "This operation is not allowed",
        "この操作を行う権限がありません。",
        "Callers of your kind may not use this operation.",
    ),
    errors.MalformedJson: Words(
        400,
        "JSON を読み取れません",
        "The JSON cannot be read",
        "UTF-8 の正しい JSON を送信してください。NaN、無限大、不正な文字は使用できません。",
        "Send well-formed JSON in UTF-8, without NaN, infinities or broken characters.",
    ),
    errors.DuplicateKey: Words(
        400,
        "同じ項目が二度指定されています",
        "A member is given twice",
        "JSON オブジェクトの中で、同じ名前の項目は一度だけ指定してください。",
        "Name each member of a JSON object once only.",
    ),
    errors.UnsupportedMedia: Words(
        415,
        "この形式は受け付けていません",
        "This media type is not accepted",
        "Content-Type をご確認ください。",
        "Check the Content-Type of the request.",
    ),
    errors.BodyTooLarge: Words(
        413,
        "送信データが大きすぎます",
        "The request is too large",
        "分割して送信してください。",
        "Send it in smaller parts.",
    ),
    errors.InvalidInput: Words(
        422,
        "入力内容に誤りがあります",
        "The input is not valid",
        "errors に示した箇所を修正してください。",
        "Correct the places listed under errors.",
    ),
    errors.UnknownParameter: Words(
        422,
        "存在しないパラメーターです",
        "Unknown parameter",
        "errors に示したパラメーターを外してください。",
        "Remove the parameters listed under errors.",
    ),
    errors.DuplicateParameter: Words(
        422,
        "パラメーターが重複しています",
        "A parameter is given twice",
        "errors に示したパラメーターは一度だけ指定してください。",
        "Give the parameters listed under errors once only.",
    ),
    errors.InvalidCursor: Words(
        422,
        "カーソルが正しくありません",
        "The cursor is not valid",
        "next_cursor の値を、同じ検索条件でそのまま指定してください。",
        "Use the value of next_cursor unchanged and with the same filters.",
    ),
    errors.InvalidFilter: Words(
        422,
        "検索条件が正しくありません",
        "The filter is not valid",
        "errors に示した検索条件を修正してください。",
        "Correct the filters listed under errors.",
    ),
    errors.IdempotencyKeyMissing: Words(
        400,
        "Idempotency-Key が必要です",
        "An Idempotency-Key is needed",
        "1〜100 文字の Idempotency-Key ヘッダーを付けて送信してください。",
        "Send an Idempotency-Key header of 1 to 100 printable ASCII characters.",
    ),
    errors.IdempotencyKeyReused: Words(
        422,
        "Idempotency-Key は別の内容で使用済みです",
        "The Idempotency-Key was used with another request",
        "別の内容を送信する場合は、新しいキーを使用してください。",
        "Use a new key for another request.",
    ),
    errors.IdempotencyKeyBusy: Words(
        409,
        "同じ Idempotency-Key の処理が進行中です",
        "The first request with this Idempotency-Key is still running",
        "少し待ってから、同じキーで再送してください。",
        "Wait a moment and send it again with the same key.",
    ),
    errors.ImportRefused: Words(
        422,
        "取込ファイルを読み取れません",
        "The import file cannot be read",
        "errors に示したファイルを修正してください。",
        "Correct the files listed under errors.",
    ),
    errors.AlreadyExists: Words(
        409,
        "すでに登録されています",
        "It exists already",
        "同じキーの登録があります。",
        "Something with the same key is registered.",
    ),
    errors.WrongState: Words(
        409,
        "現在の状態ではこの操作はできません",
        "The state does not allow this",
        "現在の状態は facts.state のとおりです。最新の内容を取得してご確認ください。",
        "facts.state names the present state. Read the object again and see what is possible.",
    ),
    errors.ChangeMissing: Words(
        422,
        "変更の内容がありません",
        "Nothing would change",
        "期間、保守レベル、連絡先、構成のうち、現在と異なる内容を一つ以上指定してください。",
        "Name at least one change of period, level, contact or configuration.",
    ),
    errors.NewOrderNeeded: Words(
        409,
        "変更ではなく、新しいご依頼が必要です",
        "This is a new order, not a change",
        "開始日を90日を超えて動かすことはできません。新しいお見積をご依頼ください。",
        "A start date cannot move by more than 90 days. Please ask for a new quote.",
    ),
    errors.EndOfSupportReached: Words(
        409,
        "追加できない製品があります",
        "A product can no longer be added",
        "errors に示した機器は、開始日までに受付期間またはサポートが終了します。",
        "For the machines listed under errors enrollment or support ends by the start date.",
    ),
    errors.VersionNotLatest: Words(
        409,
        "最新の版ではありません",
        "This is not the latest version",
        "facts.latest_version の版をご確認のうえ、改めて送信してください。",
        "Look at the version that facts.latest_version names, then send it again for that one.",
    ),
    errors.PreconditionMissing: Words(
        428,
        "If-Match ヘッダーが必要です",
        "If-Match is needed",
        "最新の内容を取得し、その ETag を If-Match ヘッダーに付けて送信してください。",
        "Read the object and send its ETag in the If-Match header.",
    ),
    errors.PreconditionFailed: Words(
        412,
        "内容がすでに変更されています",
        "It was changed in the meantime",
        "最新の内容を取得し、変更点をご確認のうえ、もう一度送信してください。",
        "Read the object again, look at what changed, and send your change once more.",
    ),
    errors.StatedDeadlineNeedsApproval: Words(
        422,
        "発注期限には承認が必要です",
        "The stated deadline needs an approval",
        "契約開始日以降の発注期限を定めるには、approver と reason を指定してください。",
        "A deadline on or after the start date needs an approver and a reason.",
    ),
    errors.DraftExists: Words(
        409,
        "作成中の版があります",
        "There is a draft already",
        "作成中の版を編集するか、発行または取り下げてから、次の版を作成してください。",
        "Amend the draft, or issue or withdraw it before the next version is drafted.",
    ),
    errors.QuoteNotReady: Words(
        409,
        "見積書を発行できません",
        "The quote cannot be issued yet",
        "errors に示した未確定の項目を確定してください。",
        "Decide what is listed under errors first.",
    ),
    errors.ChangeEnded: Words(
        409,
        "変更依頼は終了しています",
        "The change request has ended",
        "この版が回答する変更依頼は、終了しています(facts.state)。作成中の版は取り下げてください。",
        "The change request that the version answers has ended (facts.state). Withdraw the draft.",
    ),
    errors.LinesQuotedElsewhere: Words(
        409,
        "同じ明細が別の見積にあります",
        "Lines stand in another quote",
        "errors の明細を除くか、facts.quote_number の見積を先に改版または取り下げてください。",
        "Leave out the lines under errors, or first issue the next version of the quote in"
        " facts.quote_number without them, or withdraw it.",
    ),
    errors.PastEndOfSupport: Words(
        409,
        "製品のサポート終了日を超える期間です",
        "The period goes past the end of support",
        "errors に示した明細の期間を、製品のサポート終了日までに収めてください。",
        "Keep the lines listed under errors within the support of their products.",
    ),
    errors.LimitPassed: Words(
        409,
        "見積書の期限が過ぎています",
        "The limit of the quote has passed",
        "facts.effective_limit を過ぎています。期間または有効期限を見直してください。",
        "It cannot be issued after facts.effective_limit. Change its period or its validity.",
    ),
    errors.AmountsDisagree: Words(
        422,
        "金額が一致しません",
        "The amounts do not add up",
        "errors に示した金額を、単価、数量、税率から計算し直してください。",
        "Reckon the amounts listed under errors anew from unit price, quantity and tax.",
    ),
    errors.CustomersDiffer: Words(
        409,
        "お客様が異なります",
        "The customers differ",
        "一つの見積に含められるのは、同じお客様の契約または見積だけです。",
        "One quote holds contracts or quotes of one customer only.",
    ),
    errors.TestClockRefused: Words(
        403,
        "テスト用の時計は使用できません",
        "No test clock here",
        "テスト用の時計は、その設定がある環境のサンドボックスでのみ使用できます。",
        "A test clock is for sandbox tenants of a service that was started with test clocks.",
    ),
    errors.PolicyOverlaps: Words(
        409,
        "適用範囲の重なる手数料規定があります",
        "Another policy is in force for the same cases",
        "適用条件または有効期間が重ならないように指定してください。",
        "Change the conditions or the effective dates so that they do not overlap.",
    ),
    errors.WorkbookRefused: Words(
        422,
        "このファイルは受け付けられません",
        "The file is not taken",
        "見積依頼シートを .xlsx のまま送信してください。理由は errors をご確認ください。",
        "Send the quote-request sheet as .xlsx. The list of errors says what is wrong.",
    ),
    errors.SheetOfAnotherVersion: Words(
        422,
        "見積依頼シートの版が異なります",
        "This is not the present quote-request sheet",
        "最新の見積依頼シートをダウンロードし、内容を転記してから送信してください。",
        "Download the sheet again, copy what you have written into it, and send that one.",
    ),
    errors.SheetTooLong: Words(
        422,
        "対象機器の行数が上限を超えています",
        "The sheet has too many machines",
        "シートを分けて送信してください。1 枚あたりの上限は facts の most に示しています。",
        "Use several sheets. The fact `most` says how many machines one takes.",
    ),
    errors.SheetRefused: Words(
        422,
        "見積依頼シートに誤りがあります",
        "Cells of the sheet are wrong",
        "何も登録されていません。errors に示したセルを修正し、同じシートを再送してください。",
        "Correct the cells listed as errors and send the same sheet again. Nothing was stored.",
    ),
    errors.DatabaseUnavailable: Words(
        503,
        "一時的に利用できません",
        "Temporarily unavailable",
        "何も保存されていません。少し待ってから再送してください。",
        "Nothing was stored. Try again in a moment.",
    ),
    errors.Overloaded: Words(
        503,
        "混み合っています",
        "Too busy",
        "何も保存されていません。少し待ってから再送してください。",
        "Nothing was stored. Try again in a moment.",
    ),
    errors.TooManyRequests: Words(
        429,
        "リクエストが多すぎます",
        "Too many requests",
        "何も保存されていません。Retry-After の秒数だけ待ってから再送してください。",
        "Nothing was stored. Wait the seconds of Retry-After, then send it again.",
    ),
}

INTERNAL = Words(
    500,
    "内部エラー",
    "Internal error",
    "処理できませんでした。解消しない場合は request_id を添えてお問い合わせください。",
    "The request failed. If it goes on, report it with the request_id.",
)
METHOD_NOT_ALLOWED = Words(
    405,
    "このメソッドは使用できません",
    "Method not allowed",
    "Allow ヘッダーに示したメソッドを使用してください。",
    "Use a method named in the Allow header.",
)
# What the server refuses before the service sees it (app.http_server).
HEADERS_TOO_LARGE = Words(
    431,
    "ヘッダーが大きすぎます",
    "Headers too large",
    "リクエストヘッダーを小さくして再送してください。",
    "Send the request again with smaller headers.",
)
REQUEST_TIMEOUT = Words(
    408,
    "リクエストの受信が完了しませんでした",
    "Request timeout",
    "制限時間内にリクエスト全体が届きませんでした。何も保存されていません。再送してください。",
    "The request did not arrive whole in time. Nothing was stored. Send it again.",
)
WORDS_OF_CODE: Mapping[str, Words] = {
    **{refusal.code: words for refusal, words in PROBLEMS.items()},
    "method_not_allowed": METHOD_NOT_ALLOWED,
    "headers_too_large": HEADERS_TOO_LARGE,
    "request_timeout": REQUEST_TIMEOUT,
    "internal_error": INTERNAL,
}
# What the framework itself refuses, by its status.
CODE_BY_STATUS: Mapping[int, str] = {
    400: errors.MalformedJson.code,
    404: errors.NotFound.code,
    405: "method_not_allowed",
    413: errors.BodyTooLarge.code,
    415: errors.UnsupportedMedia.code,
}
