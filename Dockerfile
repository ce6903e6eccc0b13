FROM python:3.13-slim AS build
RUN python -m venv /venv
COPY requirements/run.txt /tmp/run.txt
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/run.txt
COPY bot /app/bot
COPY cogs /app/cogs
# The file system is read-only when the bot runs: it could not keep what it compiles.
RUN python -m compileall -q /app

FROM python:3.13-slim
RUN groupadd --gid 10001 causerie \
    && useradd --uid 10001 --gid causerie --no-create-home --home-dir /data --shell /usr/sbin/nologin causerie \
    && install --directory --owner causerie --group causerie /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/causerie.db \
    CAUSERIE_CACHE_DIR=/data/cache \
    LOG_FORMAT=json \
    HEALTH_PORT=8081
WORKDIR /app
USER causerie
VOLUME /data
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "bot", "health"]
ENTRYPOINT ["python", "-m", "bot"]
