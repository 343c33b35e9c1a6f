# syntax=docker/dockerfile:1
# The bot and what it needs at run time, nothing else. docs/deploying.md tells how to use it.

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/parley
COPY requirements-run.lock ./
RUN /opt/parley/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY adapters ./adapters
RUN /opt/parley/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:3.13-slim
# The client of the model providers trusts the certificates of the system, which a slim image need not have.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# A number that does not change, so that whoever mounts a folder knows to whom it has to belong.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin parley \
    && install --directory --owner=parley --group=parley --mode=0700 /data
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8080
# Paths of the settings such as data/parley.db, which are relative, lie in the volume.
WORKDIR /
VOLUME /data
USER 10001:10001
EXPOSE 8080
# Without PORT there is no server to ask. Nothing of this goes through a proxy, whatever the environment names.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys\nport = os.environ.get('PORT')\nif not port: sys.exit(0)\nasked = http.client.HTTPConnection('127.0.0.1', int(port), timeout=4)\nasked.request('GET', '/healthz')\nsys.exit(asked.getresponse().status != 200)"]
# No shell in between: the signals of the engine reach the bot, which answers them with a drain.
STOPSIGNAL SIGTERM
ENTRYPOINT ["parley"]
CMD ["run"]
