"""Who vouches for the sender: Authentication-Results (RFC 8601) of mail servers we trust, aligned with From (RFC 7489).

Anyone may write such a header. Only those whose authserv-id is configured count, and a relay that is trusted must
remove forged ones that carry its own name (RFC 8601, 5). Where no server of ours has judged, we do it ourselves: see
:mod:`contactcenter.channels.email.judgement`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import authres

from contactcenter.channels.email.trust.domains import aligned

MAX_RESULTS = 20  # headers looked at
_STRONG = ("pass", "fail", "softfail", "temperror", "permerror", "neutral", "policy", "none")


class Verdict(StrEnum):
    """What an agent needs to know of a sender, in one word."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    FAILED = "failed"  # the owner of the domain says that such mail is not his


@dataclass(frozen=True, slots=True)
class Authentication:
    """Results of SPF, DKIM and DMARC in one word each (RFC 8601, 2.7), and whether the From domain is proven.

    ``details`` tell what they rest on: ``judge`` (a server's name, or "self"), ``spf_domain``, ``dkim_domain``,
    ``dkim_selector``, ``policy`` (what DMARC asks for), ``why``.
    """

    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    authenticated: bool = False
    details: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def verdict(self) -> Verdict:
        """All of it in one word. A broken signature alone is no forgery: lists break them."""
        if self.authenticated:
            return Verdict.PROVEN
        denied = self.dmarc == "fail" or (self.spf == "fail" and self.dkim != "pass")
        return Verdict.FAILED if denied else Verdict.UNPROVEN

    def words(self) -> dict[str, str]:
        """Everything as plain texts, as the message's row and the API carry it."""
        told = {name: text for name, text in self.details.items() if text}
        return {"spf": self.spf, "dkim": self.dkim, "dmarc": self.dmarc, "verdict": self.verdict.value, **told}


def evaluate(results: Iterable[str], from_domain: str, trusted: Collection[str]) -> Authentication:
    """Evaluate Authentication-Results fields, the newest first, for the domain of From.

    Authenticated means: DMARC passed for that domain, or SPF or DKIM passed for a domain aligned with it while DMARC
    did not fail. Fields of other authserv-ids, and fields that cannot be read, are ignored. Of a method the newest
    field that speaks of it is believed, and no older one, which the sender may have written himself; within that field
    one passing and aligned DKIM signature is enough.
    """
    names = {name.lower() for name in trusted}
    domain = from_domain.lower().rstrip(".")
    found: dict[str, str] = {}
    proofs: set[str] = set()
    if names:
        for _, value in zip(range(MAX_RESULTS), results, strict=False):
            _read(value, names, domain, found, proofs)
    dmarc = found.get("dmarc", "none")
    proven = bool(domain) and dmarc not in ("fail", "permerror", "temperror") and bool(proofs)
    return Authentication(found.get("spf", "none"), found.get("dkim", "none"), dmarc, proven)


def _read(value: str, names: set[str], domain: str, found: dict[str, str], proofs: set[str]) -> None:
    """Add the results of one field."""
    if value.partition(";")[0].split("/")[0].split()[:1] and value.partition(";")[0].split()[0].lower() not in names:
        return
    try:
        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {' '.join(value[:8000].split())}")
    except (authres.AuthResError, ValueError, IndexError, TypeError, AttributeError, RecursionError):
        return
    if str(header.authserv_id or "").lower() not in names:
        return
    judged = frozenset(found)  # by newer fields
    for result in header.results or ():
        method, word = str(result.method).lower(), str(result.result or "none").lower()
        if method not in ("spf", "dkim", "dmarc") or method in judged or word not in _STRONG:
            continue
        proven = word == "pass" and aligned(_proven_domain(method, result), domain)
        if method not in found or (proven and method == "dkim"):
            found[method] = word
            if proven:
                proofs.add(method)


def _proven_domain(method: str, result: authres.AuthenticationResult) -> str:
    """Return the domain that a passing result speaks of."""
    values = {f"{p.type}.{p.name}".lower(): str(p.value or "") for p in result.properties or ()}
    match method:
        case "spf":
            value = values.get("smtp.mailfrom") or values.get("smtp.helo") or ""
        case "dkim":
            value = values.get("header.d") or values.get("header.i") or ""
        case _:
            value = values.get("header.from") or ""
    return value.strip().strip("<>").rpartition("@")[2].lower().rstrip(".")
