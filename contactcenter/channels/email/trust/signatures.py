"""DKIM signatures of mail that came in (RFC 6376), checked by dkimpy with the keys at hand and no network.

Which keys a mail needs is found by a short look at its header; they are fetched beside the other questions; the
checking itself, with all that a hostile mail may do to it, happens where mail is read: in a confined process.

Stricter than the RFC, as large receivers are: a signature of a part of the body (``l=``), with SHA-1 or with a key
below 1,024 bits proves nothing (RFC 8301).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contactcenter.channels.email.ingest_key import header_end
from contactcenter.channels.email.trust.domains import aligned, ascii_domain

MAX_SIGNATURES = 5  # that are looked at, those of the From domain first
MAX_FIELDS = 20  # signature fields among which they are chosen
MAX_FIELD = 8192  # bytes of one
MAX_HASHED = 12 * 2**20  # bytes hashed for one mail, all its signatures together: more would take a second
MAX_LINES = 500_000  # lines of a mail that is hashed
MIN_BITS = 1024

_FIELD = re.compile(rb"^dkim-signature[ \t]*+:((?:[^\n]*+\n(?=[ \t]))*+[^\n]*+)", re.IGNORECASE | re.MULTILINE)
_FIELD_SPACE = re.compile(rb"\s{200}")  # dkimpy's patterns go back over white space: nobody writes so much of it
_BODY_SPACE = re.compile(rb"[ \t]{2,}")
_SPACE = re.compile(rb"\s+")
_SELECTOR = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,200}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class SignatureName:
    """Whose signature, and under which name its key stands in the DNS."""

    domain: str
    selector: str

    @property
    def key_name(self) -> str:
        """Where the key stands (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class DkimResult:
    """The best signature's result in one word (RFC 8601, 2.7.1), and why."""

    word: str = "none"
    domain: str = ""
    selector: str = ""
    why: str = ""


def signature_names(raw: bytes, from_domain: str) -> tuple[SignatureName, ...]:
    """Whose signatures a mail claims to have: those that vouch for its From domain first, and not too many."""
    names: list[SignatureName] = []
    for number, match in enumerate(_FIELD.finditer(raw, 0, header_end(raw)[0])):
        if number >= MAX_FIELDS:
            break
        if (name := _name(_tags(match[1][:MAX_FIELD]))) is not None:
            names.append(name)
    ordered = sorted(dict.fromkeys(names), key=lambda name: not aligned(name.domain, from_domain))
    return tuple(ordered[:MAX_SIGNATURES])


def check_signatures(
    raw: bytes, keys: Mapping[str, str | None], from_domain: str, accepts: Callable[[str], bool]
) -> DkimResult:
    """The best of a mail's signatures; ``keys`` by their names: empty where there is none, None where unknown now.

    ``accepts`` says whether a domain counts for the From domain; one good signature of such a domain is enough.
    """
    wanted = signature_names(raw, from_domain)
    if not wanted:
        return DkimResult()
    affordable = MAX_HASHED // len(raw)
    if not affordable or raw.count(b"\n") > MAX_LINES:
        return DkimResult("policy", wanted[0].domain, wanted[0].selector, "the mail is too large to check")
    results = _checked(raw, frozenset(wanted[:affordable]), keys)
    return min(results, key=lambda one: _rank(one, accepts), default=DkimResult("permerror", why="no valid field"))


def _rank(result: DkimResult, accepts: Callable[[str], bool]) -> tuple[bool, int]:
    """Good signatures that count first, then good ones, then what may be good in a minute, then the rest."""
    order = ("pass", "temperror", "fail", "policy", "permerror")
    counts = result.word == "pass" and accepts(result.domain)
    return not counts, order.index(result.word)


def _checked(raw: bytes, wanted: frozenset[SignatureName], keys: Mapping[str, str | None]) -> list[DkimResult]:
    """The results of the wanted signatures, as dkimpy finds them in the mail."""
    import dkim  # only mail with a signature needs it

    try:
        mail = dkim.DKIM(raw, minkey=MIN_BITS)
    except (dkim.DKIMException, ValueError, IndexError) as error:
        return [DkimResult("permerror", why=_said(error))]
    fields = [value for name, value in mail.headers if name.lower() == b"dkim-signature"][:MAX_FIELDS]
    # dkimpy's pattern for trailing white space goes back over each run of it; to "relaxed" one space is as good.
    bodies = {False: mail.body, True: _BODY_SPACE.sub(b" ", mail.body)}
    results: list[DkimResult] = []
    for number, value in enumerate(fields):
        tags = _tags(value[:MAX_FIELD])
        name = _name(tags)
        if name not in wanted or len(results) >= MAX_SIGNATURES:
            continue
        word, why = _refused(value, tags, keys.get(name.key_name))
        if not word:
            key = keys.get(name.key_name) or ""
            mail.body = bodies[tags.get("c", "").lower().endswith("/relaxed")]
            word, why = _verified(mail, number, key)
        results.append(DkimResult(word, name.domain, name.selector, why))
    return results


def _refused(value: bytes, tags: Mapping[str, str], key: str | None) -> tuple[str, str]:
    """Word and reason where a signature is not worth the work; empty where it is."""
    if len(value) > MAX_FIELD or _FIELD_SPACE.search(value):
        return "policy", "the signature is too long"
    if "l" in tags:
        return "policy", "it signs only a part of the body"
    if tags.get("a", "").lower() not in ("rsa-sha256", "ed25519-sha256"):
        return "policy", f"{tags.get('a', '')[:30]} is not accepted"
    if "from" not in re.split(r"\s*:\s*", tags.get("h", "").lower()):
        return "permerror", "it does not sign From"
    if key is None:
        return "temperror", "the DNS does not say its key now"
    if not key:
        return "permerror", "the DNS has no such key"
    return "", ""


def _verified(mail: object, number: int, key: str) -> tuple[str, str]:
    """What dkimpy says of one signature."""
    import dkim

    try:
        good = mail.verify(number, dnsfunc=lambda _name, timeout=5: key)  # type: ignore[attr-defined]  # noqa: ARG005
    except dkim.KeyFormatError as error:
        return "permerror", _said(error)
    except dkim.ValidationError as error:
        return "fail", _said(error)
    except (dkim.DKIMException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        return "permerror", _said(error)
    return ("pass", "") if good else ("fail", "the signature does not fit")


def _tags(value: bytes) -> dict[str, str]:
    """The tags of a field; the first of each name."""
    tags: dict[str, str] = {}
    for part in value.split(b";"):
        name, equals, text = part.partition(b"=")
        if equals:
            plain = _SPACE.sub(b" ", text.strip()).decode("ascii", "replace")
            tags.setdefault(name.strip().decode("ascii", "replace"), plain)
    return tags


def _name(tags: Mapping[str, str]) -> SignatureName | None:
    """Domain and selector; None where they are no names."""
    domain, selector = ascii_domain(tags.get("d", "")), tags.get("s", "").strip().lower()
    if "." not in domain or not _SELECTOR.fullmatch(selector):
        return None
    return SignatureName(domain, selector)


def _said(error: Exception) -> str:
    """What was wrong, on one line and short."""
    return "".join(char if char.isprintable() else " " for char in str(error) or type(error).__name__)[:200]
