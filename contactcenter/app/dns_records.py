"""The DNS records that a domain of ours needs so that its mail comes in and is believed: what to set, what is set.

``doctor`` prints them for the domain of every mailbox in the settings, and asks the DNS what stands there now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from contactcenter.app.finding import Finding
from contactcenter.channels.email.trust import spf_record
from contactcenter.channels.email.trust.dmarc import find_policy
from contactcenter.channels.email.trust.dns import Record, Resolver
from contactcenter.channels.email.trust.resolver import CachedResolver, DnsSource
from contactcenter.channels.email.trust.signing import key_record, read_key
from contactcenter.errors import ContactCenterError, Unavailable
from contactcenter.settings import DkimKey, Settings

_CHUNK = 255  # characters of one string of a text record (RFC 1035, 3.3)
_SILENT = "the DNS does not answer here"


def look_at_dns(settings: Settings) -> list[Finding]:
    """All findings, asked of the name servers of the settings."""
    ours = settings.authentication
    return asyncio.run(dns_findings(settings, CachedResolver(DnsSource(ours.nameservers, ours.timeout))))


async def dns_findings(settings: Settings, resolver: Resolver) -> list[Finding]:
    """What stands in the DNS for each mailbox's domain, beside what should."""
    domains = sorted({box.address.rpartition("@")[2] for box in settings.mailboxes})
    looks = [
        look
        for domain in domains
        for look in (
            _mx(settings, resolver, domain),
            _spf(settings, resolver, domain),
            _dkim(settings, resolver, domain),
            _dmarc(resolver, domain),
        )
    ]
    found: list[Finding] = []
    for some in await asyncio.gather(*looks):
        found.extend(some)
    return found


async def _mx(settings: Settings, resolver: Resolver, domain: str) -> list[Finding]:
    """Where mail for the domain goes; mail that is fetched by IMAP goes to its provider."""
    boxes = [box for box in settings.mailboxes if box.address.endswith(f"@{domain}")]
    fetched = all(box.imap is not None for box in boxes)
    host = settings.smtp.hostname
    record = "" if fetched or not host else f"{domain}. IN MX 10 {host}."
    try:
        found = await resolver.lookup(domain, Record.MX)
    except Unavailable:
        return [Finding(f"MX of {domain}", "note", _SILENT, "look again where the DNS can be asked", record)]
    if not found:
        return [
            Finding(f"MX of {domain}", "note", "missing: no mail finds the way to this domain", _set(record), record)
        ]
    if record and host.lower() not in found:
        mend = "fine where those servers pass the mail on to smtp.listen; else set the record"
        return [Finding(f"MX of {domain}", "note", f"differs: {', '.join(found[:5])}", mend, record)]
    return [Finding(f"MX of {domain}", "fine", f"ok: {', '.join(found[:5])}", "", record)]


async def _spf(settings: Settings, resolver: Resolver, domain: str) -> list[Finding]:
    """Who may send for the domain (RFC 7208)."""
    host = settings.outgoing.host
    sends = "" if _is_address(host) or "." not in host else f" a:{host}"
    record = _txt(domain, f"v=spf1 mx{sends} ~all")
    name = f"SPF of {domain}"
    try:
        found = [text for text in await resolver.lookup(domain, Record.TXT) if spf_record.is_spf(text)]
    except Unavailable:
        return [Finding(name, "note", _SILENT, "look again where the DNS can be asked", record)]
    if not found:
        mend = "set the record, with what your mail provider asks for (its include: term)"
        return [Finding(name, "note", "missing: anybody may send in its name", mend, record)]
    if len(found) > 1:
        return [Finding(name, "broken", f"{len(found)} records, so none counts", "leave one of them", record)]
    try:
        spf_record.parse(found[0])
    except spf_record.BadRecord as error:
        return [Finding(name, "broken", f"{found[0][:200]}: {error}", "mend the record", record)]
    return [Finding(name, "fine", f"ok: {found[0][:200]}", "", record)]


async def _dkim(settings: Settings, resolver: Resolver, domain: str) -> list[Finding]:
    """The public keys of our signatures (RFC 6376)."""
    keys = [key for key in settings.outgoing.dkim if domain == key.domain or domain.endswith(f".{key.domain}")]
    if not keys:
        mend = f"contactcenter mail dkim-key {domain}, unless your smart host signs"
        return [Finding(f"DKIM of {domain}", "note", "our mail is not signed here", mend)]
    return [await _dkim_key(resolver, key) for key in keys]


async def _dkim_key(resolver: Resolver, key: DkimKey) -> Finding:
    where, name = f"{key.selector}._domainkey.{key.domain}", f"DKIM of {key.domain}"
    try:
        public = key_record(read_key(key.private_key.get_secret_value(), key.domain))
    except ContactCenterError as error:
        return Finding(name, "broken", str(error), f"contactcenter mail dkim-key {key.domain} makes a new one")
    record = _txt(where, public)
    try:
        found = await resolver.lookup(where, Record.TXT)
    except Unavailable:
        return Finding(name, "note", _SILENT, "look again where the DNS can be asked", record)
    if not found:
        return Finding(name, "broken", f"missing: {where}, so our signatures prove nothing", _set(record), record)
    if len(found) > 1 or _tag(found[0], "p") != _tag(public, "p"):
        return Finding(
            name, "broken", f"differs: {where} has another key, so our signatures fail", _set(record), record
        )
    return Finding(name, "fine", f"ok: {where}", "", record)


async def _dmarc(resolver: Resolver, domain: str) -> list[Finding]:
    """What others shall do with mail that is not ours (RFC 7489)."""
    record = _txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
    name, policy = f"DMARC of {domain}", await find_policy(resolver, domain)
    match policy.word:
        case "temperror":
            return [Finding(name, "note", _SILENT, "look again where the DNS can be asked", record)]
        case "none":
            mend = "set the record; p=quarantine when the reports show that all your mail passes"
            return [Finding(name, "note", "missing: large receivers may refuse our mail", mend, record)]
        case "permerror":
            return [Finding(name, "broken", "the record cannot be read", _set(record), record)]
        case _:
            return [Finding(name, "fine", f"ok: p={policy.wish}", "", record)]


def records_to_set(findings: Iterable[Finding]) -> Sequence[str]:
    """The lines for the zones, each once."""
    return list(dict.fromkeys(finding.record for finding in findings if finding.record))


def _txt(name: str, text: str) -> str:
    """A text record as a line of a zone, long texts in pieces."""
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    return f"{name}. IN TXT " + " ".join(f'"{piece}"' for piece in pieces)


def dkim_line(domain: str, selector: str, public: str) -> str:
    """The line that publishes a key."""
    return _txt(f"{selector}._domainkey.{domain}", public)


def _set(record: str) -> str:
    return "set the record below" if record else "set smtp.hostname to the name the world knows this machine by"


def _tag(text: str, name: str) -> str:
    """A tag of a key record, without white space."""
    for part in text.split(";"):
        key, _, value = part.partition("=")
        if key.strip() == name:
            return "".join(value.split())
    return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
