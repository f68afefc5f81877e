"""What every HTTP server of ours has in common: layers, access to /health and /metrics, problems, uvicorn."""

from investiq.serve.http.access import MonitoringAccess
from investiq.serve.http.app import create_server, set_health_status
from investiq.serve.http.hosts import HostPolicy
from investiq.serve.http.problems import Problem, problem_response
from investiq.serve.http.server import serve, wait_at_gate

__all__ = [
    "HostPolicy",
    "MonitoringAccess",
    "Problem",
    "create_server",
    "problem_response",
    "serve",
    "set_health_status",
    "wait_at_gate",
]
