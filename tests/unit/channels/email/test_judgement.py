"""SPF, DKIM and DMARC together."""

import pytest

from contactcenter.channels.email.authentication import Verdict
from contactcenter.channels.email.judgement import judge
from contactcenter.channels.email.trust.dmarc import Policy
from contactcenter.channels.email.trust.evidence import Evidence
from contactcenter.channels.email.trust.spf import SpfResult
from tests.unit.channels.email.trust.keys import PUBLIC, key_of, plain, signed

KEYS = {key_of(): PUBLIC, key_of("mail.shop.example"): PUBLIC, key_of("evil.example"): PUBLIC}
NONE, REJECT = Policy("shop.example", "none"), Policy("shop.example", "", "reject")
STRICT = Policy("shop.example", "", "reject", strict_spf=True, strict_dkim=True)
PASS, SUB, OTHER = (SpfResult("pass", domain) for domain in ("shop.example", "mail.shop.example", "evil.example"))
FAIL, LATE = SpfResult("fail", "shop.example"), SpfResult("temperror", "shop.example")


@pytest.mark.parametrize(
    ("raw", "spf", "policy", "dmarc", "verdict"),
    [
        (signed(), None, REJECT, "pass", Verdict.PROVEN),
        (signed(), FAIL, REJECT, "pass", Verdict.PROVEN),  # forwarded: the path breaks, the signature does not
        (signed(), None, NONE, "none", Verdict.PROVEN),
        (plain(), PASS, REJECT, "pass", Verdict.PROVEN),
        (plain(), SUB, REJECT, "pass", Verdict.PROVEN),
        (plain(), SUB, STRICT, "fail", Verdict.FAILED),
        (signed(domain="mail.shop.example"), None, REJECT, "pass", Verdict.PROVEN),
        (signed(domain="mail.shop.example"), None, STRICT, "none", Verdict.UNPROVEN),
        (plain(), OTHER, REJECT, "fail", Verdict.FAILED),
        (signed(domain="evil.example"), OTHER, REJECT, "fail", Verdict.FAILED),
        (signed(domain="evil.example"), OTHER, NONE, "none", Verdict.UNPROVEN),
        (plain(), FAIL, NONE, "none", Verdict.FAILED),
        (plain(), LATE, REJECT, "temperror", Verdict.UNPROVEN),
        (signed(), PASS, Policy("shop.example", "temperror"), "temperror", Verdict.UNPROVEN),
        (signed(), PASS, Policy("shop.example", "permerror"), "permerror", Verdict.UNPROVEN),
        (signed(), PASS, Policy("other.example", "", "none"), "none", Verdict.UNPROVEN),
        (signed(), PASS, None, "none", Verdict.UNPROVEN),
        (plain(), None, None, "none", Verdict.UNPROVEN),
    ],
)
def test_a_sender_is_proven_by_what_vouches_for_his_domain(raw, spf, policy, dmarc, verdict):
    found = judge(raw, Evidence(spf, KEYS, policy), "Shop.example")
    assert (found.dmarc, found.verdict) == (dmarc, verdict)


def test_the_details_say_what_it_rests_on():
    words = judge(
        signed(), Evidence(SpfResult("fail", "evil.example", "evil.example: all"), KEYS, REJECT), "shop.example"
    ).words()
    assert words == {
        "spf": "fail", "dkim": "pass", "dmarc": "pass", "verdict": "proven", "judge": "self", "policy": "reject",
        "spf_domain": "evil.example", "dkim_domain": "shop.example", "dkim_selector": "s1", "why": "evil.example: all",
    }  # fmt: skip


def test_without_a_from_domain_nobody_is_proven():
    assert not judge(signed(), Evidence(PASS, KEYS, Policy("", "none")), "").authenticated
