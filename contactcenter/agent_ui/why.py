"""Why the machine did what it did, in words: the rules, warnings and silences that a message's trace names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contactcenter.agent_ui.words import mark

REASONS = (
    mark("triage did not answer"),
    mark("automatic answers are switched off"),
    mark("no channel of ours reaches its writer"),
    mark("people are at work on it"),
    mark("it cites a conversation of somebody else"),
    mark("it is a complaint"),
    mark("it names lawyers, courts or authorities"),
    mark("it is urgent"),
    mark("its language is not one the machine answers in"),
    mark("it is about a particular policy, order, invoice or claim"),
    mark("it asks how an account stands, and its sender is not authenticated"),
    mark("its category is switched off"),
    mark("its category is answered in shadow only"),
    mark("its threshold was chosen for another model"),
    mark("it brings files"),
    mark("it is too long for a question"),
    mark("no article answers it surely enough"),
    mark("it was imported or logged, not received"),
    mark("it was written by a machine"),
    mark("a trusted relay marked it as spam"),
    mark("its sender is not authenticated"),
    mark("it has no sender to answer"),
    mark("the sender asked for silence"),
    mark("its sender writes more mails than a person does"),
    mark("this conversation already had an automatic message within 24 hours"),
    mark("this person already had ten answers within the hour"),
)
"""The rules that speak against an automatic answer, as traces name them."""

UNASSESSED: Mapping[str, str] = {
    "no-model": mark("no model is loaded"),
    "over-time": mark("it took too long"),
    "failed": mark("the model failed on it"),
}

WARNINGS: Mapping[str, str] = {
    "text that its reader does not see": mark("It hides words from its reader. The machine left them out."),
}
"""Warnings of the mail reader that somebody who answers should know of."""

_TO_PEOPLE = ("the category ", " goes to people")
_CATEGORY_TO_PEOPLE = mark("the category “{name}” goes to people")
_SILENT = mark("This message was not understood by the machine: {why}. People decide where it goes.")


def reasons(
    trace: Mapping[str, Any], gettext: Callable[[str], str], category_name: Callable[[str], str]
) -> Sequence[str]:
    """The rules that spoke against an automatic answer."""
    said = []
    for reason in trace.get("reasons", ()):
        key = reason.removeprefix(_TO_PEOPLE[0]).removesuffix(_TO_PEOPLE[1])
        is_category = reason == key.join(_TO_PEOPLE)
        said.append(gettext(_CATEGORY_TO_PEOPLE).format(name=category_name(key)) if is_category else gettext(reason))
    return said


def silence(trace: Mapping[str, Any] | None, gettext: Callable[[str], str]) -> str:
    """Why triage said nothing of a message that a person wrote; empty where it did."""
    why = UNASSESSED.get(str((trace or {}).get("unassessed", "")), "")
    return gettext(_SILENT).format(why=gettext(why)) if why else ""


def warnings(trace: Mapping[str, Any], gettext: Callable[[str], str]) -> Sequence[str]:
    """What somebody who answers should know of how the message was written."""
    return [gettext(WARNINGS[said]) for said in trace.get("warnings", ()) if said in WARNINGS]
