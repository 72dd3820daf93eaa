# syntax=docker/dockerfile:1
# One image, three processes: `fks-data serve` (the default), `worker` and `scheduler`.
# Runs as uid 1000 with a read-only root file system; it writes to /data and /tmp only.

FROM python:3.12-slim AS build
WORKDIR /src
# The environment gets no pip of its own: nothing can be installed into a running container.
RUN python -m venv --without-pip /opt/fks-data
COPY requirements.lock ./
RUN pip --python /opt/fks-data/bin/python install --no-cache-dir --require-hashes --no-deps \
      --requirement requirements.lock
COPY . .
RUN pip --python /opt/fks-data/bin/python install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.12-slim
RUN groupadd --gid 1000 fks \
 && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin fks \
 && install --directory --owner=fks --group=fks --mode=0700 /data
COPY --from=build /opt/fks-data /opt/fks-data
# FKS_AUTH is left unset on purpose: a service that listens beyond loopback refuses to start until
# the deployment has decided who may reach it.
ENV PATH=/opt/fks-data/bin:$PATH \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FKS_DATA_HOST=0.0.0.0 \
    FKS_DATA_DIR=/data \
    FKS_JSON_LOGS=1
USER 1000:1000
VOLUME /data
EXPOSE 8003
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('SERVICE_PORT', '8003') + '/health', timeout=3)"]
ENTRYPOINT ["fks-data"]
CMD ["serve"]
