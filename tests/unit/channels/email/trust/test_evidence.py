"""What the DNS is asked about a mail, and when it is left alone."""

import asyncio

import pytest

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.trust.evidence import Evidence
from contactcenter.channels.email.trust.witness import Witness
from contactcenter.envelope import Channel
from contactcenter.settings import Authentication, Lmtp, Settings, Smtp
from tests.unit.channels.email.trust.keys import PUBLIC, key_of, plain, signed
from tests.zone import SILENT, Zone

DIRECT = {"door": "smtp", "peer": "5.6.7.8", "mail_from": "ann@shop.example", "helo": "mx.shop.example"}
RECORDS = {
    "shop.example TXT": ["v=spf1 ip4:5.6.7.8 -all"],
    "_dmarc.shop.example TXT": ["v=DMARC1; p=reject"],
    f"{key_of()} TXT": [PUBLIC],
}


def witness(zone, *, authserv_id="mx.desk.example", **ours):
    ours = {"timeout": 0.05, **ours}
    settings = Settings(smtp=Smtp(authserv_id=authserv_id), lmtp=Lmtp(), authentication=Authentication(**ours))
    return Witness(settings, zone)


async def evidence(zone, raw, envelope):
    message = inbound_mail(raw, recipients=(), queue="", envelope=envelope)
    (found,) = await witness(zone).testify([message])
    return found["evidence"]


@pytest.mark.parametrize(
    ("envelope", "wanted"),
    [
        (DIRECT, True),
        (DIRECT | {"trusted": True}, False),
        (DIRECT | {"assumed": True}, False),
        ({"door": "imap", "trusted": False}, True),
        ({"door": "imap", "trusted": True}, False),
        ({"door": "lmtp", "trusted": True}, True),
        ({"door": "import"}, False),
        ({}, False),
    ],
)
def test_only_mail_that_nobody_vouches_for_is_asked_about(envelope, wanted):
    assert witness(Zone()).wanted(Channel.EMAIL, envelope) is wanted
    assert not witness(Zone(), enabled=False).wanted(Channel.EMAIL, envelope)
    assert not witness(Zone()).wanted(Channel.SMS, envelope)


def test_a_trusted_relay_without_a_name_judges_nobody():
    assert witness(Zone(), authserv_id="").wanted(Channel.EMAIL, DIRECT | {"trusted": True})


async def test_mail_straight_from_the_internet_is_asked_about_in_full():
    found = await evidence(Zone(RECORDS), signed(), DIRECT)
    assert (found.spf.word, dict(found.keys), found.policy.wish) == ("pass", {key_of(): PUBLIC}, "reject")


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.2", "fe80::1", "", "local"])
async def test_unsigned_mail_of_a_neighbour_asks_nothing(peer):
    zone = Zone(RECORDS)
    assert (await evidence(zone, plain(), DIRECT | {"peer": peer}), zone.asked) == (Evidence(), [])


@pytest.mark.parametrize(
    "envelope", [{"door": "imap"}, DIRECT | {"peer": "127.0.0.1"}, {"door": "lmtp", "trusted": True}]
)
async def test_signed_mail_is_asked_about_whichever_way_it_came(envelope):
    found = await evidence(Zone(RECORDS), signed(), envelope)
    assert (found.spf, dict(found.keys), found.policy.wish) == (None, {key_of(): PUBLIC}, "reject")


async def test_a_silent_dns_gives_no_evidence_and_no_error():
    found = await evidence(Zone(dict.fromkeys(RECORDS, SILENT)), signed(), DIRECT)
    assert (found.spf.word, dict(found.keys), found.policy.word) == ("temperror", {key_of(): None}, "temperror")


async def test_a_dns_that_never_ends_is_not_waited_for():
    class Endless:
        async def lookup(self, name, kind):
            await asyncio.Event().wait()

    found = await evidence(Endless(), signed(), DIRECT)
    assert (found.spf.word, dict(found.keys), found.policy.word) == ("temperror", {key_of(): None}, "temperror")


async def test_a_fault_of_ours_costs_one_mail_its_proof_and_nobody_his_turn():
    class Faulty:
        async def lookup(self, name, kind):
            raise ValueError("a fault")

    assert await evidence(Faulty(), signed(), DIRECT) == Evidence()


async def test_several_records_under_a_keys_name_are_no_key():
    found = await evidence(Zone({f"{key_of()} TXT": [PUBLIC, PUBLIC]}), signed(), DIRECT)
    assert found.keys[key_of()] == ""
