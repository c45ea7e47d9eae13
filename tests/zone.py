"""The DNS for tests: a dictionary of names, and a real name server that answers from it over UDP."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from contactcenter.channels.email.trust.dns import Record
from contactcenter.channels.email.trust.resolver import Answer
from contactcenter.errors import Unavailable

SILENT = "no answer"


class Zone:
    """Names as ``{"name TYPE": [values]}``; the value :data:`SILENT` never answers. A resolver, and a source of one."""

    def __init__(self, records=None):
        self.records = {key.lower(): values for key, values in (records or {}).items()}
        self.asked = []

    async def lookup(self, name, kind):
        self.asked.append(f"{name} {kind}")
        found = self.records.get(f"{name.lower().rstrip('.')} {kind}".lower(), ())
        if found == SILENT:
            raise Unavailable("the DNS does not answer")
        return tuple(found)

    async def ask(self, name, kind):
        return Answer(await self.lookup(name, Record(kind)), 300.0)


class NameServer(asyncio.DatagramProtocol):
    """Answers questions over UDP on 127.0.0.1 as a name server does; silent about what the zone is silent about."""

    def __init__(self, zone):
        self.zone, self.port, self._transport = zone, 0, None

    async def start(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    def stop(self):
        self._transport.close()

    def datagram_received(self, data, address):
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.zone.asked.append(f"{name} {kind}")
        found = self.zone.records.get(f"{name} {kind}".lower(), [])
        if found == SILENT:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        known = any(key.split(" ")[0] == name for key in self.zone.records)
        answer.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
        if found:
            texts = [_wire(kind, number, value) for number, value in enumerate(found)]
            answer.answer.append(dns.rrset.from_text(asked.name, 300, "IN", kind, *texts))
        self._transport.sendto(answer.to_wire(), address)


def _wire(kind, number, value):
    """A value as a zone file has it; long texts in pieces."""
    if kind == "TXT":
        return " ".join(f'"{value[start : start + 250]}"' for start in range(0, len(value), 250))
    return f"{number} {value}." if kind == "MX" else f"{value}." if kind == "PTR" else value
