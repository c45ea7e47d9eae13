"""What a fresh instance starts with: queues, categories, canned answers. Seeding again changes nothing."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from sqlalchemy.dialects.postgresql import insert as pg_insert

from contactcenter import clock
from contactcenter.settings import Settings
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.queues import ensure_queue
from contactcenter.tickets.records import CannedAnswer, Category

QUEUES = (
    ("service", "Service", "客户服务"),
    ("complaints", "Complaints", "投诉处理"),
    ("claims", "Claims", "理赔"),
    ("billing", "Billing", "账务"),
)
"""Key, English and Chinese name."""

CATEGORIES: tuple[tuple[str, str, str, str | None, bool], ...] = (
    ("account_access", "Account access", "账户登录", "service", True),
    ("billing", "Billing", "账单", "billing", True),
    ("callback", "Call-back", "回电", "service", True),
    ("cancellation", "Cancellation", "取消与解约", "service", True),
    ("card", "Bank card", "银行卡", "service", True),
    ("claim_report", "Claim report", "报案", "claims", True),
    ("claim_status", "Claim status", "理赔进度", "claims", True),
    ("contact_change", "Change of details", "资料变更", "service", True),
    ("coverage", "Coverage", "保障范围", "service", True),
    ("documents", "Documents", "单证", "service", True),
    ("feedback", "Feedback", "意见反馈", "service", False),
    ("fees", "Fees and interest", "费用与利息", "billing", True),
    ("fraud", "Fraud", "欺诈与盗用", "service", False),
    ("loyalty", "Loyalty", "积分与会员", "service", True),
    ("opening_hours", "Opening hours", "营业时间", "service", True),
    ("order_status", "Order status", "订单状态", "service", True),
    ("other", "Other", "其他", None, False),
    ("outage", "Outage", "故障与中断", "service", True),
    ("payment", "Payment", "付款", "billing", True),
    ("plan_change", "Change of plan", "套餐变更", "service", True),
    ("privacy", "Privacy", "隐私", "service", True),
    ("quote", "Quote", "报价", "service", True),
    ("refund", "Refund", "退款", "billing", True),
    ("repair", "Repair", "维修", "service", True),
    ("return_exchange", "Return and exchange", "退换货", "service", True),
    ("transfer", "Bank transfer", "转账", "billing", True),
)
"""Key (a label of triage), English and Chinese name, key of the queue it goes to, whether the machine may answer.

Fraud is always a person's: the next step depends on what has happened already, and a wrong one costs money."""


async def seed_defaults(uow: UnitOfWork, settings: Settings) -> None:
    """Make the queues the settings name and ours, the categories and the starter canned answers, where absent."""
    ids = {key: (await ensure_queue(uow, key, name, name_zh)).id for key, name, name_zh in QUEUES}
    named = [box.queue for box in settings.mailboxes] + [number.queue for number in settings.twilio.numbers]
    for key in dict.fromkeys(named):
        if key and key not in ids:
            await ensure_queue(uow, key)
    categories = [
        {
            "key": key,
            "name": name,
            "name_zh": name_zh,
            "queue_id": ids[queue] if queue is not None else None,
            "auto_answer": auto_answer,
        }
        for key, name, name_zh, queue, auto_answer in CATEGORIES
    ]
    await uow.session.execute(pg_insert(Category).values(categories).on_conflict_do_nothing(index_elements=["key"]))
    await seed_canned_answers(uow)


async def seed_canned_answers(uow: UnitOfWork) -> None:
    """The starter canned answers whose shortcut is free."""
    now = clock.now()
    rows = [
        {name: str(entry[name]) for name in ("shortcut", "language", "title", "text")}
        | {"id": clock.new_id(), "created_at": now}
        for entry in starter_canned_answers()
    ]
    await uow.session.execute(
        pg_insert(CannedAnswer).values(rows).on_conflict_do_nothing(index_elements=["shortcut", "language"])
    )


def starter_canned_answers() -> list[dict[str, Any]]:
    """The canned answers that come with the package."""
    path = resources.files("contactcenter.tickets") / "starter" / "canned_answers.json"
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return entries
