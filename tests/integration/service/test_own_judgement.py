"""The running service judges a sender by itself: real questions to a name server, signatures checked in its child."""

import asyncio
import smtplib

from tests.service import SUPPORT, running_service, until
from tests.unit.channels.email.trust.keys import PUBLIC, key_of, plain, signed
from tests.zone import NameServer, Zone

DNS = {"_dmarc.shop.example TXT": ["v=DMARC1; p=reject"], f"{key_of()} TXT": [PUBLIC]}


async def test_a_signed_mail_is_proven_and_a_bare_one_is_not():
    server = await NameServer(Zone(DNS)).start()
    env = {
        "CONTACTCENTER_SMTP__ASSUME_AUTHENTICATED": "[]",
        "CONTACTCENTER_SMTP__TRUSTED": "[]",
        "CONTACTCENTER_AUTHENTICATION__NAMESERVERS": f'["127.0.0.1:{server.port}"]',
    }
    async with running_service(env=env) as service:
        for raw in (signed(), plain("Bob <bob@shop.example>").replace(b"<1@", b"<2@")):
            await asyncio.to_thread(_send, service.smtp_port, raw)
        done = await until(lambda: _judged(service), "both mails are understood")
    server.stop()
    assert done == {"1@shop.example": (True, "pass", "proven"), "2@shop.example": (False, "none", "unproven")}
    assert sorted(set(server.zone.asked)) == ["_dmarc.shop.example TXT", f"{key_of()} TXT"]


def _send(port, raw):
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as door:
        door.sendmail("x@shop.example", [SUPPORT], raw)


async def _judged(service):
    rows = await service.rows(
        "SELECT external_id, authenticated, authentication FROM message WHERE direction = 'in' AND state = 'done'"
    )
    return {one: (proven, said["dkim"], said["verdict"]) for one, proven, said in rows} if len(rows) == 2 else None
