"""Settings by topic, frozen, read once from the environment (`RENEWAL_DESK_…`).

There are no default secrets: keys are made at the first start and kept in the data folder, or come
from the files named here. docs/operations.md lists every variable.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from app.domain.identifiers import (
    is_invoice_registration_number,
    is_printable_text,
    normalise,
)
from app.domain.printed_documents import Issuer
from app.domain.tax import Rounding


class SettingError(Exception):
    """An environment variable has a value that the service cannot use; the text names it."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the database is. Without `url` the embedded PostgreSQL in the data folder is used.

    `url` logs in as the owner of the tables (migrations, command line). `portal_url` and `desk_url`
    log in as the two roles of the service; without them their log-ins are derived from `url`.
    Times are seconds.
    """

    url: str | None
    portal_url: str | None
    desk_url: str | None
    pool_size: int
    pool_wait: float
    statement_timeout: float


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Whose tokens are believed.

    `issuer` with `jwks_url` is the identity provider of customers and desk staff. With
    `development_issuer` this service also signs such tokens itself (`renewal-desk token`), which is
    for demos and tests. `token_seconds` is the life of a partner's access token.
    """

    issuer: str | None
    jwks_url: str | None
    audience: str
    own_issuer: str
    development_issuer: bool
    token_seconds: int


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the service listens, how much it reads (bytes), and how long a request may take to come
    whole (seconds).
    """

    host: str
    port: int
    json_limit: int
    upload_limit: int
    request_seconds: int
    lane: bool


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How many requests a minute: of each customer, partner and desk user (`caller`), and of each
    address without credentials (`public`); 0 is no limit. `trusted_proxies`: how many proxies of
    our own stand in front, each of which adds an address to X-Forwarded-For.
    """

    caller: int
    public: int
    trusted_proxies: int


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Figures that RULES leaves to the desk. `expiring_days`: a cover that ends within so many days
    is called expiring (API, default 90). `reply_minutes`: a question is answered within so many
    open minutes of the desk (CAL-5, default two business hours). `check_valid_days`: how long an
    eligibility check holds at most (ELG-6, default 30). `tax_rate_bp` is the consumption tax of new
    lines of quotes in basis points (default 1,000: 10 %), `tax_rounding` which way a part of a yen
    goes (QUO-4, default floor). `covers_last_day`: whether cover may include the very day on which
    support of a product ends (EOS-2, default yes).
    """

    expiring_days: int
    reply_minutes: int
    check_valid_days: int
    tax_rate_bp: int
    tax_rounding: Rounding
    covers_last_day: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the service can be told from outside. `test_clock` lets sandbox tenants move their
    own "now" (never in production). `drain_seconds`: how long a stopping service still answers
    while it says that it is not ready. `jobs`: whether this process does the work of the queue.
    `company` stands on printed documents.
    """

    data_dir: Path
    log_level: str
    test_clock: bool
    drain_seconds: int
    jobs: bool
    database: DatabaseSettings
    auth: AuthSettings
    http: HttpSettings
    limits: LimitSettings
    rules: RuleSettings
    company: Issuer


_LONGEST_COMPANY_TEXT = 120


def _text(env: Mapping[str, str], name: str, default: str) -> str:
    text = (env.get(name) or default).strip()
    if not is_printable_text(text) or len(text) > _LONGEST_COMPANY_TEXT:
        raise SettingError(f"{name} must be one line of at most {_LONGEST_COMPANY_TEXT} signs")
    return text


def _company(env: Mapping[str, str]) -> Issuer:
    """Who sends the documents. The defaults stand there until the operator gives its own; the name
    says itself that it is a sample.
    """
    number = normalise(env.get("RENEWAL_DESK_COMPANY_REGISTRATION") or "") or None
    if number is not None and not is_invoice_registration_number(number):
        raise SettingError("RENEWAL_DESK_COMPANY_REGISTRATION must be T and 13 digits")
    return Issuer(
        name=_text(env, "RENEWAL_DESK_COMPANY_NAME", "【見本】架空保守サービス株式会社"),
        department=_text(env, "RENEWAL_DESK_COMPANY_DEPARTMENT", "契約更新コンタクトセンター"),
        address=_text(env, "RENEWAL_DESK_COMPANY_ADDRESS", "〒100-0000 東京都架空区見本町1-2-3"),
        phone=_text(env, "RENEWAL_DESK_COMPANY_PHONE", "03-0000-0000"),
        email=_text(env, "RENEWAL_DESK_COMPANY_EMAIL", "renewals@desk.example"),
        registration_number=number,
    )


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name)
    if raw is None or raw == "":
        return default
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
        raise SettingError(f"{name} must be a whole number from {low} to {high}")
    return int(raw)


def _switch(env: Mapping[str, str], name: str, default: bool) -> bool:
    raw = env.get(name, "").lower()
    if raw == "":
        return default
    if raw not in {"true", "false", "1", "0", "yes", "no"}:
        raise SettingError(f"{name} must be true or false")
    return raw in {"true", "1", "yes"}


def _rounding(env: Mapping[str, str], name: str) -> Rounding:
    try:
        return Rounding(env.get(name) or Rounding.FLOOR)
    except ValueError:
        raise SettingError(f"{name} must be one of {', '.join(Rounding)}") from None


def _database_url(env: Mapping[str, str], name: str) -> str | None:
    raw = env.get(name) or None
    if raw is None:
        return None
    scheme, separator, rest = raw.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise SettingError(f"{name} must begin with postgresql://")
    return f"postgresql+asyncpg://{rest}"


def _owner_url(env: Mapping[str, str]) -> str | None:
    """The owner's address, with the password from a file when one is named. So the address may
    stand in the environment while the password stays a mounted secret.
    """
    url = _database_url(env, "RENEWAL_DESK_DATABASE_URL")
    name = "RENEWAL_DESK_DATABASE_PASSWORD_FILE"
    file = env.get(name) or None
    if file is None:
        return url
    if url is None:
        raise SettingError(f"{name} needs RENEWAL_DESK_DATABASE_URL")
    try:
        password = Path(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SettingError(f"{name} must name a text file that can be read") from None
    if not password:
        raise SettingError(f"{name} names an empty file")
    return make_url(url).set(password=password).render_as_string(hide_password=False)


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `env` (the process environment by default).

    Raises SettingError naming the variable that cannot be used.
    """
    env = os.environ if env is None else env
    port = _number(env, "RENEWAL_DESK_PORT", _number(env, "PORT", 8000, 1, 65535), 1, 65535)
    issuer = env.get("RENEWAL_DESK_ISSUER") or None
    return Settings(
        data_dir=Path(env.get("RENEWAL_DESK_DATA_DIR") or ".data").absolute(),
        test_clock=_switch(env, "RENEWAL_DESK_TEST_CLOCK", False),
        drain_seconds=_number(env, "RENEWAL_DESK_DRAIN_SECONDS", 0, 0, 300),
        jobs=_switch(env, "RENEWAL_DESK_JOBS", True),
        log_level=(env.get("RENEWAL_DESK_LOG_LEVEL") or "info").lower(),
        database=DatabaseSettings(
            url=_owner_url(env),
            portal_url=_database_url(env, "RENEWAL_DESK_PORTAL_DATABASE_URL"),
            desk_url=_database_url(env, "RENEWAL_DESK_DESK_DATABASE_URL"),
            pool_size=_number(env, "RENEWAL_DESK_POOL_SIZE", 24, 1, 200),
            pool_wait=_number(env, "RENEWAL_DESK_POOL_WAIT_SECONDS", 3, 1, 60),
            statement_timeout=_number(env, "RENEWAL_DESK_STATEMENT_TIMEOUT_SECONDS", 10, 1, 600),
        ),
        auth=AuthSettings(
            issuer=issuer,
            jwks_url=env.get("RENEWAL_DESK_JWKS_URL") or None,
            audience=env.get("RENEWAL_DESK_AUDIENCE") or "renewal-desk",
            own_issuer=env.get("RENEWAL_DESK_OWN_ISSUER") or "renewal-desk",
            development_issuer=_switch(env, "RENEWAL_DESK_DEVELOPMENT_ISSUER", issuer is None),
            token_seconds=_number(env, "RENEWAL_DESK_TOKEN_SECONDS", 900, 60, 86_400),
        ),
        http=HttpSettings(
            host=env.get("RENEWAL_DESK_HOST") or "127.0.0.1",
            port=port,
            json_limit=_number(env, "RENEWAL_DESK_JSON_LIMIT", 1 << 20, 1 << 10, 1 << 26),
            upload_limit=_number(env, "RENEWAL_DESK_UPLOAD_LIMIT", 15 << 20, 1 << 10, 1 << 30),
            request_seconds=_number(env, "RENEWAL_DESK_REQUEST_SECONDS", 60, 1, 3600),
            lane=_switch(env, "RENEWAL_DESK_LANE", True),
        ),
        limits=LimitSettings(
            caller=_number(env, "RENEWAL_DESK_CALLER_REQUESTS_PER_MINUTE", 6_000, 0, 100_000_000),
            public=_number(env, "RENEWAL_DESK_PUBLIC_REQUESTS_PER_MINUTE", 600, 0, 100_000_000),
            trusted_proxies=_number(env, "RENEWAL_DESK_TRUSTED_PROXIES", 0, 0, 10),
        ),
        rules=RuleSettings(
            expiring_days=_number(env, "RENEWAL_DESK_EXPIRING_DAYS", 90, 1, 3650),
            reply_minutes=_number(env, "RENEWAL_DESK_REPLY_BUSINESS_MINUTES", 120, 1, 100_000),
            check_valid_days=_number(env, "RENEWAL_DESK_CHECK_VALID_DAYS", 30, 1, 366),
            tax_rate_bp=_number(env, "RENEWAL_DESK_TAX_RATE_BP", 1000, 0, 10_000),
            tax_rounding=_rounding(env, "RENEWAL_DESK_TAX_ROUNDING"),
            covers_last_day=_switch(env, "RENEWAL_DESK_COVERS_LAST_DAY", True),
        ),
        company=_company(env),
    )
