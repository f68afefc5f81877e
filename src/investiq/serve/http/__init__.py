"""What every HTTP server of ours has in common: host check, request ids, metrics, limits, problems, uvicorn."""

from investiq.serve.http.app import equip
from investiq.serve.http.hosts import HostPolicy
from investiq.serve.http.metrics_endpoint import metrics_response
from investiq.serve.http.problems import Problem, problem_response
from investiq.serve.http.server import serve

__all__ = ["HostPolicy", "Problem", "equip", "metrics_response", "problem_response", "serve"]
