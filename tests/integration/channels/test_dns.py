"""Questions over UDP to a name server of our own."""

import pytest

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.trust.dns import Record
from contactcenter.channels.email.trust.resolver import DnsSource
from contactcenter.channels.email.trust.witness import witness
from contactcenter.errors import Unavailable
from contactcenter.settings import Authentication, Settings, Smtp
from tests.unit.channels.email.trust.keys import PUBLIC, key_of, signed
from tests.zone import SILENT, NameServer, Zone

RECORDS = {
    "shop.example TXT": ["v=spf1 mx -all", "something else"],
    "shop.example MX": ["mx1.shop.example", "mx2.shop.example"],
    "mx2.shop.example A": ["5.6.7.8"],
    "mx1.shop.example AAAA": ["2001:db8::1"],
    "_dmarc.shop.example TXT": ["v=DMARC1; p=quarantine"],
    f"{key_of()} TXT": [PUBLIC],
    "8.7.6.5.in-addr.arpa PTR": ["MX2.shop.example"],
    "slow.example TXT": SILENT,
}


@pytest.fixture
async def server():
    made = await NameServer(Zone(RECORDS)).start()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("shop.example", Record.MX, ("mx1.shop.example", "mx2.shop.example")),
        ("mx1.shop.example", Record.AAAA, ("2001:db8::1",)),
        ("mx1.shop.example", Record.A, ()),
        ("nobody.example", Record.TXT, ()),
        ("8.7.6.5.in-addr.arpa", Record.PTR, ("mx2.shop.example",)),
        ("a..b", Record.TXT, ()),
        (key_of(), Record.TXT, (PUBLIC,)),
    ],
)
async def test_every_kind_of_record_comes_back_as_text(server, name, kind, values):
    source = DnsSource([f"127.0.0.1:{server.port}"], 2.0)
    assert (await source.ask(name, kind)).values == values


async def test_no_answer_is_said_in_time(server):
    with pytest.raises(Unavailable, match=r"slow\.example"):
        await DnsSource([f"127.0.0.1:{server.port}"], 0.2).ask("slow.example", Record.TXT)


async def test_a_mail_is_judged_by_what_the_server_says(server):
    ours = Authentication(nameservers=(f"127.0.0.1:{server.port}",), timeout=2)
    envelope = {"door": "smtp", "peer": "5.6.7.8", "mail_from": "ann@shop.example", "helo": "x"}
    message = inbound_mail(signed(), recipients=(), queue="", envelope=envelope)
    asking = witness(Settings(smtp=Smtp(), authentication=ours))
    found = [said["evidence"] for said in await asking.testify([message] * 20)]
    assert [(one.spf.word, one.keys[key_of()], one.policy.wish) for one in found] == [
        ("pass", PUBLIC, "quarantine")
    ] * 20
    assert len(server.zone.asked) == len(set(server.zone.asked)) == 6
