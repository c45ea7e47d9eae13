"""Texts as customers write them, and all that is to be found in each. The message came on Tuesday, 2026-03-10."""

from datetime import UTC, datetime

import pytest

from contactcenter.triage import TriageInput

TUESDAY = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def money(amount, currency="CNY"):
    return ("amount", {"amount": amount, "currency": currency})


def day(iso):
    return ("date", None if iso is None else f"2026-{iso}")


ENGLISH = [
    # Numbers of the business
    ("My policy P1234567 ends soon.", [("policy", "P1234567")]),
    ("policy no. POL-448120 please", [("policy", "POL-448120")]),
    ("Policy number: 88123456", [("policy", "88123456")]),
    ("where is order #55812?", [("order", "55812")]),
    ("ORD-778812 never came", [("order", "ORD-778812")]),
    ("Order 4471-2290-18 is incomplete", [("order", "4471-2290-18")]),
    ("invoice INV-20331 is wrong", [("invoice", "INV-20331")]),
    ("I refer to claim CLM-99120.", [("claim", "CLM-99120")]),
    ("bill 20044512 was paid", [("invoice", "20044512")]),
    ("tracking number 1Z999AA10123456784", [("tracking", "1Z999AA10123456784")]),
    ("the parcel RR473124829GB is lost", [("tracking", "RR473124829GB")]),
    ("tracking code 003404341234", [("tracking", "003404341234")]),
    # Money
    ("I was charged $49.99 twice", [money(49.99, "USD")]),
    ("please refund USD 1,200.50", [money(1200.5, "USD")]),
    ("das waren 1.234,56 €", [money(1234.56, "EUR")]),
    ("€1.234 were taken", [money(1234, "EUR")]),
    ("1.234.567 EUR in total", [money(1234567, "EUR")]),
    ("it cost £20 or so", [money(20, "GBP")]),
    ("500 RMB deposit", [money(500)]),
    ("RMB 3,000 deposit", [money(3000)]),
    ("HK$80 for shipping", [money(80, "HKD")]),
    ("CHF 45.50 fee", [money(45.5, "CHF")]),
    ("a loss of $1.2 million", [money(1_200_000, "USD")]),
    ("paid 3 thousand dollars", [money(3000, "USD")]),
    ("five hundred dollars is too much", [money(500, "USD")]),
    ("two thousand five hundred euros", [money(2500, "EUR")]),
    ("300 bucks", [money(300, "USD")]),
    ("USD 5k is the limit", [money(5000, "USD")]),
    ("A$75 and C$60", [money(75, "AUD"), money(60, "CAD")]),
    # Days
    ("it broke yesterday", [day("03-09")]),
    ("since today nothing works", [day("03-10")]),
    ("I flew last night", [day("03-09")]),
    ("the day before yesterday", [day("03-08")]),
    ("the day after tomorrow", [day("03-12")]),
    ("you promised it for last Friday", [day("03-06")]),
    ("last Tuesday I called", [day("03-03")]),
    ("this Thursday would suit me", [day("03-12")]),
    ("can you come next Tuesday?", [day("03-17")]),
    ("in two weeks I move", [day("03-24")]),
    ("in 3 days my visa ends", [day("03-13")]),
    ("I ordered 3 days ago", [day("03-07")]),
    ("a week ago it was fine", [day("03-03")]),
    ("two weeks from now", [day("03-24")]),
    ("pay by the end of the month", [day("03-31")]),
    ("at the end of next month", [day("04-30")]),
    ("on the 3rd of next month", [day("04-03")]),
    ("the 15th of last month", [day("02-15")]),
    ("on 12 March 2026", [day("03-12")]),
    ("March 12th, 2026", [day("03-12")]),
    ("on the 2nd of May", [day("05-02")]),
    ("since Dec 30", [("date", "2025-12-30")]),
    ("on 2026-03-01", [day("03-01")]),
    ("on 25/12/2025", [("date", "2025-12-25")]),
    ("on 03/04/2026", [day(None)]),
    ("two months ago", [day(None)]),
    # Ways to reach people
    ("call +44 20 7946 0958", [("phone", "+442079460958")]),
    ("my number is (202) 555-0143", [("phone", "+12025550143")]),
    ("mail Anna.B@Example.com please", [("email", "anna.b@example.com")]),
    ("I live at 12 Mill Lane", [("address", "12 Mill Lane")]),
    (
        "Ship to 350 Fifth Avenue, New York, NY 10118 please",
        [("address", "350 Fifth Avenue, New York, NY 10118")],
    ),
    ("at 221b Baker Street, London NW1 6XE.", [("address", "221b Baker Street, London NW1 6XE")]),
    ("I live at 9 Orchard Road. Call me.", [("address", "9 Orchard Road")]),
    ("to 8 Elm Court, Flat 4", [("address", "8 Elm Court, Flat 4")]),
    # What nobody needs to see in full
    ("my card 4242 4242 4242 4242 was declined", [("bank_card", "•••• 4242")]),
    ("card 5555-5555-5555-4444", [("bank_card", "•••• 4444")]),
    ("amex 3782 822463 10005", [("bank_card", "•••• 0005")]),
    ("4111111111111111 exp 12/27", [("bank_card", "•••• 1111")]),
    ("IBAN DE89 3704 0044 0532 0130 00 at my bank", [("iban", "DE•••• 3000")]),
    ("iban gb82west12345698765432", [("iban", "GB•••• 5432")]),
    ("my SSN is 123-45-6789", [("social_security", "•••-••-6789")]),
    ("social security number 219099999", [("social_security", "•••-••-9999")]),
    ("passport no. X1234567", [("passport", "•••••567")]),
    ("My passport number is 533380006.", [("passport", "•••••006")]),
    ("IMEI: 490154203237518", [("device", "490154203237518")]),
    ("the car is 1M8GDM9AXKP042788", [("vehicle", "1M8GDM9AXKP042788")]),
    # Several at once
    (
        "I paid $120 on 5 March for order A-55812.",
        [money(120, "USD"), day("03-05"), ("order", "A-55812")],
    ),
    ("P1234567 and P7654321", [("policy", "P1234567"), ("policy", "P7654321")]),
]

CHINESE = [
    ("保单号P1234567，请查一下", [("policy", "P1234567")]),
    ("我的保单号是88123456", [("policy", "88123456")]),
    ("订单号：20260315001，还没到", [("order", "20260315001")]),
    ("订单A-55812退款", [("order", "A-55812")]),
    ("发票号码 20331998 开错了", [("invoice", "20331998")]),
    ("理赔编号：C-881234", [("claim", "C-881234")]),
    ("快递单号SF1234567890123没更新", [("tracking", "SF1234567890123")]),
    ("运单号 773312345678901", [("tracking", "773312345678901")]),
    ("扣了我200元", [money(200)]),
    ("￥３０００已付", [money(3000)]),
    ("维修要3.5万元", [money(35000)]),
    ("一共三万五千元", [money(35000)]),
    ("才赔了1.2万，太少了", [money(12000)]),
    ("五百块太贵了", [money(500)]),
    ("三万五块", [money(35000)]),
    ("两千五百块钱", [money(2500)]),
    ("十二块五", [money(12.5)]),
    ("3块5毛", [money(3.5)]),
    ("收了RMB 1,200", [money(1200)]),
    ("退我500美元", [money(500, "USD")]),
    ("2亿元", [money(200_000_000)]),
    ("三个部门，零元", [money(0)]),
    ("人民币8000元整", [money(8000)]),
    ("港币300", [money(300, "HKD")]),
    ("昨天付的款", [day("03-09")]),
    ("前天就说了", [day("03-08")]),
    ("大前天下的单", [day("03-07")]),
    ("大后天要出国", [day("03-13")]),
    ("上周五寄的", [day("03-06")]),
    ("上个星期三打过电话", [day("03-04")]),
    ("下周一之前", [day("03-16")]),
    ("下下周二", [day("03-24")]),
    ("礼拜天以前，上礼拜天", [day("03-08")]),
    ("下个月3号到期", [day("04-03")]),
    ("上个月十五号扣款", [day("02-15")]),
    ("这个月28日", [day("03-28")]),
    ("本月底前退款", [day("03-31")]),
    ("下个月底", [day("04-30")]),
    ("5月底交房", [day("05-31")]),
    ("三月五号的会", [day("03-05")]),
    ("3月5日买的", [day("03-05")]),
    ("2026年3月5日", [day("03-05")]),
    ("2025 年 12 月 1 日", [("date", "2025-12-01")]),
    ("两天前", [day("03-08")]),
    ("三天后再来", [day("03-13")]),
    ("两周以后", [day("03-24")]),
    ("2周前投诉过", [day("02-24")]),
    ("今晚能修好吗", [day("03-10")]),
    ("电话13800138000", [("phone", "+8613800138000")]),
    ("邮箱 li.na@mail.example 谢谢", [("email", "li.na@mail.example")]),
    ("我住在上海市浦东新区世纪大道100号2号楼301室", [("address", "上海市浦东新区世纪大道100号2号楼301室")]),
    ("请寄到北京市朝阳区建国路88号", [("address", "北京市朝阳区建国路88号")]),
    ("地址：广东省深圳市南山区科技园路3号5栋602室", [("address", "广东省深圳市南山区科技园路3号5栋602室")]),
    ("卡号6222020000000000003被锁了", []),
    ("我的卡4242424242424242。", [("bank_card", "•••• 4242")]),
    ("银行卡６２２８４８０４０２５６４８９００１８", [("bank_card", "•••• 0018")]),
    ("银行卡6228 4804 0256 4890 018", [("bank_card", "•••• 0018")]),
    ("身份证号11010519491231002X", [("id_card", "1101••••••••••002X")]),
    ("身份证440308 19990110 1512", [("id_card", "4403••••••••••1512")]),
    ("护照号码：E12345678", [("passport", "•••••678")]),
    ("税号91350100M000100Y43", [("company", "91350100M000100Y43")]),
    ("车架号LFV3A23C7A3000000", []),
    (
        "保单P1234567，昨天付了3000元，电话13800138000",
        [("policy", "P1234567"), day("03-09"), money(3000), ("phone", "+8613800138000")],
    ),
]

NOTHING = [
    ("en", "4242 4242 4242 4243 is not a card"),
    ("en", "reference 1234567890123456"),
    ("en", "the code 9999999999999995"),
    ("en", "4111111111111111A"),
    ("en", "it takes 1-2 days"),
    ("en", "it came 1-2 days ago"),
    ("en", "within 24 hours"),
    ("en", "it was 49.99 in the shop"),
    ("en", "I bought 3 for 120"),
    ("en", "we are 5 people and 2 dogs"),
    ("en", "order 2026 units"),
    ("en", "room 12-14"),
    ("en", "version 1.2.3.4"),
    ("en", "at 10:30 or 11.45"),
    ("en", "the A-team and C-level"),
    ("en", "1234567 and 7654321"),
    ("en", "123-45-6789"),
    ("en", "my passport is new"),
    ("en", "my ssn is 000-12-3456"),
    ("en", "DE89 3704 0044 0532 0130 01"),
    ("en", "3 days on the way"),
    ("en", "I may come in March"),
    ("en", "a@b"),
    ("en", "VIN 1M8GDM9A1KP042788"),
    ("en", "RR473124828GB"),
    ("en", "90% of 100% in 2025"),
    ("zh", "110105194912310021"),
    ("zh", "11010519491331002X"),
    ("zh", "等了1-2天"),
    ("zh", "大约1.2万人参加"),
    ("zh", "我们3个人"),
    ("zh", "一块去吧"),
    ("en", "the lamp is 15 less across the road"),
    ("zh", "第3版"),
    ("zh", "10号线很挤"),
    ("zh", "订单2026年的"),
    ("zh", "三个人两只狗"),
    ("zh", "三天之内回复"),
]


def found(finder, text, language):
    (entities,) = finder.find([TriageInput(text, "", TUESDAY)], [language])
    return [(str(entity.type), entity.value) for entity in entities]


@pytest.mark.parametrize(("text", "expected"), ENGLISH)
def test_everything_in_an_english_text_is_found_and_nothing_else(finder, text, expected):
    assert found(finder, text, "en") == expected


@pytest.mark.parametrize(("text", "expected"), CHINESE)
def test_everything_in_a_chinese_text_is_found_and_nothing_else(finder, text, expected):
    assert found(finder, text, "zh") == expected


@pytest.mark.parametrize(("language", "text"), NOTHING)
def test_what_only_resembles_an_entity_is_none(finder, language, text):
    assert found(finder, text, language) == []
