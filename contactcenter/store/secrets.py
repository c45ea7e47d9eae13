"""The instance's own key, made once in the data directory, and what is derived from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from contactcenter.errors import SettingsError


class Secrets:
    """Keys derived from ``instance.key``: one per purpose, so that a token for one door opens no other."""

    def __init__(self, root: bytes) -> None:
        self._root = root

    @classmethod
    def load(cls, path: Path) -> Secrets:
        """The key in the file; made, readable by its owner alone, when there is none."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass  # made before, or by another process just now: that one holds
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
        text = path.read_text(encoding="ascii").strip()
        if len(text) != 64:
            raise SettingsError(f"{path} is damaged: restore it from a backup, or remove it (sessions and seals end)")
        return cls(bytes.fromhex(text))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (HMAC-SHA256 as a PRF)."""
        return hmac.digest(self._root, purpose.encode(), hashlib.sha256)

    def seal(self, text: str, purpose: str) -> str:
        """Encrypt a secret for keeping in the database (Fernet: AES-128-CBC with HMAC)."""
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def unseal(self, sealed: str, purpose: str) -> str:
        """The secret :meth:`seal` kept; raises :class:`SettingsError` when the instance key is another."""
        try:
            return self._fernet(purpose).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingsError("a stored secret was sealed with another instance.key") from error

    def _fernet(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self.derive(f"seal:{purpose}")))
