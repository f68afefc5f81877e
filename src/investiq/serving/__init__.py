"""What every HTTP server of ours has in common: host check, request ids, metrics, limits, problems, uvicorn."""

from investiq.serving.app import equip
from investiq.serving.hosts import HostPolicy
from investiq.serving.metrics_endpoint import metrics_response
from investiq.serving.problems import Problem, problem_response
from investiq.serving.server import serve

__all__ = ["HostPolicy", "Problem", "equip", "metrics_response", "problem_response", "serve"]
