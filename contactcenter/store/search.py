"""Search tokens: words for Latin text, characters and bigrams for Chinese, Japanese and Korean.

PostgreSQL's own parsers do not cut Chinese, so we cut ourselves and hand over a ``tsvector`` of the ``simple``
configuration. A query of two Chinese characters is one bigram: exact and indexed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]+|[^\W_]+(?:[-.@'’][^\W_]+)*", re.UNICODE)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
_PIECE = re.compile(r"[-.@'’]")
MAX_CHARACTERS = 60_000
"""Of one text; a tsvector holds a megabyte at most and nobody searches the tail of a log file."""
MAX_TOKEN = 60


def tokens(text: str, *, query: bool = False) -> list[str]:
    """The tokens of a text, in order.

    For the index a Chinese run gives every character and every bigram; for a query bigrams alone (a single character
    stands for itself). A compound such as ``P-1234567`` gives itself and its pieces.
    """
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()):
        if _CJK.match(run):
            if not query or len(run) == 1:
                found.extend(run)
            found.extend(run[index : index + 2] for index in range(len(run) - 1))
        else:
            found.append(run[:MAX_TOKEN])
            if not query and _PIECE.search(run):
                found.extend(piece[:MAX_TOKEN] for piece in _PIECE.split(run))
    return found


def vector_literal(*texts: str) -> str:
    """The text form of a ``tsvector`` of the texts' distinct tokens (cast it: ``:value ::tsvector``)."""
    distinct = dict.fromkeys(token for text in texts for token in tokens(text))
    return " ".join(_quote(token) for token in list(distinct)[:4000])


def query_literal(words: Iterable[str], *, any_of: bool = False) -> str:
    """The text form of a ``tsquery`` that wants all (or any) of the given texts' tokens."""
    distinct = dict.fromkeys(token for word in words for token in tokens(word, query=True))
    return (" | " if any_of else " & ").join(_quote(token) for token in list(distinct)[:64])


def _quote(token: str) -> str:
    return "'" + token.replace("\\", "").replace("'", "''") + "'"
