"""What a process imports: the doors never load what understanding needs."""

import subprocess
import sys

HEAVY = ("spacy", "transformers", "onnxruntime", "torch", "sklearn", "numpy")


def test_the_web_process_does_not_load_the_libraries_of_understanding() -> None:
    code = (
        "import sys, contactcenter.app.doors, contactcenter.app.serve; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
