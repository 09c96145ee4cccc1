# One image for web, worker and beat; docker-compose.yml says how each is started.
FROM python:3.11-slim-bookworm

# scikit-learn and torch need the OpenMP runtime that their wheels bring; nothing else is needed.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false \
    DJANGO_SETTINGS_MODULE=labeler.settings LABELER_VAR=/labeler/var

WORKDIR /labeler
COPY requirements/runtime.txt requirements/torch.txt requirements/

# Another index for torch, for instance one with CPU builds, which are a fifth of the size.
ARG TORCH_INDEX=
RUN pip install --require-hashes --no-deps -r requirements/runtime.txt \
 && pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r requirements/torch.txt

RUN useradd --system --uid 10001 --home-dir /labeler labeler \
 && mkdir -p var && chown labeler var
COPY manage.py pyproject.toml ./
COPY labeler labeler
COPY projects projects
COPY learners learners
COPY templates templates
COPY static static

USER labeler
VOLUME /labeler/var
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "labeler.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"]
