# PiqueTickets without its own engines: it needs DATABASE_URL and REDIS_URL. compose.yaml shows a whole installation.

# The decoder of the door's camera: files for browsers. Nothing of Node is in the final image.
FROM node:24-trixie-slim AS decoder

WORKDIR /decoder
COPY entrypoints/door/package.json entrypoints/door/package-lock.json entrypoints/door/.npmrc ./
RUN npm ci


FROM python:3.13-slim-trixie AS build

RUN apt-get update && apt-get install --yes --no-install-recommends binutils

RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9

ENV UV_PROJECT_ENVIRONMENT=/opt/piquetickets \
    UV_PYTHON_DOWNLOADS=never \
    UV_NO_CACHE=1 \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1

WORKDIR /build

# Dependencies change less often than the source: their layer is rebuilt only when they do. Three are named by others
# and never imported: Litestar makes up examples with polyfactory and faker, and ours are written; python-escpos asks
# for setuptools.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-editable --no-install-project --no-install-package faker --no-install-package polyfactory --no-install-package setuptools

COPY . .
COPY --from=decoder /decoder/node_modules entrypoints/door/node_modules
RUN uv sync --frozen --no-dev --no-editable --no-install-package faker --no-install-package polyfactory --no-install-package setuptools

# What only compilers and debuggers read. The libraries of other projects that wheels bring along (*.libs) stay as they
# are.
RUN find /opt/piquetickets -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} +
RUN find /opt/piquetickets -name '*.c' -delete -o -name '*.cpp' -delete


FROM python:3.13-slim-trixie

RUN groupadd --gid 10001 piquetickets \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin piquetickets

COPY --from=build /opt/piquetickets /opt/piquetickets

ENV PATH=/opt/piquetickets/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# The base image has nothing of the standard library compiled, and a container may write nothing: each start would
# compile again what servers and workers import of it. A library that does not load fails the build here.
RUN PYTHONDONTWRITEBYTECODE= python -c "import entrypoints.http.app, entrypoints.worker"

# Nothing is written here; a number lets Kubernetes see that it is not root.
WORKDIR /opt/piquetickets
USER 10001:10001

EXPOSE 8000
ENTRYPOINT ["piquetickets"]
CMD ["serve", "--host", "0.0.0.0"]

# Not urllib, which would ask the proxy that a container may have in its environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="PiqueTickets" \
      org.opencontainers.image.description="Ticket checkout for theatres, clubs and festivals" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
