"""Identifiers that the service makes itself."""

import secrets
import uuid
from datetime import datetime


def new_id(now: datetime) -> uuid.UUID:
    """A UUIDv7 (RFC 9562): the instant in milliseconds, then 74 random bits."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    number = number & ~(0xF << 76) | (0x7 << 76)
    return uuid.UUID(int=number & ~(0x3 << 62) | (0x2 << 62))
