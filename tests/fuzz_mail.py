"""Fuzzes the mail reader for as long as asked and keeps the mails that failed where the tests find them.

``python -m tests.fuzz_mail --minutes 10``. A mail fails when reading raises, breaks what must hold of every answer, or
takes more than two seconds of CPU. Exit code 1 when something failed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.attacks.mail_pieces import check, mail

FOLDER = Path(__file__).parent / "data" / "fuzz"
CPU_SECONDS = 2.0
SEED_MAILS = 500  # mails in a row from one seed


def failure(raw: bytes) -> str:
    """Why a mail failed; empty when it did not."""
    began = time.process_time()
    try:
        check(raw)
    except Exception as error:  # noqa: BLE001 - what is looked for
        return f"{type(error).__name__}: {error}"
    spent = time.process_time() - began
    return f"{spent:.1f} s of CPU" if spent > CPU_SECONDS else ""


def shrunk(raw: bytes, why: str) -> bytes:
    """A shorter mail that fails alike: pieces are left out as long as it does."""
    kind, size = why.partition(":")[0], len(raw) // 2
    while size:
        for start in range(0, len(raw), size):
            shorter = raw[:start] + raw[start + size :]
            if failure(shorter).partition(":")[0] == kind:
                raw = shorter
                break
        else:
            size //= 2
    return raw


def main() -> int:
    """Look for mails that fail."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=int(time.time()))
    arguments = options.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    found: dict[str, bytes] = {}
    tried = 0
    number = arguments.seed
    while time.monotonic() < deadline:

        @seed(number)
        @settings(max_examples=SEED_MAILS, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(mail())
        def look(raw: bytes) -> None:
            nonlocal tried
            tried += 1
            why = failure(raw)
            if why and why[:60] not in found:
                found[why[:60]] = keep(raw, why)

        look()
        number += 1
    print(f"{tried} mails, {len(found)} kinds of failure, seeds {arguments.seed} to {number - 1}")
    return 1 if found else 0


def keep(raw: bytes, why: str) -> bytes:
    """Write a shrunk mail into the corpus."""
    small = shrunk(raw, why)
    path = FOLDER / f"{hashlib.sha256(small).hexdigest()[:12]}.eml"
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small)
    print(f"{path.name}: {why}", flush=True)
    return small


if __name__ == "__main__":
    sys.exit(main())
