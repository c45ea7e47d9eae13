"""One form for every spelling of a name."""

import pytest

from contactcenter.customers.identity import normalise, parse
from contactcenter.envelope import IdentityKind
from contactcenter.errors import InvalidInput


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("email", " Carol@Example.ORG ", "carol@example.org"),
        ("email", "info@Bücher.example", "info@xn--bcher-kva.example"),
        ("email", "李@例子.测试", "李@xn--fsqu00a.xn--0zwm56d"),
        ("email", "a\r\nb@c.d", "ab@c.d"),
        ("phone", "+1 (202) 555-0199", "+12025550199"),
        ("phone", "0044 20 7946 0958", "+442079460958"),
        ("phone", "+12025550199", "+12025550199"),
        ("phone", "12 345", "12345"),
        ("phone", "BANK", "BANK"),
        ("chat", " v-1 ", "v-1"),
        ("external", "ACME-7", "ACME-7"),
    ],
)
def test_each_spelling_has_one_form(kind, written, kept):
    assert normalise(IdentityKind(kind), written) == kept
    assert normalise(IdentityKind(kind), kept) == kept


@pytest.mark.parametrize("kind", list(IdentityKind))
def test_nothing_is_no_name(kind):
    with pytest.raises(InvalidInput):
        normalise(kind, " \r\n\x00 ")


@pytest.mark.parametrize(
    "written", ["carol", "mail:a@b.c", "email:", "email:nobody", "email:a@b@c", "phone:12345", ":x", ""]
)
def test_what_programs_write_is_checked(written):
    with pytest.raises(InvalidInput) as refused:
        parse(written)
    assert refused.value.field == "identity"


def test_what_programs_write_is_normalised():
    identity = parse("email:A@B.C", "Ann")
    assert (str(identity), identity.name) == ("email:a@b.c", "Ann")
