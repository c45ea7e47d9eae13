"""How often something may be done: counted in a process's memory, over a window that slides."""

from __future__ import annotations

from collections import deque


class Rate:
    """At most ``limit`` takings of a key within ``seconds`` (a sliding window); times are Unix seconds."""

    _SWEEP = 4_096

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._taken: dict[str, deque[float]] = {}
        self._sweep_at = self._SWEEP

    def take(self, key: str, at: float) -> float:
        """Take one; 0 when it was free, else the seconds to wait (nothing is taken then)."""
        if len(self._taken) >= self._sweep_at:
            self._sweep(at)
        taken = self._taken.setdefault(key, deque())
        # A time ahead of ours comes from before the clock was set back: it must not lock anybody out.
        while taken and not at - self._seconds < taken[0] <= at:
            taken.popleft()
        if len(taken) >= self._limit:
            return max(taken[0] + self._seconds - at, 0.001)
        taken.append(at)
        return 0.0

    def __len__(self) -> int:
        return len(self._taken)

    def _sweep(self, at: float) -> None:
        """Forget who has been quiet for a window; done again only when the number of keys has doubled."""
        self._taken = {key: taken for key, taken in self._taken.items() if taken and taken[-1] > at - self._seconds}
        self._sweep_at = max(self._SWEEP, 2 * len(self._taken))
