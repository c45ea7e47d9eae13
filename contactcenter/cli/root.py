"""The command tree."""

from __future__ import annotations

from typing import Annotated

import typer

from contactcenter import __version__
from contactcenter.cli import bench, customers, database, demo, knowledge, mail, models, retrain, service, staff, triage

app = typer.Typer(
    name="contactcenter",
    help="Omnichannel contact centre and e-mail triage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"contactcenter {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Omnichannel contact centre and e-mail triage."""
    del version


app.command("init")(service.init)
app.command("serve")(service.serve)
app.command("doctor")(service.doctor)
app.command("backup")(database.backup)
app.command("restore")(database.restore)
app.command("demo")(demo.demo)
app.add_typer(database.app, name="db", help="The database's schema.")
app.add_typer(staff.agents, name="agents", help="People who work here.")
app.add_typer(staff.tokens, name="tokens", help="Keys for programs.")
app.add_typer(mail.app, name="mail", help="What the e-mail channel makes of mail.")
triage.app.command("retrain")(retrain.retrain)
triage.app.command("rollback")(retrain.rollback)
triage.app.command("replay")(retrain.replay)
triage.app.command("history")(retrain.history)
triage.app.command("topics")(retrain.topics)
app.add_typer(triage.app, name="triage", help="Understanding: assess, train, evaluate.")
app.add_typer(models.app, name="models", help="Encoders of sentences.")
app.add_typer(knowledge.app, name="knowledge", help="Articles.")
app.add_typer(customers.app, name="customers", help="Customers.")
app.add_typer(bench.app, name="bench", help="Reproducible measurements.")
