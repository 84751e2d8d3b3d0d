"""Personal API tokens: shown once, kept as SHA-256. They are random enough that a plain hash is safe."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "tc_"
_BYTES = 32


def new_token() -> tuple[str, bytes]:
    """Make a token; gives the text to show once and the hash to keep."""
    text = PREFIX + secrets.token_urlsafe(_BYTES)
    return text, token_hash(text)


def token_hash(text: str) -> bytes:
    """Give the SHA-256 under which a token is kept and looked up."""
    return hashlib.sha256(text.strip().encode()).digest()
