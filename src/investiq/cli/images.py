"""`investiq images`: the images of the containers, and their digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from investiq.cli.context import CommandContext, pass_command_context
from investiq.cli.help import ExampleGroup

if TYPE_CHECKING:
    from investiq.operate.deploy.containers.images import Image

_FILE = "src/investiq/operate/deploy/containers/images.toml"


@click.group(
    cls=ExampleGroup,
    examples=(
        ("investiq images list", "each image with its version"),
        ("investiq images pin && investiq render", "docker-compose.yml and Dockerfile by digest"),
    ),
)
def command() -> None:
    """List the images of docker-compose.yml, and pin them by digest."""


@command.command("list", examples=(("investiq images list", "each image with its version"),))
@pass_command_context
def list_images(context: CommandContext) -> None:
    """List the images with their versions, and digests where they are pinned."""
    from investiq.operate.deploy.containers.images import images  # noqa: PLC0415

    rows = [(name, image.repository, image.tag, image.digest or "not pinned") for name, image in images().items()]
    document = {"images": [dict(zip(_COLUMNS, row, strict=True)) for row in rows]}
    context.emit("investiq.images/1", document, *context.table(_COLUMNS, rows))


_COLUMNS = ("name", "repository", "tag", "digest")


@command.command("pin", examples=(("investiq images pin && investiq render", "then commit what changed"),))
@pass_command_context
def pin(context: CommandContext) -> None:
    """Ask each image's registry for the digest of its tag, and write all of them into images.toml of the clone."""
    from investiq.clients.registry import Registry  # noqa: PLC0415
    from investiq.foundation.checkout import checkout  # noqa: PLC0415
    from investiq.operate.deploy.containers.images import images  # noqa: PLC0415
    from investiq.operate.deploy.containers.pinning import pin as pin_all  # noqa: PLC0415

    file = checkout() / _FILE
    with Registry() as registry, context.progress("asking the registries") as progress:

        def digest_of(image: Image) -> str:
            progress(f"{image.repository}:{image.tag}")
            return registry.digest(image.repository, image.tag)

        digests = pin_all(file, images(), digest_of)
    context.emit("investiq.images.pinned/1", {"digests": digests}, *(f"{name}  {one}" for name, one in digests.items()))
    context.say("run `investiq render` to write them into docker-compose.yml and Dockerfile")
