"""Which computers may be spoken to on behalf of somebody who fills in a form.

Whoever may name a server in the console must not reach what only this machine can reach: its own services, the house's
network, the cloud's metadata. So a name is resolved once, every address it has is judged, and the connection goes to
the address that was judged: a name that changes its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from contactcenter.errors import InvalidInput

IMAP_PORTS = frozenset({143, 993})
"""The only well-known ports a mailbox may be fetched from; any port above 1023 is fine too."""

_WELL_KNOWN = 1024
_TRANSLATED = tuple(ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""IPv6 addresses that stand for an IPv4 one which somebody else would connect to."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Public addresses, and the networks inside that the settings name (CIDR)."""

    networks: tuple[str, ...] = ()

    def permits(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        ip = getattr(found, "ipv4_mapped", None) or found
        if any(ip in ipaddress.ip_network(network, strict=False) for network in self.networks):
            return True
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in _TRANSLATED)

    def check_port(self, port: int) -> None:
        """Raise :class:`InvalidInput` for a port where something else than IMAP is at home."""
        if port < _WELL_KNOWN and port not in IMAP_PORTS:
            raise InvalidInput("mail is fetched from port 993, 143 or one above 1023", field="port")

    def check_url(self, url: str) -> None:
        """Raise :class:`InvalidInput` for an address that is not plain https; what it resolves to is judged later."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
            raise InvalidInput("that is not an https address", field="token_url")


def connect(host: str, port: int, timeout: float, reach: Reach | None) -> socket.socket:
    """A TCP connection to the first address of a host that answers; ``None`` lets every address pass.

    Raises :class:`OSError`; a host with addresses out of reach only is refused before a packet is sent.
    """
    if reach is None:
        return socket.create_connection((host, port), timeout)
    return _first(permitted(host, port, reach), port, timeout)


def permitted(host: str, port: int, reach: Reach) -> list[str]:
    """The addresses of a host within reach; raises :class:`PermissionError` when there are none."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = list(dict.fromkeys(address for address in found if reach.permits(address)))
    if not allowed:
        raise PermissionError(f"{host} is not a public server, and fetching.networks does not name its network")
    return allowed


def _first(addresses: Iterable[str], port: int, timeout: float) -> socket.socket:
    trouble: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            trouble = error
    raise trouble
