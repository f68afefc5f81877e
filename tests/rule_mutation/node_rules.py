"""Somebody else's rules, with tests that notice every mutant, and tests that miss some."""

RULES = """
groups:
  - name: node
    rules:
      - record: instance:node_memory_free:ratio
        expr: node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes
      - alert: NodeMemoryLow
        expr: instance:node_memory_free:ratio < 0.1
        for: 5m
        labels:
          severity: warning
"""

STRONG = """
rule_files:
  - ../rules/node*.yml
evaluation_interval: 1m
tests:
  - name: fires after five minutes, at 9 %
    interval: 1m
    input_series:
      - {series: 'node_memory_MemAvailable_bytes{instance="a"}', values: '9x20'}
      - {series: 'node_memory_MemTotal_bytes{instance="a"}', values: '100x20'}
    alert_rule_test:
      - {alertname: NodeMemoryLow, eval_time: 4m, exp_alerts: []}
      - alertname: NodeMemoryLow
        eval_time: 5m
        exp_alerts: [{exp_labels: {severity: warning, instance: a}}]
  - name: silent at 11 %
    interval: 1m
    input_series:
      - {series: 'node_memory_MemAvailable_bytes{instance="a"}', values: '11x20'}
      - {series: 'node_memory_MemTotal_bytes{instance="a"}', values: '100x20'}
    alert_rule_test:
      - {alertname: NodeMemoryLow, eval_time: 10m, exp_alerts: []}
"""

WEAK = """
rule_files:
  - ../rules/node.yml
tests:
  - interval: 1m
    input_series:
      - {series: 'node_memory_MemAvailable_bytes{instance="a"}', values: '1x60'}
      - {series: 'node_memory_MemTotal_bytes{instance="a"}', values: '100x60'}
    alert_rule_test:
      - alertname: NodeMemoryLow
        eval_time: 30m
        exp_alerts: [{exp_labels: {severity: warning, instance: a}}]
"""
