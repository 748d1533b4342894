# touchline-actors: the workers that store, the scheduler, the exporter, the console and the commands. No browser, no
# HTTP client.
# How it is built and run: docs/images.md. The base is pinned here and in ingest.Dockerfile, nowhere else.
ARG BASE=debian:13.8-slim

FROM ${BASE} AS build
# The base is pinned by its version; of what comes on top Debian's security updates are wanted, so no package is.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
# What builds is a virtual environment of its own, so that the one that is kept has neither pip nor setuptools.
WORKDIR /src
COPY requirements/build.txt requirements/console.txt requirements/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/touchline \
    && /opt/build/bin/pip --python /opt/touchline/bin/python install --no-cache-dir --only-binary :all: \
        --require-hashes --requirement requirements/console.txt
COPY . .
RUN /opt/build/bin/pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/touchline/bin/python install --no-cache-dir --no-index --no-deps /wheels/*.whl

FROM ${BASE}
# Nothing here becomes another user: without their setuid bits Debian's programs for that can do nothing.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && groupadd --gid 10001 touchline \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/touchline --shell /usr/sbin/nologin touchline \
    && install --directory --mode=0700 --owner=10001 --group=10001 /var/lib/touchline /run/touchline
COPY --from=build /opt/touchline /opt/touchline
COPY container/entrypoint.py /opt/touchline/entrypoint.py
ENV HOME=/var/lib/touchline \
    PATH=/opt/touchline/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOUCHLINE_HOME=/var/lib/touchline \
    TOUCHLINE_RUNTIME_DIR=/run/touchline \
    TOUCHLINE_METRICS_LISTEN=0.0.0.0:9395 \
    TOUCHLINE_LOG_FORMAT=json
WORKDIR /var/lib/touchline
USER 10001:10001
EXPOSE 9395 8090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["touchline", "health", "worker"]
ENTRYPOINT ["/opt/touchline/bin/python", "-I", "/opt/touchline/entrypoint.py"]
CMD ["--help"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="touchline-actors" \
      org.opencontainers.image.description="Every match of a league in your Postgres: workers, scheduler, console, commands" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
