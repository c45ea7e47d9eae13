"""Who is at the other end of a request, also behind a proxy of ours."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from contactcenter.errors import SettingsError


class Peers:
    """Finds the address of the visitor. ``trusted_proxies`` are addresses or networks in CIDR notation."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        try:
            self._trusted = [ip_network(proxy, strict=False) for proxy in trusted_proxies]
        except ValueError as error:
            raise SettingsError(f"http.trusted_proxies: {error}") from error

    def of(self, request: web.Request) -> str:
        """The nearest address that is no proxy of ours; a header of anybody else is not believed."""
        peer = request.remote or ""
        if not self._is_trusted(peer):
            return peer
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
            if _address(hop) is None:
                return peer
            peer = hop
            if not self._is_trusted(hop):
                break
        return peer

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def rate_key(peer: str) -> str:
    """What a peer is counted under: an IPv4 address itself, an IPv6 address by the /64 a household holds."""
    address = _address(peer)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address or peer)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
