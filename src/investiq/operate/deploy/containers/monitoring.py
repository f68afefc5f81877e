"""The services that watch the product: other people's images, each with its part of data_dir."""

from __future__ import annotations

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.topology import Process
from investiq.operate.deploy.containers import images
from investiq.operate.deploy.containers.network import DATA, SERVICES, container_config, port
from investiq.operate.deploy.containers.product import EDGE, INITIALISED, MONITORING
from investiq.operate.deploy.containers.reading import HTTP_CONFIG
from investiq.operate.deploy.containers.service import Health, Mount, Service, needs
from investiq.operate.render.program_options import NO_ORIGIN, SILENCES_KEPT
from investiq.operate.render.web_config import WEB_FOLDER

__all__ = ["monitoring"]

PROFILE = "monitoring"
_TEXTFILE = "/textfile"
_PATHS = Paths(DATA, DATA / "models")
_WHO = f"--http.config.file={_PATHS.monitoring / HTTP_CONFIG}"


def monitoring() -> tuple[Service, ...]:
    """Prometheus, Alertmanager, the exporters and Grafana."""
    return (_alertmanager(), _blackbox(), _node(), _prometheus(), _grafana())


def _config(process: Process) -> Mount:
    return Mount(f"{process.name}_config", str(DATA), read_only=True)


def _web(process: Process) -> str:
    return f"--web.config.file={_PATHS.monitoring / WEB_FOLDER / f'{process.name}.yml'}"


def _asked_by_wget(process: Process, path: str) -> Health:
    """For images with busybox and no tool of their own that would ask. The password never stands in a command line."""
    password = _PATHS.password(process.name)
    shown = f"$$(printf 'investiq:%s' \"$$(cat {password})\" | base64 -w 0)"
    url = f"http://127.0.0.1:{port(process)}{path}"
    ask = f'wget -q -O /dev/null --header "Authorization: Basic {shown}" {url}'
    return Health(("CMD-SHELL", ask), start="20s")


def _alertmanager() -> Service:
    process = topology.ALERTMANAGER
    return Service(
        name=SERVICES[process.name],
        image=images.image(process.name).reference,
        container="investiq-alertmanager",
        profile=PROFILE,
        command=(
            f"--config.file={_PATHS.monitoring / 'alertmanager.yml'}",
            "--storage.path=/alertmanager",
            "--web.external-url=http://127.0.0.1:9093/",
            "--cluster.listen-address=",
            SILENCES_KEPT,
            _web(process),
            f"--web.listen-address=:{port(process)}",
        ),
        networks=(EDGE, MONITORING),  # to receivers outside
        mounts=(_config(process), Mount("alertmanager_data", "/alertmanager")),
        ports=(f"${{PUBLISH_ALERTMANAGER:-9093}}:{port(process)}",),
        depends_on=INITIALISED | needs("service_healthy", SERVICES["inbox"]),
        health=Health(
            ("CMD", "amtool", f"--alertmanager.url=http://127.0.0.1:{port(process)}", _WHO, "cluster", "show"),
            start="20s",
        ),
    )


def _blackbox() -> Service:
    process = topology.BLACKBOX
    return Service(
        name=SERVICES[process.name],
        image=images.image(process.name).reference,
        container="investiq-blackbox",
        profile=PROFILE,
        command=(
            f"--config.file={_PATHS.monitoring / 'blackbox.yml'}",
            _web(process),
            f"--web.listen-address=:{port(process)}",
        ),
        networks=(EDGE, MONITORING),  # to services of the user
        mounts=(_config(process),),
        depends_on=INITIALISED,
        health=_asked_by_wget(process, "/-/healthy"),
        memory="128M",
        cpus="0.5",
    )


def _node() -> Service:
    """Processor, memory and disks are the host's in any container, and the volume is on the disk that matters: nothing
    of the host is mounted.
    """
    process = topology.NODE
    return Service(
        name=SERVICES[process.name],
        image=images.image(process.name).reference,
        container="investiq-node",
        profile=PROFILE,
        command=(
            f"--collector.textfile.directory={_TEXTFILE}",
            _web(process),
            f"--web.listen-address=:{port(process)}",
        ),
        networks=(MONITORING,),
        mounts=(
            _config(process),
            Mount("textfile", _TEXTFILE, read_only=True),
        ),
        depends_on=INITIALISED,
        health=_asked_by_wget(process, "/"),
        memory="128M",
        cpus="0.5",
    )


def _prometheus() -> Service:
    process, kept = topology.PROMETHEUS, Config().monitoring
    return Service(
        name=SERVICES[process.name],
        image=images.image(process.name).reference,
        container="investiq-prometheus",
        profile=PROFILE,
        command=(
            f"--config.file={_PATHS.monitoring / 'prometheus.yml'}",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time=${{INVESTIQ_MONITORING_RETENTION_DAYS:-{kept.retention_days}}}d",
            f"--storage.tsdb.retention.size=${{INVESTIQ_MONITORING_RETENTION_SIZE:-{kept.retention_size}}}",
            "--web.external-url=http://127.0.0.1:9090/",
            "--rules.alert.resend-delay=5s",
            "--web.enable-admin-api",
            f"--web.cors.origin={NO_ORIGIN}",
            _web(process),
            f"--web.listen-address=:{port(process)}",
        ),
        networks=(EDGE, MONITORING),  # to services of the user
        mounts=(_config(process), Mount("prometheus_data", "/prometheus")),
        ports=(f"${{PUBLISH_PROMETHEUS:-9090}}:{port(process)}",),
        depends_on=INITIALISED,
        health=Health(
            ("CMD", "promtool", "check", "ready", f"--url=http://127.0.0.1:{port(process)}", _WHO), start="120s"
        ),
        memory="2G",
        cpus="2.0",
        pids=256,
        stop="120s",
    )


def _grafana() -> Service:
    process = topology.GRAFANA
    folder = _PATHS.monitoring / "grafana"
    return Service(
        name=SERVICES[process.name],
        image=images.image(process.name).reference,
        container="investiq-grafana",
        profile=PROFILE,
        environment={
            "GF_SECURITY_ADMIN_PASSWORD__FILE": str(_PATHS.password(process.name)),
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_USERS_ALLOW_SIGN_UP": "false",
            "GF_SECURITY_COOKIE_SAMESITE": "strict",
            "GF_SECURITY_DISABLE_GRAVATAR": "true",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "GF_PATHS_PROVISIONING": str(folder / "provisioning"),
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(folder / "dashboards" / "overview.json"),
            "GF_SERVER_ROOT_URL": "${GRAFANA_URL:-http://127.0.0.1:3001}",
        },
        networks=(EDGE, MONITORING),
        mounts=(_config(process), Mount("grafana_data", "/var/lib/grafana")),
        ports=(f"${{PUBLISH_GRAFANA:-{container_config().monitoring.grafana_port}}}:{port(process)}",),
        depends_on=INITIALISED | needs("service_healthy", SERVICES["prometheus"]),
        health=Health(("CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port(process)}/api/health")),
        memory="512M",
        pids=256,
    )
