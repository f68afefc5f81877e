# rendered by `investiq render`, do not edit: the source is src/investiq/operate/deploy/containers
ARG PYTHON_IMAGE=python:3.13-slim

# ---- what needs compilers and an index: nothing of it is in the final image ----
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
RUN python3 -m venv /opt/investiq
COPY requirements/build.txt requirements/runtime.txt requirements/image.txt requirements/
# Each package by its hash, the build backend first: without build isolation nothing unpinned is ever fetched.
RUN /opt/investiq/bin/pip install --no-compile --require-hashes -r requirements/build.txt \
    && /opt/investiq/bin/pip install --no-compile --require-hashes --no-build-isolation -r requirements/runtime.txt
RUN python3 -m venv /opt/sbom \
    && /opt/sbom/bin/pip install --no-compile --require-hashes -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/investiq/bin/pip install --no-compile --no-deps --no-build-isolation .
# What is in it, for those who look for weaknesses; then pip goes, and what nobody runs.
RUN /opt/sbom/bin/cyclonedx-py environment --output-reproducible --of JSON -o /opt/investiq/sbom.cdx.json \
        /opt/investiq/bin/python \
    && /opt/investiq/bin/pip uninstall --yes pip setuptools \
    && find /opt/investiq/lib -depth -type d \( -name tests -o -path '*/pyarrow/include' \) -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 /opt/investiq/lib

# ---- what runs ----
FROM ${PYTHON_IMAGE}
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="InvestIQ" \
    org.opencontainers.image.description="Analyses stocks, trades them on paper, and is watched by construction." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# LightGBM needs GCC's OpenMP library. Not pinned: what the distribution mends is wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
# The folders that volumes are mounted on: a new volume takes its owner from here.
RUN groupadd --gid 10001 investiq \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin investiq \
    && install -d -m 0700 -o 10001 -g 10001 /var/lib/investiq /volumes /volumes/prometheus /volumes/alertmanager /volumes/blackbox /volumes/node /volumes/grafana /volumes/prometheus_data /volumes/alertmanager_data /volumes/grafana_data /volumes/textfile
COPY --from=build /opt/investiq /opt/investiq
ENV PATH=/opt/investiq/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    CREDENTIALS_DIRECTORY=/run/secrets
USER 10001:10001
WORKDIR /var/lib/investiq
STOPSIGNAL SIGTERM
EXPOSE 3000 8004 8050 8060 5001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["investiq", "health", "http://127.0.0.1:3000/health"]
ENTRYPOINT ["investiq"]
CMD ["serve", "api"]
