"""Keys: those that this service signs with, and those of the identity provider that it believes.

docs/decisions/0006-tokens.md tells why, and how keys are changed.
"""

import asyncio
import contextlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

OWN_ALGORITHM = "ES256"
SECRET_BYTES = 32
KEY_FILE_LIMIT = 1 << 14
# Anybody can make a token with an unknown key id, so the id alone must not make us fetch: at most
# once in REFRESH_WAIT seconds, or FAILED_WAIT when the last attempt failed. Keys older than FRESH
# are fetched anew at the next use; while the provider is down they serve until STALE.
REFRESH_WAIT = 60.0
FAILED_WAIT = 10.0
FRESH = 300.0
STALE = 3600.0
FETCH_SECONDS = 5.0
DOCUMENT_LIMIT = 1 << 18
KEYS_LIMIT = 100
RSA_BITS = range(2048, 8193)

log = structlog.get_logger(__name__)


class KeyFileUnusable(Exception):
    """A key file is there and cannot be used; the text names it and never its contents."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The service's own ES256 key and the root of its symmetric secrets."""

    signing: ECKey = field(repr=False)
    root: bytes = field(repr=False)
    kid: str

    def public(self) -> dict[str, str]:
        """The public half of the signing key as JWK."""
        numbers = self.signing.as_dict(private=False)
        return {
            "kty": "EC",
            "crv": str(numbers["crv"]),
            "x": str(numbers["x"]),
            "y": str(numbers["y"]),
            "kid": self.kid,
            "use": "sig",
            "alg": OWN_ALGORITHM,
        }

    def secret(self, purpose: str) -> bytes:
        """A 256-bit secret for one purpose ("cursor"); secrets of two purposes tell nothing about
        each other.
        """
        return hmac.digest(self.root, f"renewal-desk secret {purpose}".encode(), "sha256")


def load_keys(data_dir: Path) -> SigningKeys:
    """Read the keys in `data_dir`/keys, making them at the first start.

    Processes that start at once agree, because a key file appears whole and only once. Raises
    KeyFileUnusable when a file is there but damaged, open to others or not ours to read: a key is
    never replaced silently, because that would end every token at once.
    """
    folder = data_dir / "keys"
    try:
        # The data folder itself stays open: the embedded database's account must get through it.
        data_dir.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            folder.chmod(0o700)
        pem = _read_or_make(folder / "signing-key.pem", _new_signing_key)
        root = _read_or_make(folder / "secret.key", lambda: secrets.token_bytes(SECRET_BYTES))
    except OSError as failure:
        raise KeyFileUnusable(f"{folder}: {failure.strerror or 'cannot be used'}") from failure
    if len(root) != SECRET_BYTES:
        raise KeyFileUnusable(f"{folder / 'secret.key'}: must hold exactly {SECRET_BYTES} bytes")
    try:
        signing = ECKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        signing = None
    if signing is None or not signing.is_private or signing.curve_name != "P-256":
        raise KeyFileUnusable(f"{folder / 'signing-key.pem'}: must hold a private P-256 key (PEM)")
    return SigningKeys(signing=signing, root=root, kid=signing.thumbprint())


def _new_signing_key() -> bytes:
    return ECKey.generate_key("P-256").as_pem(private=True)


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    # Written whole under another name, then given its name by a link, which refuses when somebody
    # was faster: nobody ever reads half a key, and the first one wins.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return _read(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            os.fchmod(file.fileno(), 0o600)
        elif found.st_mode & 0o007:
            raise KeyFileUnusable(f"{path}: other users of this machine may read or change it")
        return file.read(KEY_FILE_LIMIT)


class IssuerKey(NamedTuple):
    """A public key of the identity provider with the algorithms that it may be used with."""

    key: ECKey | RSAKey
    algorithms: tuple[str, ...]


class IssuerKeys:
    """The identity provider's keys, fetched when needed and kept in memory."""

    def __init__(
        self,
        url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Mapping[str, IssuerKey] = {}
        self._loaded_at = float("-inf")
        self._tried_at = float("-inf")
        self._wait = FAILED_WAIT

    async def find(self, kid: str) -> IssuerKey | None:
        """The key with this id, or None when the provider does not name it or does not answer."""
        found = self._kept(kid)
        fresh = self._clock() - self._loaded_at < FRESH
        if found is not None and (fresh or not self._may_fetch()):
            return found
        async with self._lock:
            if self._may_fetch():
                await self._refresh()
        return self._kept(kid)

    def _kept(self, kid: str) -> IssuerKey | None:
        return self._keys.get(kid) if self._clock() - self._loaded_at < STALE else None

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= self._wait

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        self._wait = FAILED_WAIT
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = read_key_set(await self._fetch())
        except (httpx.HTTPError, TimeoutError, OSError, ValueError, RecursionError) as failure:
            log.warning("issuer_keys_unavailable", reason=type(failure).__name__)
            return
        self._keys = keys
        self._loaded_at = self._clock()
        self._wait = REFRESH_WAIT

    async def _fetch(self) -> bytes:
        document = bytearray()
        async with (
            httpx.AsyncClient(
                timeout=FETCH_SECONDS, follow_redirects=False, transport=self._transport
            ) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise ValueError("the answer is not 200")
            async for part in answer.aiter_bytes():
                document += part
                if len(document) > DOCUMENT_LIMIT:
                    raise ValueError("the document is too large")
        return bytes(document)


def read_key_set(document: bytes) -> Mapping[str, IssuerKey]:
    """The usable signing keys of a JWKS document by id; keys of other kinds are passed over.

    Raises ValueError when the document is no key set or holds no usable key.
    """
    parsed = json.loads(document)
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_LIMIT:
        raise ValueError("not a key set")
    keys: dict[str, IssuerKey] = {}
    for entry in listed:
        usable = _usable(entry)
        if usable is not None:
            keys.setdefault(entry["kid"], usable)
    if not keys:
        raise ValueError("no usable key")
    return keys


def _usable(entry: Any) -> IssuerKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("use", "sig") != "sig":
        return None
    algorithms: tuple[str, ...]
    try:
        key: ECKey | RSAKey
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            key = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
            algorithms = ("ES256",)
        elif entry.get("kty") == "RSA" and _rsa_bits(entry["n"]) in RSA_BITS:
            key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
            algorithms = ("RS256", "PS256")
        else:
            return None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    stated = entry.get("alg")
    if stated is not None:
        algorithms = tuple(name for name in algorithms if name == stated)
    return IssuerKey(key, algorithms) if algorithms else None


def _rsa_bits(modulus: str) -> int:
    # Looked at before the import, because joserfc only warns about short keys.
    return base64_to_int(modulus).bit_length()
