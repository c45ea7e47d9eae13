"""Patterns that administrators write: what the company's own numbers look like.

RE2 compiles them, which is linear in every text whatever the pattern, and refuses what it cannot do so.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, field_validator

NOT_NUMBERS = frozenset(
    {"amount", "date", "phone", "email", "address", "company", "vehicle", "device"}
    | {"bank_card", "id_card", "iban", "social_security", "passport"}
)
"""Types of entities that no pattern decides upon."""


def compile_pattern(pattern: str) -> Any:
    """A pattern compiled: without case, in bounded memory.

    Raises :class:`ValueError` for what RE2 cannot do (back references, looking around) or what takes too much memory.
    """
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, 2**20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else error
        raise ValueError(f"{pattern!r} is no pattern in RE2's syntax: {reason}") from error


class NumberPattern(BaseModel):
    """What numbers of a kind look like in this company. A built-in type replaces the built-in guesses for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="policy, order, invoice, claim, tracking, or a name of one's own")
    pattern: str = Field(min_length=1, max_length=200, description="RE2 syntax, without case")
    check: Literal["none", "luhn", "mod97", "mod11", "iso7064-mod11-2"] = "none"
    after: tuple[str, ...] = Field((), description="words one of which stands closely before the number")

    @field_validator("type")
    @classmethod
    def _free(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", value):
            raise ValueError("small letters, digits and underscores, at most 31")
        if value in NOT_NUMBERS:
            raise ValueError(f"{value} is found by rules that cannot be set")
        return value

    @field_validator("pattern")
    @classmethod
    def _linear(cls, value: str) -> str:
        if compile_pattern(value).search("") is not None:
            raise ValueError(f"{value!r} fits an empty text")
        return value
