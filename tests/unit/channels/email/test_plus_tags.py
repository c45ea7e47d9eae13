"""Plus-tags: comparing addresses and carrying the reply token."""

import pytest

from contactcenter.channels.email.plus_tags import find_token, fold, plus_address

OURS = {"support@desk.example"}
TOKEN = "r" + "a2b3" * 10


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("A.B+tag@Desk.Example.", "a.b@desk.example"),
        ('"a b"@x.y', "a b@x.y"),
        ("Postmaster", "postmaster"),
        ("+a@x.y", "+a@x.y"),
    ],
)
def test_addresses_are_compared_without_case_and_tag(address, folded):
    assert fold(address) == folded


def test_a_token_comes_back_from_the_address_it_was_put_into():
    address = plus_address("support+old@desk.example", TOKEN)
    assert address == f"support+{TOKEN}@desk.example"
    assert find_token(["a@b.example", address.upper()], OURS) == TOKEN


@pytest.mark.parametrize(
    "address", [f"support+{TOKEN}@evil.example", "support+short@desk.example", f"x+{TOKEN}'--@desk.example", TOKEN, ""]
)
def test_other_addresses_carry_no_token(address):
    assert find_token([address], OURS) == ""
