"""A7, A8 and A69 against our own judgement: mail straight from strangers' machines, judged by SPF, DKIM and DMARC."""

import pytest

from tests.attacks.house import PostRoom
from tests.attacks.test_mail_identity import answered
from tests.unit.channels.email.trust.keys import PUBLIC, key_of, plain, signed
from tests.zone import SILENT, Zone

HOME, ELSEWHERE = "5.6.7.8", "9.9.9.9"
ANN = "ann@shop.example"
DNS = {
    "shop.example TXT": [f"v=spf1 ip4:{HOME} -all"],
    "evil.example TXT": ["v=spf1 +all"],
    "_dmarc.shop.example TXT": ["v=DMARC1; p=reject"],
    f"{key_of()} TXT": [PUBLIC],
    f"{key_of('evil.example')} TXT": [PUBLIC],
}
OWN = b"Authentication-Results: desk.example; dmarc=pass header.from=shop.example\r\n"


async def judged(store, raw, *, peer=ELSEWHERE, path=ANN, dns=DNS):
    """What became of one mail: its row, and what the machine wrote."""
    room = await PostRoom(store, resolver=Zone(dns), authserv_id="desk.example").open()
    await room.take(raw, proven=False, peer=peer, mail_from=path, helo="mx.shop.example")
    (message,) = await room.messages()
    return message, await room.written()


@pytest.mark.parametrize(
    ("raw", "peer", "path"),
    [
        (signed(), ELSEWHERE, "bounce@list.example"),
        (plain(), HOME, ANN),
        (signed(plain("Ann <Ann@Mail.Shop.example>")), ELSEWHERE, "bounce@list.example"),
    ],
)
async def test_a_sender_whose_domain_vouches_for_him_gets_his_receipt(store, raw, peer, path):
    message, written = await judged(store, raw, peer=peer, path=path)
    assert (message.authenticated, message.authentication["verdict"]) == (True, "proven")
    assert len(written) == 1


@pytest.mark.parametrize(
    ("raw", "path", "verdict"),
    [
        (plain(), ANN, "failed"),
        (plain(), "eve@evil.example", "failed"),
        (signed(domain="evil.example"), "eve@evil.example", "failed"),
        (OWN + plain(), "eve@evil.example", "failed"),
        (signed().replace(b"parcel?", b"password?"), ANN, "failed"),
        (plain("Ann <ann@nobody.example>"), "eve@evil.example", "unproven"),
        (b"From: Eve <eve@evil.example>\r\n" + signed(), ANN, "failed"),
        (signed(plain("eve@evil.example"), "evil.example").replace(b"To:", b"From: ann@shop.example\r\nTo:", 1),
         "eve@evil.example", "unproven"),
        (b"X-A: b\rFrom: Ann <ann@shop.example>\r\n" + signed(plain("eve@evil.example"), "evil.example"),
         "eve@evil.example", None),
        (signed(plain("ann@shop.example@evil.example")), "eve@evil.example", "unproven"),
        (signed(plain('"ann@shop.example" <eve@evil.example>'), "evil.example"), "eve@evil.example", None),
    ],
)  # fmt: skip
async def test_a69_a_forged_sender_is_not_proven_and_gets_nothing(store, raw, path, verdict):
    message, written = await judged(store, raw, path=path)
    forged = message.identity == f"email:{ANN}"
    assert verdict is None or message.authentication["verdict"] == verdict
    assert not (forged and (message.authenticated or written))
    assert verdict is None or not message.authenticated


async def test_a69_a_dns_that_does_not_answer_proves_nobody(store):
    message, written = await judged(store, signed(), peer=HOME, dns=dict.fromkeys(DNS, SILENT))
    assert (message.authenticated, message.authentication["dmarc"], written) == (False, "temperror", [])


async def test_mail_of_trusted_and_assumed_peers_asks_nothing(store):
    zone = Zone(DNS)
    room = await PostRoom(store, resolver=zone, authserv_id="desk.example").open()
    await room.take(OWN + plain(), proven=False, trusted=True, peer="10.0.0.1")
    await room.take(signed().replace(b"<1@", b"<2@"), proven=True, peer="127.0.0.1")
    assert (zone.asked, [one.authenticated for one in await room.messages()]) == ([], [True, True])
    assert [one.authentication["judge"] for one in await room.messages()] == ["desk.example", "assumed"]


@pytest.mark.parametrize(("cites", "tickets"), [("<1@shop.example>", 2), ("<{ours}>", 1)])
async def test_a1_a_disowned_sender_enters_only_with_an_id_that_we_gave_away(store, cites, tickets):
    room = await PostRoom(store, resolver=Zone(DNS), authserv_id="desk.example").open()
    await room.take(plain(), proven=False, peer=HOME, mail_from=ANN)
    ours = (await answered(room)).external_id
    reply = b"In-Reply-To: " + cites.format(ours=ours).encode() + b"\r\n" + plain().replace(b"<1@", b"<2@")
    await room.take(reply, proven=False, peer=ELSEWHERE, mail_from=ANN)
    assert [one.authentication["verdict"] for one in await room.messages()] == ["proven", "failed"]
    assert len(await room.tickets()) == tickets
