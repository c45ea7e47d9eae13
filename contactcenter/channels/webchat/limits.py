"""How much one visitor may ask of us."""

from __future__ import annotations

from dataclasses import dataclass

TEXT_CHARS = 4_000
"""Characters of one message."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The channel's limits; the defaults are what an installation runs with."""

    frame_bytes: int = 32 * 1024
    messages_per_minute: int = 30  # of one visitor, over all his sockets
    sessions_per_minute: int = 20  # new visitors from one peer
    connections_per_minute: int = 120  # sockets opened from one peer
    frames_per_second: int = 20  # of one socket, measured over ten seconds
    sockets_per_visitor: int = 10
    strikes: int = 3  # frames that make no sense before the socket is closed
    hello_seconds: float = 10.0  # to say hello after connecting
    send_seconds: float = 10.0  # to take a frame; who reads more slowly is let go
    goodbye_seconds: float = 3.0  # to take the closing frame
    heartbeat_seconds: float = 25.0  # between two pings
