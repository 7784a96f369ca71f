"""Who may call what: the table route × caller, deny by default.

A route without a row does not start (`app.main` checks both directions). `scope` is the matter of a
partner's relation that opens the operation (contracts, quotes, orders); None where the operation
shows nothing of a customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.auth import CallerKind


@dataclass(frozen=True, slots=True)
class Access:
    """Which callers an operation takes, and in which matter."""

    callers: frozenset[CallerKind]
    scope: str | None = None

    @property
    def public(self) -> bool:
        """True where no credential is asked for or looked at."""
        return "public" in self.callers


PUBLIC = Access(frozenset({"public", "customer", "partner", "desk"}))
KNOWN = Access(frozenset({"customer", "partner", "desk"}))
DESK = Access(frozenset({"desk"}))
CONTRACTS = Access(frozenset({"customer", "partner", "desk"}), "contracts")
QUOTES = Access(frozenset({"customer", "partner", "desk"}), "quotes")
DECLINING = Access(frozenset({"customer", "partner"}), "quotes")

POLICY: Mapping[tuple[str, str], Access] = {
    ("GET", "/"): PUBLIC,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/problems/{code}"): PUBLIC,
    ("POST", "/oauth/token"): PUBLIC,
    ("POST", "/oauth/revoke"): PUBLIC,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("GET", "/.well-known/oauth-authorization-server"): PUBLIC,
    ("GET", "/v1/products"): PUBLIC,
    ("GET", "/v1/products/{product_number}"): PUBLIC,
    ("POST", "/v1/product-lookups"): PUBLIC,
    ("GET", "/v1/contracts"): CONTRACTS,
    ("GET", "/v1/contracts/{contract_number}"): CONTRACTS,
    ("GET", "/v1/contracts/{contract_number}/lines"): CONTRACTS,
    ("GET", "/v1/contracts/{contract_number}/lines.csv"): CONTRACTS,
    ("POST", "/v1/coverage-lookups"): CONTRACTS,
    ("POST", "/v1/quotes"): DESK,
    ("GET", "/v1/quotes/{quote_number}"): QUOTES,
    ("PATCH", "/v1/quotes/{quote_number}"): DESK,
    ("POST", "/v1/quotes/{quote_number}/issue"): DESK,
    ("POST", "/v1/quotes/{quote_number}/withdrawal"): DESK,
    ("POST", "/v1/quotes/{quote_number}/decline"): DECLINING,
    ("POST", "/v1/quotes/{quote_number}/versions"): DESK,
    ("POST", "/v1/quotes/{quote_number}/split"): DESK,
    ("POST", "/v1/quote-previews"): DESK,
    ("POST", "/v1/quote-requests"): QUOTES,
    ("GET", "/v1/quote-requests"): QUOTES,
    ("GET", "/v1/quote-requests/{request_id}"): QUOTES,
    ("GET", "/v1/quote-requests/{request_id}/history"): QUOTES,
    ("POST", "/v1/quote-requests/{request_id}/cancellation"): QUOTES,
    ("POST", "/v1/quote-requests/{request_id}/information"): QUOTES,
    ("POST", "/v1/quote-requests/{request_id}/information-request"): DESK,
    ("POST", "/v1/quote-requests/{request_id}/start"): DESK,
    ("POST", "/v1/quote-requests/{request_id}/rejection"): DESK,
    ("POST", "/v1/quote-requests/{request_id}/redirection"): DESK,
    ("GET", "/v1/quotes"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/versions"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/versions/{version}"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/versions/{version}/diff"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/order-deadline"): QUOTES,
    ("GET", "/v1/order-deadlines"): QUOTES,
    ("GET", "/v1/order-deadlines.ics"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/document.pdf"): QUOTES,
    ("GET", "/v1/quotes/{quote_number}/answer-sheet.pdf"): QUOTES,
    ("POST", "/v1/change-requests"): QUOTES,
    ("GET", "/v1/change-requests"): QUOTES,
    ("GET", "/v1/change-requests/{change_id}"): QUOTES,
    ("GET", "/v1/change-requests/{change_id}/history"): QUOTES,
    ("POST", "/v1/change-requests/{change_id}/cancellation"): QUOTES,
    ("POST", "/v1/change-requests/{change_id}/answer"): DESK,
    ("POST", "/v1/change-requests/{change_id}/rejection"): DESK,
    ("POST", "/v1/imports"): DESK,
    ("GET", "/v1/imports"): DESK,
    ("GET", "/v1/imports/{import_id}"): DESK,
    ("GET", "/v1/audit"): DESK,
    ("PUT", "/v1/test-clock"): KNOWN,
    ("DELETE", "/v1/test-clock"): KNOWN,
    ("GET", "/v1/guide/faq"): PUBLIC,
    ("GET", "/v1/guide/faq/{question_id}"): PUBLIC,
    ("GET", "/v1/guide/flow"): PUBLIC,
    ("GET", "/v1/guide/comparison"): PUBLIC,
    ("GET", "/v1/guide/redirects"): PUBLIC,
    ("GET", "/v1/guide/documents"): PUBLIC,
    ("GET", "/v1/desk/status"): PUBLIC,
    ("GET", "/v1/desk/calendar"): PUBLIC,
    ("PUT", "/v1/desk/closing-days/{date}"): DESK,
    ("DELETE", "/v1/desk/closing-days/{date}"): DESK,
    ("PUT", "/v1/desk/calendar-years/{year}"): DESK,
    ("POST", "/v1/order-deadline-calculations"): PUBLIC,
    ("POST", "/v1/purchase-window-calculations"): PUBLIC,
    ("POST", "/v1/fee-simulations"): KNOWN,
    ("GET", "/v1/fee-policies"): DESK,
    ("GET", "/v1/fee-policies/{code}/versions/{version}"): DESK,
    ("POST", "/v1/fee-policies"): DESK,
    ("POST", "/v1/eligibility-checks"): CONTRACTS,
    ("GET", "/v1/eligibility-checks/{check_id}"): CONTRACTS,
    ("GET", "/v1/quote-request-sheet.xlsx"): QUOTES,
    ("POST", "/v1/quote-request-sheets"): QUOTES,
    ("GET", "/v1/quote-request-sheets/{upload_id}"): QUOTES,
    ("GET", "/v1/quote-request-sheets/{upload_id}/errors.csv"): QUOTES,
}
