# One image for all services of docker-compose.yml; alone it runs everything: docker run --publish 8000:8000 dragoman:local

FROM python:3.13-slim-trixie AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/dragoman
RUN pip install --no-cache-dir --only-binary=:all: uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
# Exactly what uv.lock names, from wheels: no compiler is here. This layer is built anew only when the lock changes.
RUN uv sync --frozen --no-dev --no-install-project --no-build
COPY . .
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.13-slim-trixie
# Tini is process 1: a worker that is killed leaves children behind, and somebody has to collect them when they end.
# The fonts and Tesseract's languages are what scans and documents in Chinese, Japanese and Korean need.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      tini fonts-noto-cjk tesseract-ocr \
      tesseract-ocr-eng tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-spa tesseract-ocr-ita tesseract-ocr-por \
      tesseract-ocr-nld tesseract-ocr-pol tesseract-ocr-rus tesseract-ocr-ara \
      tesseract-ocr-chi-sim tesseract-ocr-chi-tra tesseract-ocr-jpn tesseract-ocr-kor \
 && rm -rf /var/lib/apt/lists/*
# Translation without a service, as Debian packages: --build-arg APERTIUM="apertium apertium-eng-spa apertium-fr-es"
ARG APERTIUM=""
RUN if [ -n "$APERTIUM" ]; then apt-get update && apt-get install --yes --no-install-recommends $APERTIUM \
      && rm -rf /var/lib/apt/lists/*; fi
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data dragoman \
 && install --directory --owner=dragoman --group=dragoman --mode=0700 /data
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
