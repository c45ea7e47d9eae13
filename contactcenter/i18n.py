"""Translations: gettext catalogues under ``locale/``, read once from their ``.po`` files."""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

LOCALES = ("en", "zh")
"""Languages of the console and of automatic mail."""

_ROOT = Path(__file__).parent / "locale"


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of a locale; English, and any locale we do not speak, is the text of the source itself."""
    path = _ROOT / locale / "LC_MESSAGES" / "messages.po"
    if locale == "en" or not path.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    buffer = BytesIO()
    with path.open("rb") as file:
        write_mo(buffer, read_po(file, locale=locale))
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)


def negotiate(accept_language: str, default: str = "en") -> str:
    """The locale an ``Accept-Language`` header asks for (RFC 9110, 12.5.4), of those we speak."""
    best, quality = default, 0.0
    for part in accept_language[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        language = tag.split("-")[0].lower()
        if language in LOCALES and weight > quality:
            best, quality = language, weight
    return best
