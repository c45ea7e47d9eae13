"""A word of thanks does not reopen what is resolved; anything more does."""

import pytest

from contactcenter.triage.thanks import is_only_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, that worked.",
        "ok thanks",
        "Thanks, that helped, please close it.",
        "THANK YOU SO MUCH!!",
        "Perfect, thank you for the quick answer.\n\nTom Fairweather",
        "好的谢谢",
        "谢谢，已经解决。",
        "收到，谢谢您的耐心解答！",
        "嗯嗯，太好了，解决了，谢谢",
        "辛苦了",
    ],
)
def test_thanks_alone(text: str) -> None:
    assert is_only_thanks(text, "Tom Fairweather")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "Thanks for nothing, I want my money back",
        "Thanks, but it still does not work",
        "Thanks. When will it arrive?",
        "Thanks, my number is P1234567",
        "谢谢，但是还是不行",
        "谢谢，请问什么时候到账？",
        "谢谢你们的服务太差了",
        "thanks " * 200,
        f"谢谢{'嗯' * 100}吗",
        f"谢谢{'好的' * 50}吗",
    ],
)
def test_anything_more_is_read_by_people(text: str) -> None:
    assert not is_only_thanks(text)
