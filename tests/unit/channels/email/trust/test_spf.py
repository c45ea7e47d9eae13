"""SPF (RFC 7208): records of every kind before peers of both versions, and what is not asked for at all."""

import json
from pathlib import Path

import pytest

from contactcenter.channels.email.trust.spf import check_sender
from tests.zone import SILENT, Zone

WRITTEN = json.loads((Path(__file__).parents[4] / "data" / "mail_spf.json").read_text(encoding="utf-8"))
HERE = "5.6.7.8"


@pytest.mark.parametrize(
    ("records", "peer", "word"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in WRITTEN["cases"]]
)
async def test_the_result_for_a_record_and_a_peer(records, peer, word):
    zone = Zone(WRITTEN["zone"] | {"desk.test TXT": records})
    assert (await check_sender(zone, peer, "ann-box@desk.test", "mail.sender.test")).word == word


async def test_the_null_path_is_judged_by_the_greeting():
    zone = Zone({"mx.shop.example TXT": ["v=spf1 ip4:5.6.7.8 -all"]})
    found = await check_sender(zone, HERE, "", "mx.shop.example")
    assert (found.word, found.domain) == ("pass", "mx.shop.example")


async def test_an_international_domain_is_asked_for_in_its_ascii_form():
    zone = Zone({"xn--fiqs8s.example TXT": ["v=spf1 ip4:5.6.7.8 -all"]})
    assert (await check_sender(zone, HERE, "安@中国.example", "x")).word == "pass"


@pytest.mark.parametrize(("mail_from", "helo"), [("ann@[5.6.7.8]", "x.y"), ("", "localhost"), ("a@b@", "x"), ("", "")])
async def test_what_is_no_domain_is_not_asked_for(mail_from, helo):
    zone = Zone()
    assert ((await check_sender(zone, HERE, mail_from, helo)).word, zone.asked) == ("none", [])


async def test_a_silent_name_server_is_no_verdict():
    assert (await check_sender(Zone({"shop.example TXT": SILENT}), HERE, "a@shop.example", "x")).word == "temperror"


async def test_records_that_include_each_other_end_at_the_tenth_question():
    zone = Zone({"a.example TXT": ["v=spf1 include:b.example -all"], "b.example TXT": ["v=spf1 include:a.example"]})
    found = await check_sender(zone, HERE, "x@a.example", "x")
    assert (found.word, len(zone.asked)) == ("permerror", 11)
