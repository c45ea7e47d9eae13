"""What services say when they refuse something people can do on these pages, marked for the catalogue.

Services speak English (the API and the log read them too); pages translate the finished text. A text that is not here
is shown as it is.
"""

from __future__ import annotations

from contactcenter.agent_ui.words import mark

REFUSALS = (
    mark("that is not an e-mail address"),
    mark("there is an agent with this address already"),
    mark("this is the last administrator"),
    mark("the role is agent, supervisor or admin"),
    mark("there is no such queue"),
    mark("mail is moved to another folder"),
    mark("an account has a user name"),
    mark("that is not an https address"),
    mark("a client has an id"),
    mark("a refresh token or a client secret is needed"),
    mark("mail is fetched from port 993, 143 or one above 1023"),
    mark("there is no such agent"),
    mark("the queue is in use"),
    mark("there is a queue with this key already"),
    mark("a queue's key is a word of letters, digits and hyphens"),
    mark("that is not one of our mailboxes"),
    mark("the variables are {{ agent.name }} and {{ queue.name }}"),
    mark("a signature has at most 4000 characters"),
    mark("that is not an address without a plus-tag"),
    mark("that is not the name of a server"),
    mark("a port is a number from 1 to 65535"),
    mark("an account has a user name and a password"),
    mark("a shortcut is one word of letters, digits and hyphens"),
    mark("a text of at most 20000 characters, please"),
    mark("a title has 1 to 300 characters"),
    mark("a text has 1 to 50000 characters"),
    mark("at most 100 questions"),
    mark("a question has at most 1000 characters"),
    mark("the audience is public or verified"),
    mark("the status is draft or published"),
    mark("the language is one of en, zh"),
    mark("the article has changed since you last saw it"),
    mark("a token has a name"),
    mark("a password has at least 10 characters"),
    mark("a password has at most 1024 characters"),
    mark("this agent cannot sign in"),
    mark("this needs the role supervisor"),
    mark("this needs the role admin"),
    mark("there is no such message in quarantine"),
    mark("there is no such article"),
    mark("there is no such canned answer"),
    mark("there is no such mailbox"),
    mark("there is no such token"),
    mark("this page is too old; load it again"),
    mark("this request came from another site"),
)
