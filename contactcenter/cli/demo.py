"""``demo``."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Annotated

import typer

from contactcenter.cli.terminal import configure_logging
from contactcenter.errors import SettingsError


def demo(
    port: Annotated[int, typer.Option(help="Port of the console.")] = 8080,
    data: Annotated[Path | None, typer.Option(help="Keep the demo's data here (default: a temporary folder).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the addresses only.")] = False,
    no_traffic: Annotated[bool, typer.Option("--no-traffic", help="No simulated customers.")] = False,
) -> None:
    """Run the whole service with living demo data; prints addresses, logins and a tour."""
    from contactcenter.demo.run import run_demo

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"port {port} is taken by another program ({error.strerror}). Choose another one: "
                f"contactcenter demo --port {port + 1}   (or: make demo PORT={port + 1})"
            ) from error
    configure_logging(quiet=True)

    def say(text: str) -> None:
        if not quiet or "http" in text:
            print(text, flush=True)

    asyncio.run(run_demo(port=port, data=data.absolute() if data else None, traffic=not no_traffic, say=say))
