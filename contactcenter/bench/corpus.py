"""A corpus of customer mail: made here, or taken from a folder of ``.eml`` files.

A folder may hold an ``index.json`` (a list of objects with ``file``, ``mid`` and ``thread``): then threading is
checked against it.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from contactcenter.errors import InvalidInput

_SUBJECTS = {
    "en": (
        "Damage to my {thing}",
        "Invoice {number} is too high",
        "Where is order A-{number}?",
        "Change of address",
        "Cancel policy P{number}",
    ),
    "zh": ("理赔申请 C-{number}", "账单{number}有疑问", "订单A-{number}到哪了", "变更联系地址", "申请退保 P{number}"),
}
_SENTENCES = {
    "en": (
        "I would like to report what happened to my {thing} last week.",
        "My policy number is P{number} and I have been a customer for years.",
        "I was charged {amount} dollars, which is more than we agreed.",
        "Could you tell me which documents you still need from me?",
        "Please confirm in writing, an answer by e-mail is fine.",
        "I called twice but could not get through to anybody.",
    ),
    "zh": (
        "您好，我的{thing}上周受损了，想咨询一下怎么处理。",
        "保单号是P{number}，我是你们的老客户。",
        "这次扣了{amount}元，比约定的要多，请帮我核实。",
        "请告诉我还需要补充哪些材料。",
        "麻烦尽快回复邮件，谢谢。",
    ),
}
_THINGS = {"en": ("car", "boat", "garage", "phone", "bicycle"), "zh": ("汽车", "房屋", "手机", "电动车")}
_NEXT = {
    "en": ("Any news on this?", "Here is what you asked for: P{number}.", "I am still waiting."),
    "zh": ("请问有进展吗？", "补充材料：保单P{number}。", "还在等回复。"),
}


@dataclass(frozen=True, slots=True)
class CorpusMail:
    """One mail, and the thread it belongs to (negative: not known)."""

    message_id: str
    raw: bytes
    sender: str
    thread: int = -1


def read_corpus(folder: Path) -> list[CorpusMail]:
    """The mails of a folder, in file order; raises :class:`InvalidInput` when there are none."""
    index_file = folder / "index.json"
    index = {entry["file"]: entry for entry in json.loads(index_file.read_text("utf-8"))} if index_file.exists() else {}
    mails = []
    for path in sorted(folder.glob("*.eml")):
        entry = index.get(path.name, {})
        raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        mails.append(
            CorpusMail(
                str(entry.get("mid", "")).strip("<>"), raw, str(entry.get("from", "")), int(entry.get("thread", -1))
            )
        )
    if not mails:
        raise InvalidInput(f"{folder} holds no .eml files")
    return mails


def make_corpus(count: int, recipient: str, seed: int = 7) -> list[CorpusMail]:
    """``count`` mails: three in ten answer an earlier one by headers alone, one in ten is Chinese or has a file."""
    rng = random.Random(seed)  # noqa: S311 - the same corpus every time
    mails: list[CorpusMail] = []
    threads: list[list[tuple[str, str, str, str]]] = []  # message id, sender, subject, language
    start = datetime(2026, 9, 1, 8, tzinfo=UTC)
    for number in range(count):
        thread = rng.randrange(len(threads)) if threads and rng.random() < 0.3 else -1
        language = threads[thread][0][3] if thread >= 0 else ("zh" if rng.random() < 0.1 else "en")
        words = {
            "number": str(rng.randrange(10**6, 10**7)),
            "amount": str(rng.randrange(40, 5000)),
            "thing": rng.choice(_THINGS[language]),
        }
        message_id = f"{number:06d}.{rng.randrange(16**8):08x}@mail.customer.example"
        mail = EmailMessage(policy=SMTP)
        if thread >= 0:
            sender, subject = threads[thread][0][1], threads[thread][0][2]
            subject = subject if subject.startswith("Re: ") else f"Re: {subject}"
            body = rng.choice(_NEXT[language]).format(**words)
            mail["In-Reply-To"] = f"<{threads[thread][-1][0]}>"
            mail["References"] = " ".join(f"<{earlier[0]}>" for earlier in threads[thread])
        else:
            sender, subject = (
                f"customer{rng.randrange(max(20, count // 3))}@home{number % 40}.example",
                rng.choice(_SUBJECTS[language]).format(**words),
            )
            body = "\n".join(line.format(**words) for line in rng.sample(_SENTENCES[language], 4))
            thread = len(threads)
            threads.append([])
        threads[thread].append((message_id, sender, subject, language))
        mail["From"], mail["To"], mail["Subject"] = f"Customer <{sender}>", recipient, subject
        mail["Date"], mail["Message-ID"] = format_datetime(start + timedelta(minutes=7 * number)), f"<{message_id}>"
        mail.set_content(body + "\n")
        if rng.random() < 0.1:
            mail.add_attachment(
                b"%PDF-1.4\n" + rng.randbytes(8000),
                maintype="application",
                subtype="pdf",
                filename=f"claim-{number}.pdf",
            )
        mails.append(CorpusMail(message_id, mail.as_bytes(), sender, thread))
    return mails
