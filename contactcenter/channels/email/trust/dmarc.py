"""What the owner of a From domain asks of those who get mail in its name: DMARC records (RFC 7489, 6)."""

from __future__ import annotations

from dataclasses import dataclass

from contactcenter.channels.email.trust.dns import Record, Resolver
from contactcenter.channels.email.trust.domains import ascii_domain, organisational
from contactcenter.errors import Unavailable

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy that holds for ``domain``. ``word`` is empty when there is one, else none, permerror or temperror."""

    domain: str
    word: str = ""
    wish: str = "none"  # none, quarantine or reject
    strict_spf: bool = False
    strict_dkim: bool = False


async def find_policy(resolver: Resolver, domain: str) -> Policy:
    """The policy for a From domain: its own record, else that of its organisation (RFC 7489, 6.6.3)."""
    name = ascii_domain(domain)
    if "." not in name:
        return Policy(name, "none")
    above = organisational(name)
    try:
        for owner in dict.fromkeys((name, above)):
            found = [text for text in await resolver.lookup(f"_dmarc.{owner}", Record.TXT) if _is_dmarc(text)]
            if len(found) == 1:
                return read_policy(name, found[0], inherited=owner != name)
    except Unavailable:
        return Policy(name, "temperror")
    return Policy(name, "none")


def _is_dmarc(text: str) -> bool:
    return text.partition(";")[0].replace(" ", "") == "v=DMARC1"


def read_policy(domain: str, text: str, *, inherited: bool = False) -> Policy:
    """The policy of a record; ``inherited``: it is the organisation's, where ``sp`` speaks of subdomains."""
    tags: dict[str, str] = {}
    for part in text.split(";")[1:50]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip().lower())
    wish = tags.get("sp", tags.get("p", "")) if inherited else tags.get("p", "")
    if wish not in POLICIES:
        if "rua" not in tags:
            return Policy(domain, "permerror")
        wish = "none"  # RFC 7489, 6.6.3: a record that at least says whom to tell counts as watching
    return Policy(domain, "", wish, tags.get("aspf") == "s", tags.get("adkim") == "s")
