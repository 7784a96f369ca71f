"""The parts of the API description that all operations share: tags, credentials, headers."""

from collections.abc import Mapping
from typing import Any

from app.auth import SCOPES

Json = dict[str, Any]

TAGS: Mapping[str, str] = {
    "coverage": "Is this machine covered, until when, and what next.",
    "contracts": "Contracts and packages that the caller may see, and their lines.",
    "products": "The catalogue and its four lifecycle dates. Public.",
    "deadlines": "By when an order counts, and when a package may be bought. Public.",
    "eligibility": "Can a machine come (back) under contract, and at what fee.",
    "change requests": "Changes of period, level, contact and configuration, and their answers.",
    "quotes": "What it costs and until when it can be ordered: quotes with their versions.",
    "quote requests": "Ask for a quote, answer what is asked back, see what became of it.",
    "fees": "Re-enrollment fee policies as data, and trials of them.",
    "guide": "Frequent questions, the standard flow, and where other questions go. Public.",
    "desk": "Whether the desk is open, its calendar and its closing days.",
    "imports": "Upload of import files, and what became of them. For the desk.",
    "audit": "Who read or changed what of which customer. For the desk.",
    "test clock": "The now of a sandbox tenant, to test deadlines and ends.",
    "oauth": "Access tokens for partners' machines (OAuth 2.0 client credentials).",
    "operations": "Liveness, readiness, metrics, documentation.",
}
SECURITY_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of a customer, partner or the desk. What its holder may "
        "see is read with every request and never from the token.",
    },
    "partner": {
        "type": "oauth2",
        "description": "Client credentials of a partner's machine. The scopes are the matters that "
        "a token is good for.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {scope: f"The {scope} of customers served." for scope in SCOPES},
            }
        },
    },
}
HEADERS: Json = {
    "X-Request-Id": ("The id of this request: the one sent, or a new one.", "4b3f0c9a7d1e4f60"),
    "ETag": ("Validator of these very bytes, for `If-None-Match`.", '"7f1d3c0a9b2e4d5f6a7b8c9d"'),
    "Location": (
        "Where it can be read.",
        "/v1/eligibility-checks/019c1b2e-7d00-7c3a-9a41-0d5f2b6e8c17",
    ),
    "Link": (
        "The next page (`rel=next`), where there is one.",
        '</v1/contracts?cursor=WyJ4>; rel="next"',
    ),
    "Idempotent-Replayed": ("`true` when this is the stored answer of an earlier request.", "true"),
    "Retry-After": ("Seconds to wait before the request is sent again.", "1"),
    "RateLimit": (
        "What is left of the caller's allowance (`r`, in requests), and after how many seconds all "
        "of it is there again (`t`). Absent where no limit is set.",
        '"caller";r=5321;t=4',
    ),
    "RateLimit-Policy": (
        "The allowance: `q` requests in `w` seconds, filling in evenly. `caller` counts whoever "
        "the token stands for, `public` the address. Heavy operations and long lists count as "
        "several requests.",
        '"caller";q=6000;w=60',
    ),
    "WWW-Authenticate": ("Which credentials are wanted.", 'Bearer realm="renewal-desk"'),
}
PARAMETERS: Json = {
    "Accept-Language": ("The language of texts: `ja` (default) or `en`.", "en"),
    "X-Request-Id": (
        "An id of the caller's own for this request: 1 to 64 of `A-Z a-z 0-9 . _ -`; anything else "
        "is replaced.",
        "order-batch-17",
    ),
    "If-None-Match": ("The `ETag` that the caller holds: 304 while it is good.", '"7f1d3c0a"'),
}
