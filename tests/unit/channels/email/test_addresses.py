"""Mailboxes: one reading each."""

import pytest

from contactcenter.channels.email.addresses import Address, canonical, parse_addresses


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("Bob <bob@B.Example>", "Bob", "bob@b.example"),
        ('"Miller, Bob" <bob@b.example>', "Miller, Bob", "bob@b.example"),
        ("Miller, Bob <bob@b.example>", "Miller, Bob", "bob@b.example"),
        ("bob@b.example (Bob Miller)", "Bob Miller", "bob@b.example"),
        ("=?utf-8?B?5byg5Lyf?= <z@b.example>", "张伟", "z@b.example"),
        ('"=?utf-8?B?5byg5Lyf?=" <z@b.example>', "张伟", "z@b.example"),
        ("张伟 <z@b.example>", "张伟", "z@b.example"),
        ("Bob <mailto:bob@b.example>", "Bob", "bob@b.example"),
        ("bob @ b.example", "", "bob@b.example"),
        ("'Bob' <'bob@b.example'>", "Bob", "bob@b.example"),
        ("Bob bob@b.example", "Bob", "bob@b.example"),
        ("bob@b.example <bob@b.example>", "bob@b.example", "bob@b.example"),
        ("(one (two) three) bob@b.example", "one (two) three", "bob@b.example"),
        ("Bob <bob@b.example", "Bob", "bob@b.example"),
        ('Bob "the builder <bob@b.example>', "Bob the builder", "bob@b.example"),
        ("<>", "", ""),
        ("", "", ""),
        ("Undisclosed recipients:;", "", ""),
    ],
)
def test_one_mailbox(value, name, address):
    found = parse_addresses(value)
    assert (found[0] if found else Address("", "")) == Address(name, address)


def test_a_list_with_a_group():
    found = parse_addresses("Team: a@b.example, C <c@d.example>; e@f.example")
    assert [a.address for a in found] == ["a@b.example", "c@d.example", "e@f.example"]


def test_a_list_is_cut_at_its_limit():
    assert len(parse_addresses("a@b.example, " * 50, limit=7)) == 7


@pytest.mark.parametrize("text", ["a@b@c.example", "a b@c.example", "@c.example", "a@", "a@b..c", "a@[::1", "a@b\x00c"])
def test_what_is_no_address_has_no_canonical_form(text):
    assert canonical(text) == ""
