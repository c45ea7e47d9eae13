import random
import pytest
from tests.attacks.house import PostRoom, mail, OURS
rnd=random.Random(1)
cjk=lambda n: "".join(chr(rnd.randrange(0x4e00,0x9f00)) for _ in range(n))
emo=lambda n: "".join(chr(rnd.randrange(0x1f300,0x1f5ff)) for _ in range(n))
rw=lambda n,k=12: " ".join("".join(rnd.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(k)) for _ in range(n))
H=f"From: ann@customer.example\r\nTo: {OURS}\r\nSubject: x\r\n"
CASES={
 "id_cjk": f"{H}Message-ID: <{cjk(900)}@x>\r\n\r\nhi",
 "id_emo": f"{H}Message-ID: <{emo(900)}@x>\r\n\r\nhi",
 "refs_emo": f"{H}Message-ID: <r@x>\r\nReferences: <{emo(900)}@x> <{cjk(800)}@y>\r\n\r\nhi",
 "irt_bare": f"{H}Message-ID: <r2@x>\r\nIn-Reply-To: {cjk(390)}@{cjk(390)}\r\n\r\nhi",
 "many_refs": f"{H}Message-ID: <r3@x>\r\nReferences: {' '.join(f'<{n}@x>' for n in range(20000))}\r\n\r\nhi",
 "words": f"{H}Message-ID: <w@x>\r\n\r\n{rw(200000)}",
 "longword": f"{H}Message-ID: <w2@x>\r\n\r\n{rw(1,500000)}",
 "cjkbody": f"{H}Message-ID: <w3@x>\r\n\r\n{cjk(400000)}",
 "subject": f"From: ann@customer.example\r\nTo: {OURS}\r\nSubject: {cjk(20000)}\r\nMessage-ID: <s@x>\r\n\r\nhi",
 "name": f"From: \"{emo(5000)}\" <ann@customer.example>\r\nTo: {OURS}\r\nMessage-ID: <n@x>\r\n\r\nhi",
 "addr": f"From: <{'a'*60}{cjk(60)}@{'b'*200}.example>\r\nTo: {OURS}\r\nMessage-ID: <a@x>\r\n\r\nhi",
 "addr2": f"From: <{emo(300)}@{emo(300)}>\r\nTo: {OURS}\r\nMessage-ID: <a2@x>\r\n\r\nhi",
 "bare": f"From: {'x'*3000}\r\nTo: {OURS}\r\nMessage-ID: <b@x>\r\n\r\nhi",
 "replyto": f"{H}Reply-To: <{emo(300)}@{emo(300)}>, a@b\r\nMessage-ID: <rt@x>\r\n\r\nhi",
 "tos": f"From: ann@customer.example\r\nTo: {', '.join(f'u{n}@x.example' for n in range(5000))}\r\nMessage-ID: <t@x>\r\n\r\nhi",
 "file": f"{H}Message-ID: <f@x>\r\nContent-Type: {'a'*400}/{'b'*400}; name=\"{emo(400)}\"\r\nContent-Disposition: attachment; filename=\"{emo(400)}\"\r\nContent-ID: <{emo(400)}>\r\n\r\nhi",
 "scl": f"{H}X-MS-Exchange-Organization-SCL: ²\r\nMessage-ID: <scl@x>\r\n\r\nhi",
 "nuls": f"From: \"a\x00b\" <ann\x00@customer.example>\r\nTo: {OURS}\x00\r\nSubject: a\x00b\r\nMessage-ID: <n\x00ul@x>\r\nReferences: <\x00@x>\r\nReply-To: a\x00@b.c\r\nCc: \x00@x.y\r\nAuthentication-Results: mx; spf=\x00\r\n\r\n\x00",
 "empty": "",
 "nofrom": "\r\n\r\nhi",
 "date": f"{H}Date: Fri, 31 Dec 9999 23:59:59 -2359\r\nMessage-ID: <d@x>\r\n\r\nhi",
 "date0": f"{H}Date: Mon, 01 Jan 0001 00:00:00 +2359\r\nMessage-ID: <d0@x>\r\n\r\nhi",
}
@pytest.mark.parametrize("name", CASES)
async def test_x(room, name):
    raw=CASES[name].encode("utf-8","surrogatepass")
    import time; t=time.time()
    await room.take(raw)
    ms=await room.messages("in")
    out=[(m.state, m.failure[:300]) for m in ms]
    print(name, round(time.time()-t,1), out)
    try:
        await room.deliver()
    except Exception as e:
        print("DELIVER", repr(e)[:300])
    async with room.store.read() as uow:
        from contactcenter.conversations.records import Delivery
        from sqlalchemy import select
        for d in await uow.session.scalars(select(Delivery)): print("   delivery", d.state, d.detail[:100])
    assert [s for s,_ in out]==["done"]
