"""What the machine never answers: the law, and how one's own account stands."""

import pytest

from contactcenter.tickets.automation.never import asks_about_own_account, names_the_law


@pytest.mark.parametrize(
    "text",
    [
        "My solicitor will be in touch.",
        "Do I have to take you to court over this?",
        "I am going to the Financial Ombudsman.",
        "Which regulator is responsible for you?",
        "I will sue you.",
        "LEGAL ACTION follows on Monday",
        "Then it is the small\nclaims procedure.",
        "我要找律师。",
        "明天就去法院起诉你们",
        "我会打12378",
        "拨打 1 2 3 1 5 反映",
        "请 律 师 出面",
        "要不要我去銀保監局問問？",
        "那就仲裁吧",
    ],
)
def test_who_names_the_law_gets_a_person(text):
    assert names_the_law(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I reset my password?",
        "What are your opening hours on Saturday?",
        "Of course I can wait.",
        "Do you sell courtesy lights?",
        "The issue persists; what can I do?",
        "请问你们周六几点营业？",
        "忘记密码了，怎么重置密码？",
        "电话是 13812378999 吗",
    ],
)
def test_ordinary_questions_do_not_name_the_law(text):
    assert not names_the_law(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is my balance?",
        "Where's my last order?",
        "Has my refund been paid yet?",
        "Hello. Could you check my claim?",
        "Any news about my application?",
        "我的订单到哪了",
        "我那笔退款什么时候到账",
        "帮我查一下我的余额",
        "我的保单还有没有效",
    ],
)
def test_who_asks_how_his_account_stands_is_told_from_who_asks_how_it_is_done(text):
    assert asks_about_own_account(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I check my balance?",
        "Can I change my policy online?",
        "How long does a refund take?",
        "What do I need to cancel my contract?",
        "退款一般多久到账？",
        "如何更改收货地址",
        "",
    ],
)
def test_how_a_thing_is_done_may_be_answered(text):
    assert not asks_about_own_account(text)


@pytest.mark.parametrize("piece", ["is my ", "我的", "查我", "1-", "sue ", "what is "])
def test_a_megabyte_of_beginnings_costs_no_more_than_a_page(piece):
    bomb = piece * (1_000_000 // len(piece))
    assert not asks_about_own_account(bomb)
