"""Why the machine did what it did, in words that an agent reads in his own language."""

import pytest

from contactcenter.agent_ui import why
from contactcenter.channels.email.html_text import UNSEEN_TEXT
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.envelope import Channel, Content, FileContent, Identity, IdentityKind, InboundMessage
from contactcenter.i18n import translations
from contactcenter.pipeline.assessing import Unassessed
from contactcenter.tickets.answering import AnsweringPolicy, Case, against
from contactcenter.tickets.routing import RoutingTable
from contactcenter.triage.assessment import Assessment, Category, Complaint, ComplaintKind, Entity, Label

CHINESE = translations("zh").gettext
ANN = Identity(IdentityKind.EMAIL, "ann@customer.example")
WORST = Assessment(
    "other",
    Category("billing", 0.9),
    Label("high", 0.9),
    Label("negative", 0.9),
    Complaint(0.9, ComplaintKind.SERVICE),
    (Entity("policy", "P1", 0, 2),),
)


def every_rule():
    """The reasons against answering a message against which everything speaks."""
    text = "What is my balance? My lawyer will sue you. " * 200
    content = Content(ANN, text, text, files=(FileContent("a.pdf", "application/pdf", b"x"),))
    message = InboundMessage(Channel.EMAIL, "k", ANN)
    case = Case(message, content, WORST, ANN, "c", is_new=False, intrudes=True)
    table = RoutingTable({"service": "1"}, {}, frozenset(), "1")
    switched_off = AnsweringPolicy(auto_answer=False, acknowledge=True, threshold=0.9)
    return against(case, table, switched_off, AutomaticMemory([]))


def test_every_rule_is_said_in_chinese_and_names_the_category_by_its_name():
    reasons = every_rule()
    assert len(reasons) >= 10
    said = why.reasons({"reasons": reasons}, CHINESE, lambda key: f"<{key}>")
    assert not set(said) & set(reasons)
    assert "“<billing>”类别由人工处理" in said


@pytest.mark.parametrize("reason", Unassessed)
def test_every_silence_of_triage_is_told(reason):
    english, chinese = (why.silence({"unassessed": reason.value}, gettext) for gettext in (str, CHINESE))
    assert english.startswith("This message was not understood by the machine:")
    assert chinese.startswith("机器未能理解这条消息")


def test_where_triage_spoke_nothing_is_told():
    assert [why.silence(trace, str) for trace in (None, {}, {"model": "m"})] == ["", "", ""]


def test_hidden_words_are_warned_of_and_other_warnings_are_not_for_agents():
    assert why.warnings({"warnings": ["several From fields"]}, CHINESE) == []
    (said,) = why.warnings({"warnings": [UNSEEN_TEXT]}, CHINESE)
    assert said != UNSEEN_TEXT
