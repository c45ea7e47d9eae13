"""SPF records taken apart (RFC 7208, 4.6 and 12), and their macros filled in (7).

A record is read as a whole before anything of it is asked, so that a fault at its end is found, as the RFC wants it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import quote

MAX_NAME = 253
MAX_TERMS = 200  # a record of more is none that anybody wrote

_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_DIRECTIVE = re.compile(r"([+?~-]?)([A-Za-z0-9]+)([:/].*)?")
_CIDR = re.compile(r"(?:/(0|[1-9]\d{0,2}))?(?://(0|[1-9]\d{0,2}))?")
_MACRO = re.compile(r"%(?:\{([slodiphvcrt])(\d*)(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_LITERAL = re.compile(r"[!-$&-~]*")
_END = re.compile(r"\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?$")
_WORDS = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class BadRecord(Exception):
    """A permanent fault of a record (RFC 7208, 2.6.7)."""


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism and what it means when it matches. ``spec`` is its domain with macros, ``network`` of ip4 and ip6."""

    word: str
    name: str
    spec: str = ""
    network: IPv4Network | IPv6Network | None = None
    cidr4: int = 32
    cidr6: int = 128


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """The mechanisms of a record in their order; ``redirect`` is where to go when none matches."""

    terms: tuple[Term, ...]
    redirect: str = ""


def is_spf(text: str) -> bool:
    """Whether a text record is an SPF record, good or bad (RFC 7208, 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def parse(text: str) -> SpfRecord:
    """Read a record; raises :class:`BadRecord` for any fault in it."""
    if not text.isascii():
        raise BadRecord("the record is not ASCII")
    words = [word for word in text.split(" ")[1:] if word]
    if len(words) > MAX_TERMS:
        raise BadRecord("the record has too many terms")
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in words:
        modifier = _MODIFIER.fullmatch(word)
        if modifier is None:
            terms.append(_term(word))
            continue
        name, value = modifier[1].lower(), modifier[2]
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise BadRecord(f"{name} stands twice")
            modifiers[name] = _domain_spec(value)
        else:
            _macro_string(value)
    return SpfRecord(tuple(terms), modifiers.get("redirect", ""))


def _term(word: str) -> Term:
    """One mechanism."""
    found = _DIRECTIVE.fullmatch(word)
    if found is None:
        raise BadRecord(f"{word[:60]!r} is no term")
    meaning, name, rest = _WORDS[found[1]], found[2].lower(), found[3] or ""
    match name:
        case "all" if not rest:
            return Term(meaning, name)
        case "ip4" | "ip6" if rest.startswith(":"):
            return Term(meaning, name, network=_network(name, rest[1:]))
        case "include" | "exists" if rest.startswith(":"):
            return Term(meaning, name, _domain_spec(rest[1:]))
        case "ptr" if not rest or rest.startswith(":"):
            return Term(meaning, name, _domain_spec(rest[1:]) if rest else "")
        case "a" | "mx":
            return _addressed(meaning, name, rest)
        case _:
            raise BadRecord(f"{word[:60]!r} is no mechanism")


def _addressed(meaning: str, name: str, rest: str) -> Term:
    """``a`` or ``mx`` with its domain and prefix lengths."""
    start = re.search(r"(?:/\d+)?(?://\d+)?$", rest)
    border = start.start() if start else len(rest)
    cidr = _CIDR.fullmatch(rest[border:])
    if cidr is None:
        raise BadRecord(f"{rest[:60]!r} has a bad prefix length")
    four, six = int(cidr[1] or 32), int(cidr[2] or 128)
    if four > 32 or six > 128:
        raise BadRecord(f"{rest[:60]!r} has a bad prefix length")
    spec = rest[:border]
    if spec and not spec.startswith(":"):
        raise BadRecord(f"{rest[:60]!r} is no domain")
    return Term(meaning, name, _domain_spec(spec[1:]) if spec else "", cidr4=four, cidr6=six)


def _network(name: str, text: str) -> IPv4Network | IPv6Network:
    """The addresses of ``ip4`` or ``ip6``."""
    _address, slash, length = text.partition("/")
    if slash and not re.fullmatch(r"0|[1-9]\d{0,2}", length):
        raise BadRecord(f"{text[:60]!r} has a bad prefix length")
    try:
        return IPv4Network(text, strict=False) if name == "ip4" else IPv6Network(text, strict=False)
    except ValueError as error:
        raise BadRecord(f"{text[:60]!r} is no network") from error


def _macro_string(text: str) -> None:
    """Check literals and macros; raises :class:`BadRecord`."""
    position = 0
    while position < len(text):
        literal = _LITERAL.match(text, position)
        position = literal.end() if literal else position
        if position == len(text):
            return
        macro = _MACRO.match(text, position)
        if macro is None or macro[2] in ("0", "00") or len(macro[2] or "") > 3:
            raise BadRecord(f"{text[:60]!r} has a bad macro")
        position = macro.end()


def _domain_spec(text: str) -> str:
    """A domain with macros as it stands; raises :class:`BadRecord`."""
    _macro_string(text)
    ends_in_macro = any(macro.end() == len(text) and macro[1] for macro in _MACRO.finditer(text))
    if not ends_in_macro and not _END.search(f".{text}" if "." not in text else text):
        raise BadRecord(f"{text[:60]!r} is no domain")
    if not ends_in_macro and "." not in text:
        raise BadRecord(f"{text[:60]!r} is no domain")
    if any(macro[1] and macro[1].lower() in "crt" for macro in _MACRO.finditer(text)):
        raise BadRecord(f"{text[:60]!r} has a macro that only explanations may have")
    return text


def expand(spec: str, values: Mapping[str, str]) -> str:
    """Fill the macros with values by their letter; a name that grows too long loses labels at its left."""
    name = _MACRO.sub(lambda macro: _filled(macro, values), spec).rstrip(".")
    while len(name) > MAX_NAME and "." in name:
        name = name.partition(".")[2]
    return name


def _filled(macro: re.Match[str], values: Mapping[str, str]) -> str:
    """One macro: split at its delimiters, turned round, its last parts kept (RFC 7208, 7.3)."""
    if macro[5]:
        return {"%": "%", "_": " ", "-": "%20"}[macro[5]]
    parts = re.split(f"[{re.escape(macro[4] or '.')}]", values[macro[1].lower()])
    if macro[3]:
        parts.reverse()
    if macro[2]:
        parts = parts[-int(macro[2]) :]
    text = ".".join(parts)
    return quote(text, safe="-._~") if macro[1].isupper() else text
