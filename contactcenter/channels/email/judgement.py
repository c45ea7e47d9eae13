"""The judgement over a sender from what the DNS said about his mail: SPF, DKIM and DMARC together (RFC 7489, 6.6.2)."""

from __future__ import annotations

from contactcenter.channels.email.authentication import Authentication
from contactcenter.channels.email.trust.dmarc import Policy
from contactcenter.channels.email.trust.domains import aligned, ascii_domain
from contactcenter.channels.email.trust.evidence import Evidence
from contactcenter.channels.email.trust.signatures import DkimResult, check_signatures
from contactcenter.channels.email.trust.spf import SpfResult

SELF = "self"


def judge(raw: bytes, evidence: Evidence, from_domain: str) -> Authentication:
    """Who the mail is from, judged for the domain of From as the reader found it.

    Authenticated means: SPF or DKIM passed for a domain aligned with it, as strictly as the domain's DMARC record
    wants it, and that record could be read.
    """
    domain = ascii_domain(from_domain)
    policy = evidence.policy
    if policy is not None and policy.domain != domain:
        policy = None  # the DNS was asked about another one
    strict = policy is not None and policy.strict_dkim
    dkim = check_signatures(raw, evidence.keys, domain, lambda signer: aligned(signer, domain, strict=strict))
    spf = evidence.spf
    proven = _proven(spf, dkim, policy, domain)
    dmarc = _dmarc(spf, dkim, policy, proven=proven)
    return Authentication(
        spf.word if spf else "none",
        dkim.word,
        dmarc,
        authenticated=proven and dmarc in ("pass", "none"),
        details={
            "judge": SELF if spf or dkim.word != "none" else "",
            "spf_domain": spf.domain if spf else "",
            "dkim_domain": dkim.domain,
            "dkim_selector": dkim.selector,
            "policy": policy.wish if policy and not policy.word else "",
            "why": "; ".join(why for why in (spf.why if spf else "", dkim.why) if why)[:300],
        },
    )


def _proven(spf: SpfResult | None, dkim: DkimResult, policy: Policy | None, domain: str) -> bool:
    """Whether one of the two passed for a domain that vouches for that of From."""
    if policy is None or not domain:
        return False
    by_path = spf is not None and spf.word == "pass" and aligned(spf.domain, domain, strict=policy.strict_spf)
    return by_path or (dkim.word == "pass" and aligned(dkim.domain, domain, strict=policy.strict_dkim))


def _dmarc(spf: SpfResult | None, dkim: DkimResult, policy: Policy | None, *, proven: bool) -> str:
    """The word for DMARC. Mail whose way is not known cannot fail it: SPF might have passed."""
    if policy is None:
        return "none"
    if policy.word:
        return policy.word
    if proven:
        return "pass"
    if "temperror" in (spf.word if spf else "", dkim.word):
        return "temperror"
    return "fail" if spf is not None else "none"
