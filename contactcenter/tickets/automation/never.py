"""What the machine never answers, whatever it is sure of. Words beside the model: one misses what the other finds.

Law and authorities: whoever names a lawyer, a court, an ombudsman or a regulator wants a person, also where he is
polite and the model sees no complaint. One's own account: an article says how things are in general; how this
customer's matter stands is told to nobody who has not shown who he is. Pure.
"""

from __future__ import annotations

import re

from contactcenter.triage.text import plain

_LAW = re.compile(
    r"""(?ix)
    \b(?: lawyers? | solicitors? | attorneys? | barristers? | legal\s+(?:action|steps|proceedings|advice|team|counsel)
    | law\s?suits? | su(?:e|ed|es|ing)\s+(?:you|your|the|them) | take\s+(?:you|this|it)\s+to\s+court | courts?
    | tribunals? | litigation | litigate | arbitrat(?:ion|or|e) | mediators? | prosecut(?:e|ion|or) | subpoena
    | letter\s+before\s+action | cease\s+and\s+desist | ombuds(?:man|men|person|woman) | ombuds
    | regulators? | regulatory\s+(?:body|authority|complaint) | watchdog | supervisory\s+authority
    | consumer\s+(?:protection|association|council|rights|forum) | trading\s+standards | better\s+business\s+bureau
    | small\s+claims | CFPB | FCA | FTC | FOS | BaFin | ICO | data\s+protection\s+(?:authority|commissioner)
    | report(?:ing)?\s+you\s+to | trading\s+commission
    | (?:go|going|went|talk|speak)\s+to\s+the\s+(?:press|media|newspapers?|papers)
    )\b
    """
)
_LAW_ZH = re.compile(
    "律师|起诉|诉讼|上诉|应诉|告你们|告到|法院|法庭|开庭|仲裁|法律途径|法律手段|法律责任|法务|维权|"
    "银保监|银监|保监|证监会|金融监管|监管局|监管部门|监管机构|监督局|市场监管|工商局|工商部门|消协|消费者协会|消保委|"
    "工信部|通信管理局|邮政管理局|网信办|纪委|信访|"
    r"(?<!\d)(?:12378|12315|12345|12363|12300|12381|12305|12377|12386|96110)(?!\d)|"
    "黑猫|曝光|举报|媒体"
)
_APART = re.compile(r"(?<=\d)[\s\-.·]+(?=\d)")
_SPREAD = re.compile(r"(?<=[\u3400-\u9fff])[\s·.*_\-]+(?=[\u3400-\u9fff])")

_THING = (
    r"(?:account|balance|policy|claim|order|parcel|package|contract|bill|invoice|statement|card|payment|refund|"
    r"transfer|deposit|loan|application|appointment|subscription|data\s+allowance|points|delivery)"
)
_OWN = re.compile(
    rf"""(?ix)
    \b(?:what(?:'s|\s+is|\s+are)?|how\s+much|how\s+many|when|where(?:'s|\s+is)?|why|which|has|have|did|does|is|are|was
      |status\s+of|check|show\s+me|tell\s+me|look\s+up|any\s+news)\b
    [^.?!\n]{{0,40}}\b(?:my|our)\s+(?:\w+\s+){{0,2}}{_THING}s?\b
    | \b(?:my|our)\s+(?:\w+\s+){{0,2}}{_THING}\s+(?:status|balance|number|details)\b
    """
)
_HOW_TO = re.compile(
    r"(?i)\b(?:how\s+(?:do|can|to|should|would|could)|can\s+i|what\s+do\s+i\s+need|is\s+it\s+possible)\b"
)
_THING_ZH = (
    "(?:账户|账号|余额|保单|理赔|赔款|订单|包裹|快递|合同|账单|发票|银行卡|信用卡|"
    "退款|转账|贷款|申请|预约|积分|话费|流量)"
)
_OWN_ZH = re.compile(
    rf"(?:我|我们|本人|俺)(?:的|家的|家)?(?:那个|这个|那笔|这笔|那份|这份)?{_THING_ZH}"
    r"[^。？！\n]{0,14}(?:多少|到哪|在哪|哪里了|何时|什么时候|几时|状态|进度|为什么|为何|怎么还|了吗|了没|有没有|是否|是多少|剩)"
    rf"|(?:查|查询|看|查看|告诉我|帮我查)[^。？！\n]{{0,4}}(?:我|我们|本人)的?[^。？！\n]{{0,4}}{_THING_ZH}"
)


def names_the_law(text: str) -> bool:
    """Whether it names lawyers, courts, ombudsmen, regulators or their numbers, in English or Chinese."""
    return _found(text, _LAW, _LAW_ZH)


def asks_about_own_account(text: str) -> bool:
    """Whether it asks how the writer's own matter stands, rather than how such things are done."""
    seen = plain(text)
    sentences = re.split(r"[.?!。？！\n]+", seen)
    own = any(_OWN.search(sentence) and not _HOW_TO.search(sentence) for sentence in sentences)
    return own or _OWN_ZH.search(_SPREAD.sub("", seen)) is not None


def _found(text: str, latin: re.Pattern[str], chinese: re.Pattern[str]) -> bool:
    seen = plain(text)
    if latin.search(seen) is not None:
        return True
    return chinese.search(_SPREAD.sub("", _APART.sub("", seen))) is not None
