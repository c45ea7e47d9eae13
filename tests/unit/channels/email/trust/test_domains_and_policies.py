"""Which domains belong together, and what their owners ask for."""

import pytest

from contactcenter.channels.email.trust.dmarc import Policy, find_policy, read_policy
from contactcenter.channels.email.trust.domains import aligned, ascii_domain, organisational
from tests.zone import SILENT, Zone


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("a.b.shop.example", "shop.example"),
        ("mail.shop.co.uk", "shop.co.uk"),
        ("mail.shop.com.cn", "shop.com.cn"),
        ("x.city.kawasaki.jp", "city.kawasaki.jp"),
        ("ann.github.io", "ann.github.io"),
        ("CO.UK.", "co.uk"),
        ("", ""),
    ],
)
def test_organisational_domains_follow_the_public_suffix_list(domain, organisation):
    assert organisational(domain) == organisation


def test_alignment_is_relaxed_unless_asked_otherwise():
    assert aligned("mail.shop.example", "shop.example")
    assert not aligned("mail.shop.example", "shop.example", strict=True)
    assert aligned("SHOP.example.", "shop.example", strict=True)
    assert not aligned("evil.co.uk", "shop.co.uk")
    assert not aligned("", "")


def test_names_have_one_form():
    assert ascii_domain("中国.Example.") == ascii_domain("XN--FIQS8S.example") == "xn--fiqs8s.example"
    assert [ascii_domain(text) for text in ("a..b", "x" * 64 + ".example", "\ud800.example", "-")] == ["", "", "", "-"]


async def test_a_subdomain_without_a_record_has_that_of_its_organisation():
    zone = Zone({"_dmarc.shop.example TXT": ["v=DMARC1; p=none; sp=reject; adkim=s"]})
    found = await find_policy(zone, "news.shop.example")
    assert found == Policy("news.shop.example", "", "reject", strict_dkim=True)
    assert (await find_policy(zone, "shop.example")).wish == "none"


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ([], "none"),
        (["v=spf1 -all", "v=DMARC10; p=reject"], "none"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], "none"),
        (["v=DMARC1; p=perhaps"], "permerror"),
        (["v=DMARC1; p=perhaps; rua=mailto:a@shop.example"], ""),
        (SILENT, "temperror"),
    ],
)
async def test_a_record_counts_when_it_is_one_and_readable(records, word):
    assert (await find_policy(Zone({"_dmarc.shop.example TXT": records}), "shop.example")).word == word


def test_the_first_of_doubled_tags_counts():
    assert read_policy("a.example", "v=DMARC1; p=reject; p=none; junk; =").wish == "reject"
