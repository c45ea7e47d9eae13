import json
import subprocess
import sys

from contactcenter.triage import (
    Assessment,
    Category,
    Complaint,
    ComplaintKind,
    Entity,
    EntityType,
    Label,
    Reason,
)

ASSESSMENT = Assessment(
    language="zh",
    category=Category("billing", 0.91, (Label("payment", 0.05),)),
    urgency=Label("high", 0.7),
    sentiment=Label("negative", 0.8),
    complaint=Complaint(0.6, ComplaintKind.BILLING),
    entities=(Entity(EntityType.AMOUNT, "3.5万元", 2, 7, {"amount": 35000, "currency": "CNY"}),),
    why=(Reason("扣款", 0.3, "billing"),),
    model="triage-service",
)


def test_an_assessment_survives_the_way_to_json_text_and_back():
    assert Assessment.from_json(json.loads(json.dumps(ASSESSMENT.to_json()))) == ASSESSMENT


def test_the_json_shape_is_the_documented_one():
    record = ASSESSMENT.to_json()
    assert record["category"] == {
        "label": "billing",
        "probability": 0.91,
        "alternatives": [{"label": "payment", "probability": 0.05}],
    }
    assert record["complaint"] == {"probability": 0.6, "kind": "billing"}
    assert record["entities"][0] == {
        "type": "amount",
        "text": "3.5万元",
        "start": 2,
        "end": 7,
        "value": {"amount": 35000, "currency": "CNY"},
    }


def test_members_added_by_others_do_not_disturb_reading():
    assert Assessment.from_json({**ASSESSMENT.to_json(), "answer": None, "decision": "route"}) == ASSESSMENT


def test_a_complaint_without_a_kind_is_none():
    assert Complaint(0.6, ComplaintKind.SERVICE).is_complaint
    assert not Complaint(0.05).is_complaint


def test_reading_assessments_loads_no_heavy_library():
    program = (
        "import sys, contactcenter.triage.assessment, contactcenter.cli.triage; "
        "print([name for name in ('spacy', 'numpy', 'sklearn', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
