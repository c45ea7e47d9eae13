"""Peers: who is counted."""

import pytest
from aiohttp.test_utils import make_mocked_request

from contactcenter.channels.webchat.peer import Peers, rate_key
from contactcenter.errors import SettingsError


def peer(remote, proxies=(), forwarded=()):
    headers = [("X-Forwarded-For", value) for value in forwarded]
    request = make_mocked_request("GET", "/", headers=dict(headers)).clone(remote=remote)
    return Peers(proxies).of(request)


def test_a_header_of_a_stranger_is_not_believed():
    assert peer("198.51.100.1", ("10.0.0.0/8",), ("203.0.113.7",)) == "198.51.100.1"


def test_behind_our_proxies_the_nearest_stranger_is_the_peer():
    assert peer("10.0.0.1", ("10.0.0.0/8",), ("6.6.6.6, 203.0.113.7, 10.0.0.2",)) == "203.0.113.7"


def test_nonsense_in_the_header_leaves_the_proxy_as_the_peer():
    assert peer("10.0.0.1", ("10.0.0.1",), ("' OR 1=1",)) == "10.0.0.1"


def test_a_household_is_counted_by_its_64_bit_network():
    assert rate_key("2001:db8::1") == rate_key("2001:db8::ffff") != rate_key("2001:db8:0:1::1")
    assert rate_key("::ffff:203.0.113.7") == rate_key("203.0.113.7") == "203.0.113.7"
    assert rate_key("") == ""


def test_a_proxy_that_is_no_network_is_an_error_in_the_settings():
    with pytest.raises(SettingsError, match="trusted_proxies"):
        Peers(("not a network",))
