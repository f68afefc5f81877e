"""`investiq edge`: the certificate of a laptop, who may come in with a password, and a reload after a renewal."""

from __future__ import annotations

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq edge certificate", "a certificate for this machine's own names, by mkcert"),
        ("investiq edge reload", "read certificates and settings anew, after a renewal"),
        ("investiq edge user add prometheus-elsewhere", 'a generated password, where auth = "basic"'),
    ),
)
def command() -> None:
    """Look after the door to the network: certificate, passwords, reload."""


@command.command("certificate", examples=(("investiq edge certificate", "for every name of [edge]"),))
@pass_command_context
def certificate(context: CommandContext) -> None:
    """Make a certificate that browsers of this machine trust, for every name of [edge]."""
    from investiq.operate.edge.certificates import make_certificate  # noqa: PLC0415

    made = make_certificate(context.loaded.config)
    document = {"certificate": str(made.certificate), "authority": str(made.authority), "names": list(made.names)}
    context.emit("investiq.edge-certificate/1", document, f"{made.certificate}: {', '.join(made.names)}")
    context.say("`mkcert -install` makes the browsers of this machine trust it; elsewhere, import the authority:")
    context.say(f"  {made.authority}")
    context.say("`investiq up` starts the edge with it; where it runs, `investiq edge reload`")


@command.command("reload", examples=(("investiq edge reload", "as the hook of whoever renews the certificate"),))
@pass_command_context
def reload(context: CommandContext) -> None:
    """Have the running nginx read certificates and settings anew; no connection is lost."""
    from investiq.operate.edge.reload import reload_edge  # noqa: PLC0415

    reload_edge(context.loaded.config)
    context.say("the edge has read its files anew")


@command.group(
    "user",
    cls=ExampleGroup,
    examples=(("investiq edge user list", "who may come in"), ("investiq edge user remove mary", "and who no more")),
)
def user() -> None:
    """Say who may come in with a password, where edge.auth is "basic"."""


@user.command(
    "add",
    examples=(
        ("investiq edge user add mary", "a generated password, printed once"),
        ("investiq edge user add mary --chosen", "asks for one that a person chose"),
    ),
)
@click.argument("name")
@click.option("--chosen", is_flag=True, help="Ask for a password that a person chose: each request then costs 80 ms.")
@click.option("--cost", type=int, default=10, show_default=True, help="Of bcrypt, for a chosen one.")
@pass_command_context
def add(context: CommandContext, name: str, *, chosen: bool, cost: int) -> None:
    """Let NAME in with a new password; an earlier one of theirs ends."""
    from investiq.operate.edge.users import EdgeUsers  # noqa: PLC0415

    users = EdgeUsers(context.loaded.config)
    if chosen:
        users.add_chosen(name, click.prompt("Password", hide_input=True, confirmation_prompt=True), cost)
        context.say(f"{name} may come in")
        return
    secret = users.add(name)
    context.emit("investiq.edge-user/1", {"name": name, "password": secret}, secret)
    context.say(f"the password of {name}; it is not shown again")


@user.command("list", examples=(("investiq edge user list", "names only: passwords are kept as hashes"),))
@pass_command_context
def list_users(context: CommandContext) -> None:
    """List who may come in with a password."""
    from investiq.operate.edge.users import EdgeUsers  # noqa: PLC0415

    names = EdgeUsers(context.loaded.config).names()
    context.emit("investiq.edge-users/1", {"users": names}, *names)


@user.command("remove", examples=(("investiq edge user remove mary", "at once: nginx reads the file each time"),))
@click.argument("name")
@pass_command_context
def remove(context: CommandContext, name: str) -> None:
    """Let NAME in no more."""
    from investiq.operate.edge.users import EdgeUsers  # noqa: PLC0415

    EdgeUsers(context.loaded.config).remove(name)
    context.say(f"{name} may not come in any more")
