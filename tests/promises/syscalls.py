"""Reads what strace wrote: which process asked the system for what, and when it had it done (strace(1))."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TRACED = "read,recvfrom,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,fsync,fdatasync"
"""The calls that carry messages and make files durable."""

# 4711 1700000000.123456 fdatasync(7</data/postgres/pg_wal/000000010000000000000001>) = 0
_LINE = re.compile(r"^(\d+) +\d+\.\d+ (.*)$")
_WHOLE = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)")
_BEGUN = re.compile(r"^(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)")

_FILE = re.compile(r"^\d+<(.*?)>(?:, |$)")


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call. ``begun`` and ``done`` are positions in the trace, which is in the order of causes."""

    pid: int
    name: str
    text: str  # its arguments, files by their paths and buffers by their first bytes
    result: int
    begun: int
    done: int

    @property
    def path(self) -> str:
        """What its first argument is open on: a file's path, or the two ends of a socket."""
        match = _FILE.match(self.text)
        return match[1] if match else ""

    @property
    def is_sync(self) -> bool:
        """Whether it makes a file durable, and did."""
        return self.name in {"fsync", "fdatasync"} and self.result == 0

    @property
    def is_write(self) -> bool:
        """Whether it writes to a file or a socket."""
        return self.name.startswith(("write", "pwrite", "send"))


def strace(output: Path) -> list[str]:
    """The command to put before the one to trace; it follows every process that one starts."""
    options = ["-f", "--seccomp-bpf", "-yy", "-ttt", "-s", "1500", "-e", f"trace={TRACED}", "-e", "signal=none"]
    return ["strace", "--quiet=all", *options, "-o", str(output)]


def calls(lines: Iterable[str]) -> list[Call]:
    """The finished calls of a trace in the order in which they began."""
    begun: dict[int, tuple[int, str, str]] = {}
    found: list[Call] = []
    for position, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        pid, rest = int(match[1]), match[2]
        if whole := _WHOLE.match(rest):
            found.append(Call(pid, whole[1], whole[2], _number(whole[3]), position, position))
        elif start := _BEGUN.match(rest):
            begun[pid] = (position, start[1], start[2])
        elif (end := _RESUMED.match(rest)) and pid in begun:
            at, name, text = begun.pop(pid)
            found.append(Call(pid, name, text + end[2], _number(end[3]), at, position))
    return sorted(found, key=lambda call: call.begun)


def _number(text: str) -> int:
    return -1 if text == "?" else int(text)
