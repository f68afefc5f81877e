"""The services of the product: our own image, one process in each container."""

from __future__ import annotations

from investiq import __version__
from investiq.foundation import topology
from investiq.foundation.topology import Process
from investiq.operate.deploy.containers import images
from investiq.operate.deploy.containers.network import DATA, SERVICES, port, settings
from investiq.operate.deploy.containers.reading import READERS
from investiq.operate.deploy.containers.service import Health, Mount, Service, needs

__all__ = ["APP", "EDGE", "IMAGE", "INIT", "INITIALISED", "MONITORING", "VOLUMES_FOLDER", "data", "product"]

EDGE, APP, MONITORING = "edge", "app", "monitoring"
"""The networks: what the host and the world may reach; our own processes; who watches them."""

INIT, MODEL = "init", "model"
IMAGE = f"${{PRODUCT_IMAGE:-investiq:{__version__}}}"
VOLUMES_FOLDER = "/volumes"
INITIALISED = needs("service_completed_successfully", INIT)

_DATA = "data"
_SECRETS = Mount("${SECRETS_FOLDER:-./deploy/secrets}", "/run/secrets", read_only=True)
_CONFIG = Mount("${SETTINGS_FILE:-./deploy/investiq.toml}", "/etc/investiq/investiq.toml", read_only=True)
_ENVIRONMENT = {
    "INVESTIQ_CONFIG": "/etc/investiq/investiq.toml",
    **settings(),
}
_BUILD = {
    "context": ".",
    "args": {
        "PYTHON_IMAGE": images.image("python").reference,
        "VERSION": __version__,
        "REVISION": "${REVISION:-unknown}",
    },
}


def data(*, read_only: bool = False) -> Mount:
    """data_dir, whole."""
    return Mount(_DATA, str(DATA), read_only=read_only, first=not read_only)


def product() -> tuple[Service, ...]:
    """Our services, in the order in which they start."""
    return (
        _init(),
        _model(),
        _server(topology.INBOX, networks=(APP, MONITORING)),
        _server(topology.SIGNALS, needs("service_completed_successfully", MODEL), memory="768M", read_only=True),
        _server(
            topology.API,
            needs("service_healthy", SERVICES["inbox"])
            | needs("service_completed_successfully", MODEL)
            | needs("service_healthy", SERVICES["signals"]),
            networks=(EDGE, APP, MONITORING),
            published="3000",
            memory="1G",
        ),
        _server(topology.WEB, networks=(EDGE, APP, MONITORING), published="8050", memory="768M"),
        _server(
            topology.AGENT,
            needs("service_healthy", SERVICES["api"], SERVICES["signals"])
            | needs("service_healthy", SERVICES["prometheus"], required=False),
        ),
    )


def _init() -> Service:
    volumes = tuple(Mount(f"{name}_config", f"{VOLUMES_FOLDER}/{name}", first=True) for name in READERS)
    kept = tuple(Mount(volume, f"{VOLUMES_FOLDER}/{volume}", first=True) for volume in _KEPT)
    return Service(
        name=INIT,
        image=IMAGE,
        ours=True,
        build=_BUILD,
        container="investiq-init",
        command=("containers", "prepare", VOLUMES_FOLDER),
        environment=_ENVIRONMENT,
        networks=(APP,),
        mounts=(data(), *volumes, *kept, _SECRETS, _CONFIG),
        memory="512M",
        once=True,
    )


_KEPT = ("prometheus_data", "alertmanager_data", "grafana_data", "textfile")
"""Their owner is that of the folder in our image, which is mounted first."""


def _model() -> Service:
    return Service(
        name=MODEL,
        image=IMAGE,
        ours=True,
        container="investiq-model",
        command=("models", "train", "--if-needed"),
        environment=_ENVIRONMENT,
        networks=(APP,),
        mounts=(data(), _SECRETS, _CONFIG),
        depends_on=INITIALISED,
        memory="1536M",
        cpus="2.0",
        pids=256,
        once=True,
    )


def _server(
    process: Process,
    after: dict[str, object] | None = None,
    *,
    networks: tuple[str, ...] = (APP, MONITORING),
    published: str = "",
    memory: str = "512M",
    read_only: bool = False,
) -> Service:
    at = port(process)
    return Service(
        name=SERVICES[process.name],
        image=IMAGE,
        ours=True,
        container=f"investiq-{process.name}",
        command=("agent",) if process is topology.AGENT else ("serve", process.name),
        environment=_ENVIRONMENT,
        networks=networks,
        mounts=(data(read_only=read_only), _SECRETS, _CONFIG),
        ports=(f"${{PUBLISH_{process.name.upper()}:-{published}}}:{at}",) if published else (),
        depends_on=INITIALISED | (after or {}),
        health=Health(("CMD", "investiq", "health", f"http://127.0.0.1:{at}{process.health[0]}")),
        memory=memory,
    )
