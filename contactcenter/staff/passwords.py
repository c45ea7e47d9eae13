"""Passwords: Argon2id (RFC 9106) in a thread, because hashing takes tens of milliseconds by design."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contactcenter.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 1024
"""In characters; the upper limit keeps a megabyte of "password" from costing CPU."""

# 19 MiB, two passes, one lane: OWASP's first choice; sign-ins side by side stay within the memory target.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def check_strength(password: str) -> None:
    """Raise :class:`InvalidInput` when the password is too short or absurdly long (NIST SP 800-63B: length alone)."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"a password has at least {MIN_LENGTH} characters", field="password")
    if len(password) > MAX_LENGTH:
        raise InvalidInput(f"a password has at most {MAX_LENGTH} characters", field="password")


async def hash_password(password: str) -> str:
    """The hash to keep. Raises :class:`InvalidInput` when the password is too short."""
    check_strength(password)
    return await asyncio.to_thread(_hasher.hash, password)


async def verify(password_hash: str, password: str) -> bool:
    """Whether the password is the one hashed. With an empty hash the same work is done and the answer is no."""
    return await asyncio.to_thread(_verify, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with older parameters."""
    return _hasher.check_needs_rehash(password_hash)


def _verify(password_hash: str, password: str) -> bool:
    try:
        matches = _hasher.verify(password_hash or _nobody(), password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return matches and bool(password_hash)


@cache
def _nobody() -> str:
    """A hash no password belongs to: an unknown address costs as much time as a known one."""
    return _hasher.hash(secrets.token_urlsafe(32))
