"""The demo's cast: agents, customers with their policies, and what the customers write."""

from __future__ import annotations

from dataclasses import dataclass, field

PASSWORD = "harbour-demo"  # noqa: S105 - the demo prints it  # nosec B105


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """Somebody who can sign in."""

    email: str
    name: str
    role: str
    language: str
    queues: tuple[str, ...]


AGENTS = (
    DemoAgent("anna@harbour.example", "Anna Keller", "agent", "en", ("service", "billing", "complaints")),
    DemoAgent("bo@harbour.example", "陈博", "agent", "zh", ("service", "claims", "complaints")),
    DemoAgent(
        "sofia@harbour.example", "Sofia Lindqvist", "supervisor", "en", ("service", "claims", "billing", "complaints")
    ),
    DemoAgent("admin@harbour.example", "Ada Admin", "admin", "en", ()),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with his names on the channels and what the company knows of him."""

    name: str
    language: str
    email: str = ""
    phone: str = ""
    records: tuple[tuple[str, str, str, str], ...] = field(default=())  # kind, number, title, status


PEOPLE = (
    Person(
        "Grace Holloway",
        "en",
        "grace.holloway@mail.example",
        "+12025550111",
        (
            ("policy", "P4417023", "Motor · Volvo V60", "active"),
            ("policy", "P4417024", "Home · Mill Lane 12", "active"),
        ),
    ),
    Person(
        "Tom Fairweather",
        "en",
        "tom.fairweather@post.example",
        "+12025550112",
        (("policy", "P5520918", "Boat · Dufour 36", "active"), ("claim", "C-771204", "Mast damage", "in review")),
    ),
    Person(
        "Priya Raman",
        "en",
        "priya.raman@inbox.example",
        "+12025550113",
        (("order", "A-55812", "Dash camera", "shipped"), ("invoice", "INV-20331", "Premium Q4", "open")),
    ),
    Person(
        "Miguel Santos",
        "en",
        "miguel.santos@mail.example",
        "+12025550114",
        (("policy", "P6030771", "Travel · yearly", "active"),),
    ),
    Person(
        "Harriet Boyd",
        "en",
        "harriet.boyd@post.example",
        "+12025550115",
        (("policy", "P1190045", "Motor · Mini", "cancelled"),),
    ),
    Person(
        "王小雨",
        "zh",
        "wang.xiaoyu@mail.example",
        "+8613800138001",
        (("policy", "P7083312", "车险 · 丰田凯美瑞", "有效"),),
    ),
    Person(
        "李建国",
        "zh",
        "li.jianguo@post.example",
        "+8613800138002",
        (("policy", "P7083399", "家财险 · 滨江花园", "有效"), ("claim", "C-880417", "水管爆裂", "审核中")),
    ),
    Person(
        "陈思敏", "zh", "chen.simin@inbox.example", "+8613800138003", (("order", "A-60127", "行车记录仪", "配送中"),)
    ),
    Person("Oliver Nkemelu", "en", "oliver.nkemelu@inbox.example", "+12025550116", ()),
    Person(
        "赵一鸣", "zh", "zhao.yiming@mail.example", "+8613800138004", (("policy", "P7090021", "旅行险 · 全年", "有效"),)
    ),
)


@dataclass(frozen=True, slots=True)
class Script:
    """One thing a customer wants, as he writes it. ``then`` is what he writes once he was answered."""

    channel: str  # email | sms | chat
    language: str
    text: str
    subject: str = ""
    then: str = ""


SCRIPTS = (
    Script(
        "email",
        "en",
        "Hello,\n\nI forgot my password for My Harbour and cannot sign in any more. How do I reset it?\n\nThank you\n{name}",
        "How do I reset my password?",
        "Thanks, that worked.",
    ),
    Script(
        "email",
        "en",
        "This is the third time I am writing and I am very disappointed. I waited twelve days for a call back about my claim and nobody called. If this is not solved this week I will go to the ombudsman. Please give this to a supervisor.\n\n{name}",
        "Complaint: nobody calls me back",
        "Thank you for looking into it. Tomorrow morning suits me.",
    ),
    Script("chat", "en", "hi, what are your opening hours on saturday?"),
    Script("sms", "en", "hi how can i track my parcel?", then="ok thanks"),
    Script(
        "email",
        "zh",
        "您好，\n\n我忘记了“我的海港”的登录密码，请问怎么重置密码？\n\n谢谢\n{name}",
        "忘记密码怎么办",
        "谢谢，已经可以登录了。",
    ),
    Script(
        "email",
        "zh",
        "我已经等了二十天，打了三次电话都没有人给我答复，非常失望。请尽快升级处理，否则我将向监管部门投诉。\n\n{name}",
        "投诉：理赔一直没人处理",
        "好的，谢谢您的回复，我等您的电话。",
    ),
    Script(
        "email",
        "en",
        "Dear team,\n\nI was charged 412 dollars on 3 November, but my premium should be 380. Could you explain the difference on invoice INV-20331?\n\nKind regards\n{name}",
        "Invoice INV-20331 is too high",
        "I see, that makes sense now.",
    ),
    Script("chat", "zh", "你好，请问周六上班吗？营业时间是几点到几点"),
    Script(
        "email",
        "en",
        "Hello,\n\na branch fell on my car last night, the windscreen is broken and the bonnet is bent. My policy number is P4417023. What do I have to do now?\n\n{name}",
        "Storm damage to my car",
        "Here are two more photos' worth of description: the left mirror is gone too.",
    ),
    Script("sms", "zh", "我的快递到哪了？订单A-60127", then="好的谢谢"),
    Script(
        "email",
        "en",
        "Hi,\n\nhow do I return something I bought in your shop? The dash camera is fine but I do not need it any more.\n\n{name}",
        "Returning an item",
        "Great, I will send it back.",
    ),
    Script(
        "email",
        "zh",
        "您好，我上周搬家了，新地址是滨江路88号3栋，请帮我更新一下地址。保单号P7083399。\n\n{name}",
        "变更地址",
        "收到，谢谢。",
    ),
    Script("chat", "en", "which payment methods do you take for the premium?"),
    Script(
        "email",
        "en",
        "I hereby cancel policy P6030771 as of the end of the year. Please confirm in writing.\n\n{name}",
        "Cancellation of P6030771",
        "Thank you for the confirmation.",
    ),
    Script("email", "zh", "请问保费可以用哪些方式支付？支付宝可以吗？\n\n{name}", "支付方式咨询", "明白了，谢谢。"),
    Script("sms", "en", "pls call me back about my claim C-771204, evening is best"),
    Script(
        "email",
        "en",
        "Hello,\n\ncould you send me an insurance certificate for my landlord? He needs it by Friday.\n\nBest\n{name}",
        "Certificate of insurance needed",
        "Perfect, got it.",
    ),
    Script(
        "email",
        "en",
        "Just a short note: the lady on the phone yesterday was wonderful. She stayed on the line until the tow truck came. Thank you!\n\n{name}",
        "Thank you",
        "",
    ),
    Script("chat", "zh", "怎么查理赔进度"),
    Script(
        "email",
        "en",
        "Good morning,\n\nhow long does a refund usually take? I cancelled last Monday.\n\n{name}",
        "How long does a refund take?",
        "Thanks for the quick answer.",
    ),
    Script(
        "email",
        "zh",
        "你们发来的行车记录仪打不开机，是坏的，我要换一个新的。订单A-60127。\n\n{name}",
        "收到的商品有质量问题",
        "好的，我明天寄回。",
    ),
    Script("sms", "zh", "请给我回个电话，想咨询一下旅行险"),
    Script(
        "email",
        "en",
        "Does my travel insurance cover a rental car in Portugal? We fly on Saturday.\n\n{name}",
        "Rental car abroad",
        "Good to know, thanks.",
    ),
)
