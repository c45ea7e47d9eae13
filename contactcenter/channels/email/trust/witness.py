"""What the DNS says about the senders of a batch of mails, asked before they are read, side by side and in time.

Nobody is asked about mail that others vouch for: a peer whose mail counts as it is, or a server of ours whose
Authentication-Results are believed. About all other mail the DNS is asked once: SPF where the peer is the sender's own
machine, the keys of its signatures, and the policy of its From domain. What does not come in time is "temperror".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, TypeVar

import structlog

from contactcenter.channels.email.trust.dmarc import Policy, find_policy
from contactcenter.channels.email.trust.dns import Record, Resolver
from contactcenter.channels.email.trust.evidence import Evidence
from contactcenter.channels.email.trust.resolver import CachedResolver, DnsSource
from contactcenter.channels.email.trust.signatures import SignatureName, signature_names
from contactcenter.channels.email.trust.spf import SpfResult, check_sender
from contactcenter.envelope import Channel, InboundMessage
from contactcenter.errors import Unavailable
from contactcenter.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

LATE = "the DNS did not answer in time"


class Witness:
    """Asks the DNS about mails (see :class:`contactcenter.pipeline.Testify`)."""

    def __init__(self, settings: Settings, resolver: Resolver) -> None:
        self._resolver = resolver
        self._timeout = settings.authentication.timeout
        self._enabled = settings.authentication.enabled
        self._believed = {
            "smtp": bool(settings.smtp.authserv_id),
            "lmtp": bool(settings.lmtp.authserv_id),
            "imap": True,  # its mail counts as trusted only where the mailbox names its server
        }

    def wanted(self, channel: str, envelope: Mapping[str, Any]) -> bool:
        """Whether nobody vouches for a message, so that the DNS has to be asked."""
        door = envelope.get("door")
        if not self._enabled or channel != Channel.EMAIL or door not in self._believed or envelope.get("assumed"):
            return False
        return not (envelope.get("trusted") and self._believed[str(door)])

    async def testify(self, messages: Sequence[InboundMessage]) -> list[Mapping[str, Any]]:
        """What to add to each message's envelope. Never raises: what fails proves nothing."""
        found = await asyncio.gather(*(self._evidence(message) for message in messages), return_exceptions=True)
        return [{"evidence": _or_none(one)} for one in found]

    async def _evidence(self, message: InboundMessage) -> Evidence:
        """All about one mail; each of its questions has the whole time for itself."""
        envelope = message.envelope
        domain = message.sender.value.rpartition("@")[2]
        names = signature_names(message.raw or b"", domain)
        peer = str(envelope.get("peer", ""))
        direct = envelope.get("door") == "smtp" and not envelope.get("trusted") and _is_public(peer)
        if not names and not direct:
            return Evidence()  # nothing that could prove or disprove anything
        spf, keys, policy = await asyncio.gather(
            self._spf(peer, envelope) if direct else _nothing(),
            asyncio.gather(*(self._key(name) for name in names)),
            self._in_time(find_policy(self._resolver, domain), Policy(domain, "temperror")),
        )
        return Evidence(spf, dict(keys), policy)

    async def _spf(self, peer: str, envelope: Mapping[str, Any]) -> SpfResult:
        mail_from, helo = str(envelope.get("mail_from", "")), str(envelope.get("helo", ""))
        return await self._in_time(
            check_sender(self._resolver, peer, mail_from, helo), SpfResult("temperror", why=LATE)
        )

    async def _key(self, name: SignatureName) -> tuple[str, str | None]:
        """The key of a signature. Several records under one name are none (RFC 6376, 3.6.2.2)."""
        try:
            found = await self._in_time(self._resolver.lookup(name.key_name, Record.TXT), None)
        except Unavailable:
            found = None
        if found is None:
            return name.key_name, None
        return name.key_name, found[0] if len(found) == 1 else ""

    async def _in_time(self, question: Awaitable[T], otherwise: T) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                return await question
        except TimeoutError:
            return otherwise


def witness(settings: Settings) -> Witness:
    """The witness that asks the name servers of the settings."""
    ours = settings.authentication
    return Witness(settings, CachedResolver(DnsSource(ours.nameservers, ours.timeout)))


def _or_none(found: Evidence | BaseException) -> Evidence:
    """A mail that our questions stumble over must not hold up the others."""
    if isinstance(found, Evidence):
        return found
    log.error("nothing is known about a sender", error=f"{type(found).__name__}: {found}")
    return Evidence()


def _is_public(peer: str) -> bool:
    """Whether a peer can be the machine that a domain names: a relay on our own network never is."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return not (address.is_private or address.is_loopback or address.is_link_local)


async def _nothing() -> None:
    """What was not asked for."""
