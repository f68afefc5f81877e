"""docker-compose.yml, and the container variants of the monitoring files: from the rows of the services."""

from __future__ import annotations

from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from investiq.operate.deploy.containers import images
from investiq.operate.deploy.containers.monitoring import monitoring
from investiq.operate.deploy.containers.network import DATA, container_config
from investiq.operate.deploy.containers.product import APP, EDGE, MONITORING, VOLUMES_FOLDER, product
from investiq.operate.deploy.containers.service import Service
from investiq.operate.render.files import committed_monitoring, render_committed, yaml_text

__all__ = ["all_committed", "compose_document", "services"]

HEADER = "# rendered by `investiq render`, do not edit: the source is src/investiq/operate/deploy/containers\n"
PROJECT = "investiq"
_FOLDER = PurePosixPath("monitoring/containers")
_GRAFANA = DATA / "monitoring" / "grafana" / "dashboards"


def services() -> tuple[Service, ...]:
    """Every service, in the order in which they start."""
    return (*product(), *monitoring())


def compose_document() -> dict[str, Any]:
    """The whole of docker-compose.yml."""
    every = services()
    return {
        "name": PROJECT,
        "services": {service.name: service.document() for service in sorted(every, key=_by_name)},
        "networks": {
            EDGE: {"driver": "bridge"},
            APP: {"driver": "bridge", "internal": True},
            MONITORING: {"driver": "bridge", "internal": True},
        },
        "volumes": {name: {} for name in _volumes(every)},
    }


def _by_name(service: Service) -> str:
    return service.name


def _volumes(every: tuple[Service, ...]) -> list[str]:
    named = {
        mount.source for service in every for mount in service.mounts if not mount.source.startswith((".", "/", "$"))
    }
    return sorted(named)


def container_files() -> dict[PurePosixPath, str]:
    """Path from the root of the repository -> text of what containers need."""
    password = DATA / "keys" / "prometheus.password"
    monitoring_files = committed_monitoring(container_config(), _GRAFANA, password)
    differing = {
        _FOLDER / name: text
        for name, text in monitoring_files.items()
        if name in ("prometheus.yml", "alertmanager.yml", "blackbox.yml") or name.startswith("grafana/provisioning/")
    }
    return {
        PurePosixPath("docker-compose.yml"): yaml_text(compose_document(), HEADER),
        PurePosixPath("Dockerfile"): _dockerfile(),
        PurePosixPath(".dockerignore"): _template("dockerignore.tmpl"),
        **differing,
    }


def all_committed() -> dict[PurePosixPath, str]:
    """Every file of the repository that has a source in the code."""
    return render_committed() | container_files()


def _dockerfile() -> str:
    folders = [mount.target for mount in product()[0].mounts if mount.target.startswith(f"{VOLUMES_FOLDER}/")]
    text = _template("Dockerfile.tmpl").replace("@PYTHON@", images.image("python").reference)
    return text.replace("@FOLDERS@", " ".join(folders))


def _template(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
