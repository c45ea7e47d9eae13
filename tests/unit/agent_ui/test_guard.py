"""The guard's small judgements."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from contactcenter.agent_ui.session import local_path, peer_of


@pytest.mark.parametrize("path", ["/tickets/1001", "/customers/x?y=1", "/inbox?view=mine&q=a b"])
def test_a_path_of_ours_is_followed(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "", "/", "/a\r\nX: y", "\\\\evil"],
)
def test_any_other_address_leads_to_the_inbox(path):
    assert local_path(path) == "/inbox"


def test_a_stranger_cannot_choose_his_address():
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert peer_of(request, ()) == (request.remote or "")


class Behind:
    """A request that came through a proxy."""

    def __init__(self, remote, forwarded):
        self.remote = remote
        self.headers = CIMultiDict({"X-Forwarded-For": forwarded})


def test_our_own_proxies_are_looked_through():
    assert peer_of(Behind("10.0.0.2", "6.6.6.6, 203.0.113.9, 10.0.0.1"), ("10.0.0.0/8",)) == "203.0.113.9"


def test_a_forwarded_address_that_is_none_ends_the_search():
    assert peer_of(Behind("10.0.0.2", "unknown"), ("10.0.0.0/8",)) == "10.0.0.2"
