"""SPF by ourselves (RFC 7208): whether a peer may send mail for a domain.

The one Python library for it asks the DNS blockingly through a variable of its module; ours awaits a port, so that a
whole batch of mails is asked after side by side. Limits are the RFC's: ten terms that ask, two questions in vain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from contactcenter.channels.email.trust.dns import Record, Resolver
from contactcenter.channels.email.trust.domains import ascii_domain
from contactcenter.channels.email.trust.spf_record import BadRecord, SpfRecord, Term, expand, is_spf, parse
from contactcenter.errors import Unavailable

MAX_ASKING = 10  # terms of all records together that need the DNS (RFC 7208, 4.6.4)
MAX_IN_VAIN = 2  # questions without an answer
MAX_HOSTS = 10  # names of one MX or PTR answer


@dataclass(frozen=True, slots=True)
class SpfResult:
    """The result in one word (RFC 7208, 2.6), the domain it speaks of, and what decided."""

    word: str
    domain: str = ""
    why: str = ""


async def check_sender(resolver: Resolver, peer: str, mail_from: str, helo: str) -> SpfResult:
    """Whether ``peer`` may send for the domain of ``mail_from``; for the null path that of ``helo`` is asked."""
    local, _, domain = mail_from.rpartition("@") if mail_from else ("", "", helo)
    name = ascii_domain(domain)
    if "." not in name or name.startswith("["):
        return SpfResult("none", name, "no domain to ask")
    address = ip_address(peer)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    evaluation = _Evaluation(resolver, address, local or "postmaster", name, helo)
    try:
        word, why = await evaluation.check_host(name)
    except BadRecord as error:
        return SpfResult("permerror", name, str(error))
    except Unavailable as error:
        return SpfResult("temperror", name, str(error))
    return SpfResult(word, name, why)


@dataclass(slots=True)
class _Evaluation:
    """One mail's questions, counted."""

    resolver: Resolver
    peer: IPv4Address | IPv6Address
    local: str
    sender_domain: str
    helo: str
    asking: int = 0
    in_vain: int = 0
    names: tuple[str, ...] | None = field(default=None)  # of the peer, proven in both directions

    async def check_host(self, domain: str) -> tuple[str, str]:
        """The function of RFC 7208, 4: a word, and the term that decided."""
        if "." not in domain or ascii_domain(domain) != domain.lower():
            return "none", "no domain"
        record = await self._record(domain)
        if record is None:
            return "none", f"{domain} has no SPF record"
        for term in record.terms:
            if await self._matches(term, domain):
                return term.word, f"{domain}: {term.name}"
        if not record.redirect:
            return "neutral", f"{domain}: nothing matches"
        self._count()
        target = await self._filled(record.redirect, domain)
        word, why = await self.check_host(target)
        if word == "none":
            raise BadRecord(f"{domain} redirects to {target}, which has no SPF record")
        return word, why

    async def _record(self, domain: str) -> SpfRecord | None:
        found = [text for text in await self.resolver.lookup(domain, Record.TXT) if is_spf(text)]
        if len(found) > 1:
            raise BadRecord(f"{domain} has several SPF records")
        return parse(found[0]) if found else None

    def _count(self) -> None:
        self.asking += 1
        if self.asking > MAX_ASKING:
            raise BadRecord(f"more than {MAX_ASKING} terms ask the DNS")

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return self.peer in term.network  # never of the other version
        self._count()
        target = await self._filled(term.spec, domain) if term.spec else domain
        match term.name:
            case "include":
                return await self._includes(target)
            case "a":
                return await self._is_one(await self._addresses(target), term)
            case "mx":
                return await self._is_exchanger(target, term)
            case "exists":
                return bool(await self._ask(target, Record.A))
            case _:  # ptr
                return any(name == target or name.endswith(f".{target}") for name in await self._peer_names())

    async def _includes(self, target: str) -> bool:
        word, _why = await self.check_host(target)
        if word == "none":
            raise BadRecord(f"{target} is included and has no SPF record")
        return word == "pass"

    async def _is_exchanger(self, target: str, term: Term) -> bool:
        hosts = await self._ask(target, Record.MX)
        if len(hosts) > MAX_HOSTS:
            raise BadRecord(f"{target} has more than {MAX_HOSTS} mail exchangers")
        for host in hosts:
            if host and await self._is_one(await self._addresses(host, counted=False), term):
                return True
        return False

    async def _is_one(self, addresses: tuple[str, ...], term: Term) -> bool:
        length = term.cidr4 if self.peer.version == 4 else term.cidr6
        return any(self.peer in ip_network(f"{address}/{length}", strict=False) for address in addresses)

    async def _addresses(self, name: str, *, counted: bool = True) -> tuple[str, ...]:
        kind = Record.A if self.peer.version == 4 else Record.AAAA
        return await self._ask(name, kind) if counted else await self.resolver.lookup(name, kind)

    async def _ask(self, name: str, kind: Record) -> tuple[str, ...]:
        """The records of a name; too many questions in vain are a fault of the record."""
        found = await self.resolver.lookup(name, kind) if ascii_domain(name) else ()
        if not found:
            self.in_vain += 1
            if self.in_vain > MAX_IN_VAIN:
                raise BadRecord(f"more than {MAX_IN_VAIN} questions in vain")
        return found

    async def _peer_names(self) -> tuple[str, ...]:
        """The peer's names that lead back to it (RFC 7208, 5.5); none when the DNS does not say."""
        if self.names is None:
            self.names = ()
            proven: list[str] = []
            try:
                hosts = await self._ask(self.peer.reverse_pointer, Record.PTR)
            except Unavailable:
                return ()
            for host in hosts[:MAX_HOSTS]:
                try:
                    found = await self._addresses(host, counted=False)
                except Unavailable:
                    continue
                if any(ip_address(address) == self.peer for address in found):
                    proven.append(host)
            self.names = tuple(proven)
        return self.names

    async def _filled(self, spec: str, domain: str) -> str:
        """A domain with its macros filled in (RFC 7208, 7)."""
        four = self.peer.version == 4
        values = {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": str(self.peer) if four else ".".join(self.peer.exploded.replace(":", "")),
            "v": "in-addr" if four else "ip6",
            "h": self.helo,
            "p": await self._peer_name(domain) if "%{p" in spec.lower() else "",
        }
        return expand(spec, values).lower()

    async def _peer_name(self, domain: str) -> str:
        """The peer's own name for ``%{p}``: one of the domain where there is one."""
        names = await self._peer_names()
        inside = [name for name in names if name == domain or name.endswith(f".{domain}")]
        return next(iter([*inside, *names]), "unknown")
