# syntax=docker/dockerfile:1

# Stage 1: everything that is installed, as wheels with the hashes of the lock. No compiler is
# needed, and none reaches the second stage.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN python -m venv /opt/renewal-desk
WORKDIR /build
# The packages change less often than the code: a layer of their own.
COPY requirements.txt .
RUN /opt/renewal-desk/bin/python -m pip install --quiet \
    --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY app app
RUN /opt/renewal-desk/bin/python -m pip install --quiet --no-deps --no-build-isolation . \
    && /opt/renewal-desk/bin/python -m compileall -q /opt/renewal-desk

# Stage 2: what runs.
FROM python:3.13-slim

LABEL org.opencontainers.image.title="Renewal Desk" \
      org.opencontainers.image.description="Renewal of support-service contracts, as a REST service" \
      org.opencontainers.image.licenses="Apache-2.0"

# /data holds the signing keys, and the embedded database when RENEWAL_DESK_DATABASE_URL is not set.
# It and /tmp are all that is written to: the rest may be mounted read-only.
RUN groupadd --gid 10001 desk \
    && useradd --uid 10001 --gid desk --home-dir /data --shell /usr/sbin/nologin desk \
    && install -d -o desk -g desk -m 0700 /data

COPY --from=build /opt/renewal-desk /opt/renewal-desk

ENV PATH=/opt/renewal-desk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RENEWAL_DESK_HOST=0.0.0.0 \
    RENEWAL_DESK_PORT=8000 \
    RENEWAL_DESK_DATA_DIR=/data

USER desk
WORKDIR /data
VOLUME /data
EXPOSE 8000
# The service finishes the requests it has when it is told to stop.
STOPSIGNAL SIGTERM

# Alive, not ready: a database that is away is no reason to restart the service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"RENEWAL_DESK_PORT\"]}/livez', timeout=2)"]

CMD ["renewal-desk", "serve"]
