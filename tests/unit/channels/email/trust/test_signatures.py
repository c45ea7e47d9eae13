"""DKIM signatures of mail that comes in."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contactcenter.channels.email.trust import signatures
from contactcenter.channels.email.trust.domains import aligned
from contactcenter.channels.email.trust.signatures import MAX_SIGNATURES, MIN_BITS, check_signatures, signature_names
from contactcenter.channels.email.trust.signing import key_record
from tests.unit.channels.email.trust.keys import ED25519, PUBLIC, key_of, plain, signed

GOOD = {key_of(): PUBLIC}


def check(raw, keys=GOOD, domain="shop.example"):
    return check_signatures(raw, keys, domain, lambda signer: aligned(signer, domain))


def test_a_good_signature_passes_and_says_whose_it_is():
    found = check(signed())
    assert (found.word, found.domain, found.selector) == ("pass", "shop.example", "s1")


def test_an_ed25519_signature_passes():
    assert check(signed(key=ED25519), {key_of(): key_record(ED25519)}).word == "pass"


def test_unsigned_mail_has_no_result():
    assert check(plain()).word == "none"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"parcel?", b"money?"),
        lambda raw: raw.replace(b"Subject: parcel", b"Subject: other"),
        lambda raw: raw.replace(b"From: Ann", b"From: Eve"),
        lambda raw: b"From: eve@shop.example\r\n" + raw,
        lambda raw: b"Subject: other\r\n" + raw,
        lambda raw: raw + b"And one more line.\r\n",
    ],
)
def test_a_changed_mail_fails(change):
    assert check(change(signed())).word == "fail"


def test_relays_may_add_fields_and_change_white_space():
    raw = b"Received: from x by y\r\n" + signed().replace(b"Subject: parcel", b"Subject:   parcel")
    assert check(raw.replace(b"Where is", b"Where \t  is").replace(b"?\r\n", b"?   \r\n\r\n")).word == "pass"


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b" d=shop", b" l=5; d=shop", "policy"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "policy"),
        (b"h=from:from:", b"h=", "permerror"),
        (b"v=1;", b"v=1;" + b" " * 300, "policy"),
        (b"v=1;", b"v=1; x=1000000000;", "fail"),
        (b"v=1;", b"v=1; v=1;", "permerror"),
    ],
)
def test_signatures_that_are_worth_nothing(old, new, word):
    assert check(signed().replace(old, new, 1)).word == word


@pytest.mark.parametrize(
    ("key", "word"), [("", "permerror"), (None, "temperror"), ("v=DKIM1; p=", "fail"), ("é", "permerror")]
)
def test_without_its_key_a_signature_proves_nothing(key, word):
    assert check(signed(), {key_of(): key}).word == word


@pytest.mark.parametrize(("least", "word"), [(1024, "pass"), (1025, "permerror")])
def test_a_key_that_is_too_short_proves_nothing(monkeypatch, least, word):
    assert MIN_BITS == 1024
    monkeypatch.setattr(signatures, "MIN_BITS", least)
    short = rsa.generate_private_key(65537, 1024)
    assert check(signed(key=short), {key_of(): key_record(short)}).word == word


def test_one_signature_of_the_from_domain_is_enough():
    other = signed(signed(), "list.example")
    found = check(other, {key_of(): PUBLIC, key_of("list.example"): None})
    assert (found.word, found.domain) == ("pass", "shop.example")


def test_many_signatures_cost_no_more_than_few_and_hide_none():
    raw = signed()
    for number in range(15):
        raw = f"DKIM-Signature: v=1; d=d{number}.example; s=x; b=\r\n".encode() + raw
    names = signature_names(raw, "shop.example")
    assert (len(names), names[0].domain) == (MAX_SIGNATURES, "shop.example")
    assert check(raw).word == "pass"


@pytest.mark.parametrize("tags", ["d=; s=x", "d=localhost; s=x", "d=a.example; s=../x", "d=a.example; s=", "s=x", ""])
def test_fields_that_name_no_key_ask_for_none(tags):
    assert signature_names(f"DKIM-Signature: v=1; {tags}\r\n\r\n".encode(), "a.example") == ()


@pytest.mark.parametrize(
    "raw",
    [
        signed(plain(body=("x" * 76 + "\r\n") * 170_000)),
        signed(plain(body="\r\n" * 2_000_000)),
        signed(plain(body="x \r\n" * 700_000)),
        signed().replace(b"v=1;", b"v=1;" + b" \r\n " * 2000, 1),
    ],
)
def test_mail_that_would_cost_much_work_is_not_checked(raw):
    assert check(raw).word == "policy"
