"""Questions with the key of the article that answers them: material for measuring, as JSON lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from contactcenter.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its language, and the key of the article that answers it (None: no article does)."""

    text: str
    language: str
    key: str | None


def read_questions(file: Path) -> list[Asked]:
    """The questions of a file: ``text``, ``language`` and ``key`` a line; raises :class:`InvalidInput`."""
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [Asked(str(one["text"]), str(one["language"]), one["key"]) for one in lines]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput(f"{file}: no questions ({error})") from error
