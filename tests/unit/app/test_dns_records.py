"""The DNS records that doctor prints and checks."""

import pytest
from cryptography.hazmat.primitives import serialization

from contactcenter.app.dns_records import dns_findings, records_to_set
from contactcenter.settings import DkimKey, Imap, Mailbox, Outgoing, Settings, Smtp
from tests.unit.channels.email.trust.keys import KEY, PUBLIC
from tests.zone import SILENT, Zone

FORM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
DKIM = DkimKey(domain="desk.example", selector="s1", private_key=KEY.private_bytes(*FORM).decode())
BOX = Mailbox(address="support@desk.example")
SET = {
    "desk.example MX": ["mx.desk.example"],
    "desk.example TXT": ["v=spf1 mx -all"],
    "s1._domainkey.desk.example TXT": [PUBLIC.replace("p=", "p= ")],
    "_dmarc.desk.example TXT": ["v=DMARC1; p=reject"],
}


async def states(records, **more):
    settings = Settings(
        **{"mailboxes": (BOX,), "smtp": Smtp(hostname="mx.desk.example"), "outgoing": Outgoing(dkim=(DKIM,)), **more}
    )
    found = await dns_findings(settings, Zone(records))
    return {finding.check.split()[0]: (finding.state, finding.detail.partition(":")[0]) for finding in found}, found


async def test_records_that_are_right_are_fine():
    said, _ = await states(SET)
    assert set(said.values()) == {("fine", "ok")}
    assert list(said) == ["MX", "SPF", "DKIM", "DMARC"]


async def test_missing_records_are_named_with_the_lines_to_set():
    said, found = await states({})
    assert {what for _, what in said.values()} == {"missing"}
    assert said["DKIM"] == ("broken", "missing")
    lines = records_to_set(found)
    assert lines[0] == "desk.example. IN MX 10 mx.desk.example."
    assert lines[1] == 'desk.example. IN TXT "v=spf1 mx ~all"'
    assert "".join(lines[2].partition("TXT ")[2].replace('" "', "").strip('"')) == PUBLIC
    assert lines[3].startswith('_dmarc.desk.example. IN TXT "v=DMARC1; p=none;')


@pytest.mark.parametrize(
    ("name", "values", "check", "said"),
    [
        ("desk.example MX", ["mx.other.example"], "MX", ("note", "differs")),
        ("desk.example TXT", ["v=spf1 mx", "v=spf1 -all"], "SPF", ("broken", "2 records, so none counts")),
        ("desk.example TXT", ["v=spf1 ipv4:1.2.3.4"], "SPF", ("broken", "v=spf1 ipv4")),
        ("s1._domainkey.desk.example TXT", ["v=DKIM1; p=AAAA"], "DKIM", ("broken", "differs")),
        ("_dmarc.desk.example TXT", ["v=DMARC1; p=x"], "DMARC", ("broken", "the record cannot be read")),
        ("_dmarc.desk.example TXT", SILENT, "DMARC", ("note", "the DNS does not answer here")),
    ],
)
async def test_records_that_differ_are_named(name, values, check, said):
    assert (await states(SET | {name: values}))[0][check] == said


async def test_a_machine_without_dns_still_gets_its_records():
    said, found = await states(dict.fromkeys(SET, SILENT))
    assert set(said.values()) == {("note", "the DNS does not answer here")}
    assert len(records_to_set(found)) == 4


async def test_mail_that_is_fetched_or_signed_elsewhere_needs_less():
    box = Mailbox(address="support@desk.example", imap=Imap(host="imap.example"))
    said, found = await states(
        SET | {"desk.example MX": ["mx.provider.example"]}, mailboxes=(box,), outgoing=Outgoing()
    )
    assert (said["MX"], said["DKIM"]) == (("fine", "ok"), ("note", "our mail is not signed here"))
    assert not any("MX" in line for line in records_to_set(found))
