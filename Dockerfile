# evcharge as one small image, for every role. docs/CONTAINERS.md says how; compose.yaml starts a network of it.

ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
# Wheels only: nothing is compiled here, so no compiler is needed.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all:
WORKDIR /source
# Takes out what libraries bring along for debuggers: of asyncpg that is 10 MB.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
# What changes seldom, first: the libraries stay in the cache while the program changes.
COPY pyproject.toml constraints.txt deploy/containers/pinned.py ./
RUN python -m venv --without-pip /opt/evcharge \
 && python pinned.py pyproject.toml postgres >wanted.txt \
 && pip --python /opt/evcharge/bin/python install --constraint constraints.txt --requirement wanted.txt \
 && python -m venv /opt/tools && /opt/tools/bin/pip install 'cyclonedx-bom>=7,<8' 'hatchling>=1.27'
COPY README.md LICENSE ./
COPY evcharge ./evcharge
COPY front.txt deploy/containers/container.py /opt/evcharge/
# The bill of materials: every library with its version and licence, as CycloneDX.
RUN /opt/tools/bin/python -m hatchling build -t wheel -d /wheel \
 && pip --python /opt/evcharge/bin/python install --no-deps /wheel/*.whl \
 && mkdir -p /opt/evcharge/share/doc \
 && find /opt/evcharge -name '*.so' -exec strip --strip-unneeded {} + \
 && /opt/tools/bin/cyclonedx-py environment /opt/evcharge/bin/python --output-reproducible -o /opt/evcharge/share/doc/sbom.cdx.json \
 && python -m compileall -q /opt/evcharge/container.py


FROM python:${PYTHON}-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="evcharge" \
      org.opencontainers.image.description="An electric-vehicle charging network" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
# Paths are those inside the image. A user of its own; where it keeps things belongs to it, and a new volume that is mounted there does, too.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin evcharge \
 && install -d -m 0700 -o 10001 -g 10001 /var/lib/evcharge /var/lib/evcharge/network /var/lib/evcharge/weather \
      /var/lib/evcharge/tokens /var/lib/evcharge/points /var/lib/evcharge/drivers \
 && install -d -m 0755 -o 10001 -g 10001 /var/lib/evcharge/figures /var/lib/evcharge/database
COPY --from=build /opt/evcharge /opt/evcharge
ENV PATH=/opt/evcharge/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    EVCHARGE_STATE=/var/lib/evcharge/network EVCHARGE_HEALTH=/tmp/health
USER 10001:10001
WORKDIR /var/lib/evcharge
# Asks what runs in this container; docs/OPERATIONS.md, "Is it well?".
HEALTHCHECK --interval=20s --timeout=10s --start-period=30s --retries=3 CMD ["evcharge", "health"]
ENTRYPOINT ["evcharge"]
CMD ["--help"]
