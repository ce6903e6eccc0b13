FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /venv
COPY requirements/run.txt .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r run.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app causerie && mkdir /data && chown causerie /data
COPY --from=build /venv /venv
WORKDIR /app
COPY bot bot
COPY cogs cogs
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/causerie.db \
    CAUSERIE_CACHE_DIR=/data/cache \
    LOG_FORMAT=json \
    HEALTH_PORT=8081
USER causerie
VOLUME /data
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["python", "-m", "bot", "health"]
CMD ["python", "-m", "bot"]
