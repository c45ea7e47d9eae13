import pytest

from contactcenter.triage.language import detect


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "Where is my order A-55812?",
        "I cannot log in, please help.",
        "thx, got it",
        "My name is José Müller, please call me.",
        "您好, my order A-55812 has not arrived yet, can you check the tracking for me please",
    ],
)
def test_english_is_recognised(text):
    assert detect(text) == "en"


@pytest.mark.parametrize(
    "text",
    ["退保", "好的", "请帮我 cancel 订单 A-55812", "貴司退費通知寫將以支票寄送", "P1234567 怎么理赔？", "我的car坏了"],
)
def test_chinese_is_recognised(text):
    assert detect(text) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "Wo bleibt meine Bestellung? Ich warte seit zwei Wochen.",
        "Bonjour, où est ma commande ?",
        "Hola, quiero cancelar mi póliza, gracias.",
        "Olá, não recebi o meu pedido.",
        "Buongiorno, vorrei sapere dove è il mio ordine.",
        "Waar blijft mijn bestelling?",
        "Здравствуйте, где мой заказ?",
        "注文した商品がまだ届きません。",
        "주문한 상품이 아직 안 왔어요",
        "أين طلبي؟",
    ],
)
def test_another_language_is_called_other(text):
    assert detect(text) == "other"


@pytest.mark.parametrize("text", ["", "   ", "12345", "👍👍", "https://example.com/the/and/for", "?!"])
def test_a_text_without_words_has_no_language_of_ours(text):
    assert detect(text) == "other"


def test_links_and_addresses_do_not_count_as_words():
    assert detect("https://shop.example.com/order/please/help/me 退保") == "zh"
