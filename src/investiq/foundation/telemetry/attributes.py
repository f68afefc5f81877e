"""Names of attributes of spans: OpenTelemetry's where its semantic conventions have one, `investiq.*` for the rest.

Written out here, because a process without tracing does not load OpenTelemetry; tests/foundation/telemetry/
test_attributes.py compares them with its own constants.
"""

from __future__ import annotations

from typing import Final

CLIENT_ADDRESS: Final = "client.address"
DB_NAMESPACE: Final = "db.namespace"
DB_OPERATION_NAME: Final = "db.operation.name"
DB_QUERY_TEXT: Final = "db.query.text"
DB_SYSTEM_NAME: Final = "db.system.name"
ERROR_TYPE: Final = "error.type"
HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_REQUEST_METHOD_ORIGINAL: Final = "http.request.method_original"
HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
HTTP_ROUTE: Final = "http.route"
NETWORK_PROTOCOL_VERSION: Final = "network.protocol.version"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_VERSION: Final = "service.version"
URL_FULL: Final = "url.full"
URL_PATH: Final = "url.path"
URL_SCHEME: Final = "url.scheme"
USER_AGENT_ORIGINAL: Final = "user_agent.original"

ACTION: Final = "investiq.action"
ALERT: Final = "investiq.alert"
BROKER: Final = "investiq.broker"
COMMAND: Final = "investiq.command"
ENGINE: Final = "investiq.engine"
ENGINE_STATUS: Final = "investiq.engine.status"
KEPT_FOR: Final = "investiq.kept_for"
"""Why a trace that was not sampled was kept all the same: `error` or `slow`."""
NOTIFIER: Final = "investiq.notifier"
ORDER_ID: Final = "investiq.order.id"
ORDER_REASON: Final = "investiq.order.reason"
ORDER_STATUS: Final = "investiq.order.status"
OUTCOME: Final = "investiq.outcome"
REQUEST_ID: Final = "investiq.request_id"
SIDE: Final = "investiq.order.side"
SYMBOL: Final = "investiq.symbol"
