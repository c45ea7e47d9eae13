from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import Assessment, ComplaintKind, TriageInput, registry
from contactcenter.triage.assess import Assessor
from contactcenter.triage.linear import Head, LinearModel

OMBUDSMAN = (
    "This is the third time I am writing and I am very disappointed. I waited 12 days for a call back about my boat "
    "and nobody called. If this is not solved by 2026-05-02 I will go to the ombudsman. Please escalate this to a "
    "supervisor. Policy P1234567."
)


def one(assessor, text, subject=""):
    return assessor.assess([TriageInput(text, subject)])[0]


@pytest.mark.parametrize(
    "text", [OMBUDSMAN, "我已经等了20天，没有任何回复，非常失望。请尽快升级处理，否则我将向监管部门投诉。"]
)
def test_a_complaint_is_recognised(assessor, text):
    assessment = one(assessor, text)
    assert assessment.complaint.is_complaint
    assert assessment.sentiment.label == "negative"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("您好，我的汽车在2026-03-02受损，保单号P1234567，维修估价3000元。请告知还需要哪些材料。", "claim_report"),
        ("I would like to report damage to my house. Which documents do you need?", "claim_report"),
        ("What is the status of my claim C-881234?", "claim_status"),
        ("Could you explain the difference on invoice INV-2024-001?", "billing"),
        ("Can I pay in instalments?", "payment"),
        ("怎么交保费", "payment"),
        ("How do I get a refund?", "refund"),
        ("I hereby cancel policy P1234567.", "cancellation"),
        ("退保", "cancellation"),
        ("We moved. Please update our address.", "contact_change"),
        ("I forgot my password and the reset e-mail does not arrive.", "account_access"),
        ("Please send me a copy of my policy.", "documents"),
        ("Is water damage covered?", "coverage"),
        ("买车险多少钱", "quote"),
        ("Where is my order A-55812?", "order_status"),
        ("尺码不对，想换一个", "return_exchange"),
        ("Please call me back.", "callback"),
        ("What are your opening hours?", "opening_hours"),
        ("Please delete my personal data.", "privacy"),
        ("I lost my debit card, please block it.", "card"),
        ("怎么提高转账限额？", "transfer"),
        ("Which exchange rate do you use for payments abroad?", "fees"),
        ("这条短信是你们发的吗，还是诈骗？", "fraud"),
        ("Our internet has been down since this morning.", "outage"),
        ("I would like to switch to a bigger data plan.", "plan_change"),
        ("洗衣机坏了，请安排师傅上门维修", "repair"),
        ("When do my points expire?", "loyalty"),
    ],
)
def test_plain_requests_get_their_category_and_are_no_complaint(assessor, text, category):
    assessment = one(assessor, text)
    assert assessment.category.label == category
    assert not assessment.complaint.is_complaint


def test_the_subject_counts(assessor):
    assert one(assessor, "Please help, see above.", "Cannot log in to my account").category.label == "account_access"


def test_a_complaint_has_the_kind_of_its_category(assessor):
    text = (
        "You charged me twice AGAIN on invoice INV-2024-001, this is outrageous, I demand an explanation of this bill!"
    )
    assessment = one(assessor, text)
    assert (assessment.category.label, assessment.complaint.kind) == ("billing", ComplaintKind.BILLING)


def test_probabilities_are_probabilities_best_first(assessor):
    category = one(assessor, "Where is my refund?").category
    ranked = [category.probability, *(other.probability for other in category.alternatives)]
    assert ranked == sorted(ranked, reverse=True)
    assert 0 < sum(ranked) <= 1.0001


def test_the_reasons_stand_in_the_text(assessor):
    why = one(assessor, "I want a refund for order A-55812.").why
    assert "refund" in [reason.term for reason in why]
    assert all(reason.weight > 0 and reason.label == "refund" for reason in why)
    zh = one(assessor, "我要退保").why
    assert any("退保" in reason.term for reason in zh)


def test_a_complaint_says_why_it_is_one(assessor):
    assert "complaint" in {reason.label for reason in one(assessor, OMBUDSMAN).why}


def test_what_was_assessed_survives_json(assessor):
    assessment = one(assessor, OMBUDSMAN)
    assert Assessment.from_json(assessment.to_json()) == assessment
    assert assessment.model.startswith("triage-service@")


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "!" * 100_000, "😀" * 1_000_000, "a" * 1_000_000, "e\u0301\u0316" * 300_000, "ฐ" * 9]
)
def test_odd_texts_are_assessed_like_any_other(assessor, text):
    assert one(assessor, text).category.label


def test_a_message_is_judged_the_same_alone_and_among_others(assessor):
    items = [TriageInput(text) for text in (OMBUDSMAN, "退保", "", "Where is my order?")] * 40
    together = assessor.assess(items)
    assert together[:4] == [assessor.assess([item])[0] for item in items[:4]]
    assert len(together) == 160
    assert assessor.assess([]) == []


def test_threads_may_share_an_assessor(assessor):
    texts = [OMBUDSMAN, "退保 P1234567", "Where is my order A-55812?"] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: one(assessor, text), texts)) == [one(assessor, text) for text in texts]


def test_a_model_without_all_heads_is_refused():
    linear = LinearModel([Head("category", ("a", "b"), (0, 0))], np.zeros(0, np.uint32), np.zeros((0, 2)))
    with pytest.raises(ModelError, match="urgency, sentiment, complaint"):
        Assessor(registry.TrainedModel("half", linear, 0.5, {}))
