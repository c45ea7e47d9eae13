"""Whose word counts for the sender."""

import pytest

from contactcenter.channels.email.authentication import Authentication, Verdict, evaluate

PASS = (
    "mx.desk.example; spf=pass smtp.mailfrom=bounce@shop.example; dkim=pass header.d=shop.example; "
    "dmarc=pass header.from=shop.example"
)


def test_a_trusted_servers_result_proves_the_sender():
    found = evaluate([PASS], "shop.example", ["MX.desk.example"])
    assert found == Authentication("pass", "pass", "pass", authenticated=True)


@pytest.mark.parametrize("trusted", [[], ["other.example"]])
def test_anybody_elses_result_is_ignored(trusted):
    assert evaluate([PASS], "shop.example", trusted) == Authentication()


@pytest.mark.parametrize(
    ("result", "authenticated"),
    [
        ("mx; dkim=pass header.d=shop.example", True),
        ("mx; dkim=pass header.i=@mail.shop.example", True),
        ("mx; spf=pass smtp.mailfrom=x@shop.example", True),
        ("mx; dkim=pass header.d=evil.example", False),
        ("mx; spf=pass smtp.mailfrom=x@evil.example", False),
        ("mx; dmarc=pass header.from=evil.example", False),
        ("mx; dkim=pass header.d=shop.example; dmarc=fail header.from=shop.example", False),
        ("mx; dkim=fail header.d=shop.example", False),
        ("mx; none", False),
        ("mx", False),
        (";;;", False),
        ("mx; dkim=pass (((((" * 50, False),
    ],
)
def test_a_pass_counts_when_it_is_aligned_with_from(result, authenticated):
    assert evaluate([result], "shop.example", ["mx"]).authenticated is authenticated


def test_one_aligned_signature_among_several_is_enough():
    result = "mx; dkim=fail header.d=list.example; dkim=pass header.d=shop.example"
    assert evaluate([result], "shop.example", ["mx"]) == Authentication(dkim="pass", authenticated=True)


def test_no_from_domain_is_never_proven():
    assert not evaluate(["mx; dkim=pass header.d="], "", ["mx"]).authenticated


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Authentication("fail", "pass", "pass", authenticated=True), Verdict.PROVEN),
        (Authentication(), Verdict.UNPROVEN),
        (Authentication(dkim="fail"), Verdict.UNPROVEN),
        (Authentication("softfail", "none", "none"), Verdict.UNPROVEN),
        (Authentication("fail", "none", "none"), Verdict.FAILED),
        (Authentication("fail", "pass", "none"), Verdict.UNPROVEN),
        (Authentication("pass", "pass", "fail"), Verdict.FAILED),
    ],
)
def test_all_of_it_in_one_word(found, verdict):
    assert found.words()["verdict"] == found.verdict == verdict
