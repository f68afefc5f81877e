"""What is watched, pure and without effects: alerts, scrape jobs, probes, routes, and the checks of all of them.

`stack` turns it into the files of Prometheus, Alertmanager and the blackbox exporter. Nothing here reads a file, a
clock or a socket, and no metric name is typed: rules are built from the objects of `telemetry.catalogue`.
"""
