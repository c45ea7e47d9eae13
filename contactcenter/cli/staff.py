"""``agents`` and ``tokens``."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from contactcenter.app import setup
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.settings import data_directory, load

agents = typer.Typer(no_args_is_help=True)
tokens = typer.Typer(no_args_is_help=True)

EmailOption = Annotated[str, typer.Option("--email", help="Sign-in name.")]


@agents.command("add")
def add(
    email: EmailOption,
    name: Annotated[str, typer.Option(help="Shown to customers and colleagues.")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Add a person; without a password a one-time link is printed."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    link = asyncio.run(setup.add_agent(load(data_directory(data)), email, name, role, password))
    print(f"added {email}" + (f"; set a password within 72 hours at\n{link}" if link else ""))


@agents.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List everybody."""
    print_rows(asyncio.run(setup.agent_rows(load(data_directory(data)))), as_json=as_json)


@agents.command("disable")
def disable(email: EmailOption, data: DataOption = None) -> None:
    """End a person's access at once: sessions and tokens too."""
    asyncio.run(setup.disable_agent(load(data_directory(data)), email))
    print(f"disabled {email}")


@tokens.command("create")
def create(
    name: Annotated[str, typer.Option(help="What the token is for.")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    data: DataOption = None,
) -> None:
    """Create an API token and print it, once."""
    print(asyncio.run(setup.create_api_token(load(data_directory(data)), name, role)))
