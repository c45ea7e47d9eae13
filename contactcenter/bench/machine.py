"""What the machine is, and what processes cost on it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import psutil


def describe() -> str:
    """One line about the machine."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{psutil.cpu_count()} cores ({model}), {memory:.0f} GiB, {system}"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []


class CpuClock:
    """CPU time (user and system) of one process with one thread, finer than the ticks that most systems count in."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._precise = Path(f"/proc/{pid}/schedstat")

    def nanoseconds(self) -> int:
        """CPU time used so far."""
        try:
            return int(self._precise.read_text(encoding="ascii").split()[0])
        except (OSError, IndexError, ValueError):  # no Linux: what the system counts
            times = self._process.cpu_times()
            return int((times.user + times.system) * 1e9)


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds (user and system, ended children included) and resident memory of some processes."""

    cpu: float
    memory: int  # bytes; shared pages counted once where the system tells (PSS)

    def since(self, before: Usage) -> float:
        """CPU seconds spent since."""
        return self.cpu - before.cpu


def usage(roots: list[psutil.Process]) -> Usage:
    """What these processes and all below them have cost so far."""
    processes = {process.pid: process for root in roots for process in (root, *root.children(recursive=True))}
    cpu, memory = 0.0, 0
    for process in processes.values():
        try:
            times = process.cpu_times()
            full = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        cpu += times.user + times.system + times.children_user + times.children_system
        memory += getattr(full, "pss", 0) or full.rss
    return Usage(cpu, memory)
