import xml.etree.ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from contactcenter.cli.triage import app
from contactcenter.errors import InvalidInput
from contactcenter.triage import card, evaluation
from contactcenter.triage.diagram import NAME

HEADER = "text,category,urgency,sentiment,complaint,kind,language,split\n"
ROWS = (
    "Where is my parcel?,order_status,normal,neutral,0,,en,test\n"
    "Third wrong invoice in a row!,billing,high,negative,1,billing,en,test\n"
    "钱退到哪了,refund,normal,neutral,0,,zh,test\n"
)
CARD = f"# a model\nfor people\n\n{card.BEGIN}\nold figures\n{card.END}\n\n## Limits\n"


@pytest.fixture
def corpus_folder(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "mine.csv").write_text(HEADER + ROWS, encoding="utf-8")
    return folder


def test_the_figures_of_a_card_are_written_between_its_marks(tmp_path, corpus_folder):
    (tmp_path / "README.md").write_text(CARD, encoding="utf-8")
    result = CliRunner().invoke(app, ["evaluate", "--data", str(corpus_folder), "--card", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# a model\nfor people\n")
    assert text.endswith("\n## Limits\n")
    assert "old figures" not in text
    assert "### mine.csv: 3 rows" in text
    assert "| category | all | 3 |" in text


def test_the_diagram_is_an_image_with_a_name_and_a_place_for_every_language(tmp_path, corpus_folder):
    (tmp_path / "README.md").write_text(CARD, encoding="utf-8")
    CliRunner().invoke(app, ["evaluate", "--data", str(corpus_folder), "--card", str(tmp_path)])
    root = ET.fromstring((tmp_path / NAME).read_text(encoding="utf-8"))
    names = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert root.attrib["role"] == "img"
    assert {"mine.csv", "en", "zh"} <= set(names)


def test_a_card_without_marks_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("# written by hand\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no card with the lines"):
        card.write(tmp_path, {})
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "# written by hand\n"


def test_reliability_says_what_each_bin_promised_and_kept():
    right = np.array([True, True, False, True])
    bins = evaluation.reliability(right, np.array([0.95, 1.0, 0.92, 0.31], dtype=np.float32))
    assert bins == [
        {"from": 0.3, "rows": 1, "said": 0.31, "right": 1.0},
        {"from": 0.9, "rows": 3, "said": 0.9567, "right": 0.6667},
    ]
