"""Settings. Everything an operator may want to change comes from the environment (docs/operate.md).

With no `DATABASE_URL` or `CELERY_BROKER_URL`, the starter (`labeler.embedded`) runs PostgreSQL and
Valkey under `var/` and leaves their addresses in `var/services.json`, which is read here.
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF

from labeler.environment import broker_url, database, secret_key
from learners.engine.drawing import AUDIT_FRACTION, AUDIT_LIMIT, QUEUE_LENGTH

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("LABELER_VAR", BASE_DIR / "var")).resolve()

SECRET_KEY = secret_key(VAR_DIR)
DEBUG = os.environ.get("LABELER_DEBUG", "") == "1"
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, os.environ.get("LABELER_HOSTS", "").split(",")),
]
CSRF_TRUSTED_ORIGINS = [*filter(None, os.environ.get("LABELER_ORIGINS", "").split(","))]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "axes",
    "projects",
    "learners",
]

MIDDLEWARE = [
    "labeler.traffic.count_traffic",
    "labeler.api.answers.api_answers",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "projects.middleware.password_required",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "labeler.urls"
WSGI_APPLICATION = "labeler.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "project-list"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # a link issued by an owner lasts three days
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor", VAR_DIR / "vendor")]
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = VAR_DIR / "storage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("LABELER_HTTPS", "") == "1"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("LABELER_HTTPS", "") == "1" else None
)

# Uploads are streamed to disk; the import rules set the limits on size and rows.
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024  # pasted lines and forms with many classes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_HANDLERS = [
    "labeler.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

CELERY_BROKER_URL = broker_url(VAR_DIR)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # what was lost is found again by the beat, from rows
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "fast"
CELERY_TASK_ROUTES = {
    "learners.embed": {"queue": "slow"},
    "learners.simulate": {"queue": "slow"},
    "learners.predict_file": {"queue": "slow"},
    "projects.teach": {"queue": "slow"},
    "learners.check_traffic": {"queue": "slow"},
    "learners.ladder": {"queue": "slow"},
    "projects.import": {"queue": "fast"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    # Messages that nobody took in time are dropped: the next one says the same.
    "start-due-work": {
        "task": "learners.start_due_work",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "empty-the-bin": {"task": "projects.empty_bin", "schedule": 300.0},
    "restart-imports": {
        "task": "projects.restart_imports",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "resume-teachers": {
        "task": "projects.resume_teachers",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "tend-prediction-files": {
        "task": "learners.tend_prediction_files",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "look-at-traffic": {
        "task": "learners.start_traffic_checks",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "tend-traffic": {"task": "projects.tend_traffic", "schedule": 600.0},
    "discard-uploads": {"task": "projects.discard_uploads", "schedule": 3600.0},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LABELER_LOG", "INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # else it tells of every request to a teacher
    },
}

# What a project may be set to: built-in strategies here, a user's own by dotted path.
LABELER_STRATEGY_LABELS = {
    "coverage_to_margin": "Coverage, then margin",
    "random": "Random",
    "least_confidence": "Least confidence",
    "margin": "Margin",
    "entropy": "Entropy",
    "capped_margin": "Margin, varied",
    "herding": "Uncertainty herding",
    "badge": "BADGE",
    "typiclust": "Typical points (TypiClust)",
    "probcover": "ProbCover",
    "kmeans_seed": "k-means medoids",
    "cal": "Contrastive (CAL)",
    "ranked_batch": "Ranked batch",
    "information_density": "Information density",
    "committee_vote": "Committee, votes",
    "committee_consensus": "Committee, consensus",
    "committee_disagreement": "Committee, disagreement",
    "expected_error": "Expected error reduction",
    "multilabel_min_confidence": "Least confident class",
    "multilabel_avg_confidence": "Least confident on average",
    "multilabel_binary_minimum": "Nearest border",
    "multilabel_max_score": "Surest class",
    "multilabel_avg_score": "Most classes",
    "multilabel_max_loss": "Maximum loss",
    "multilabel_mean_max_loss": "Mean maximum loss",
}
# Those for examples with any number of classes, and those for either kind; the rest need one each.
LABELER_MULTILABEL_STRATEGIES = (
    "multilabel_min_confidence",
    "multilabel_avg_confidence",
    "multilabel_binary_minimum",
    "multilabel_max_score",
    "multilabel_avg_score",
    "multilabel_max_loss",
    "multilabel_mean_max_loss",
)
LABELER_STRATEGIES_FOR_BOTH = (
    "coverage_to_margin",
    "random",
    "capped_margin",
    "herding",
    "typiclust",
    "probcover",
    "kmeans_seed",
)
# Over a second for the next batch from 100,000 texts.
LABELER_SMALL_POOL_STRATEGIES = ("expected_error",)
# Classifiers and features, by the names of learners.engine.heads and learners.engine.features.
LABELER_HEAD_LABELS = {
    "logistic": "Logistic regression (C=10, balanced classes)",
    "self_trained": "Logistic regression, self-trained on the pool",
    "logistic_loo": "Logistic regression, its strength chosen",
    "lda": "Linear discriminant analysis (shrinkage)",
    "nearest_centroid": "Nearest centroid",
    "linear_svm": "Linear support vector machine (calibrated)",
    "ridge": "Ridge regression (calibrated)",
    "auto": "Whichever predicts the labels best",
    "tree": "Small decision tree",
    "one_vs_rest": "One logistic regression a class (C=10, balanced)",
}
LABELER_MULTILABEL_HEADS = ("one_vs_rest",)
LABELER_FEATURES_LABELS = {
    "minilm": "Sentence vectors",
    "minilm+lsi": "Sentence vectors and the pool's own words (LSI)",
    "minilm+tfidf": "Sentence vectors and single words (TF-IDF)",
    "static+lsi": "Static vectors and the pool's own words (LSI)",
    "static": "Static vectors (model2vec)",
    "lsi": "The pool's own words (LSI)",
    "tfidf": "Single words (TF-IDF)",
    "table": "The columns of the table",
}
# Those for rows of a table: these heads for them alone, these features for them and nothing else.
LABELER_TABLE_HEADS = ("tree",)
LABELER_TABLE_FEATURES = ("table",)
# What a new project of texts learns with: the default of learners.engine.recipes.
LABELER_NEW_PROJECT = {
    "strategy": "coverage_to_margin",
    "head": "self_trained",
    "features": "minilm+lsi",
    "label_names": True,
}
# What of it differs where a text has any number of classes.
LABELER_NEW_MULTILABEL_PROJECT = {"head": "one_vs_rest"}
LABELER_SMALL_POOL = 5_000  # texts, up to which strategies for small pools are offered
LABELER_EMBEDDER = os.environ.get("LABELER_EMBEDDER", "minilm")
# Whether owners may have texts answered by a model outside; which hosts, where not any.
LABELER_OUTSIDE_TEACHER = os.environ.get("LABELER_OUTSIDE_TEACHER", "0") == "1"
LABELER_TEACHER_HOSTS = frozenset(
    filter(None, os.environ.get("LABELER_TEACHER_HOSTS", "").replace(" ", "").split(","))
)
LABELER_QUEUE_LENGTH = QUEUE_LENGTH
LABELER_AUDIT_LIMIT = AUDIT_LIMIT
LABELER_AUDIT_FRACTION = AUDIT_FRACTION
LABELER_BIN_DAYS = 7
LABELER_API_REQUESTS_A_MINUTE = int(os.environ.get("LABELER_API_REQUESTS_A_MINUTE", "600"))
# A revoked token and another live model are noticed by other web processes after this; 0: at once,
# with two more questions to the database for each request for predictions.
LABELER_REMEMBER_SECONDS = float(os.environ.get("LABELER_REMEMBER_SECONDS", "1"))
LABELER_API_MAX_BODY_BYTES = 5 * 1024 * 1024
LABELER_API_MAX_TEXTS = 1_000  # in one request for predictions
LABELER_API_MAX_TEXT_CHARS = 100_000
LABELER_TRAFFIC_FLUSH_SECONDS = 2.0  # what a web process counts, it writes so often; 0: when told
LABELER_TRAFFIC_DAYS = 90  # how long counts by the minute are kept
LABELER_METRICS_TOKEN = os.environ.get("LABELER_METRICS_TOKEN", "")  # "": there is no /metrics
LABELER_MODELS_URL = os.environ.get("LABELER_MODELS_URL", "")  # "": a socket beside the services'
LABELER_MAX_UPLOAD_BYTES = 500 * 1024 * 1024
LABELER_MAX_ROWS = 2_000_000
# Every column that names a file in storage, with the way from its row to the project: what the bin
# deletes. (Rows need no list: they are found by their foreign keys.)
LABELER_PROJECT_FILES = [
    ("projects.DataImport", "project", ["file"]),
    ("projects.StagedUpload", "project", ["file"]),
    ("projects.Confirmation", "project", ["head_file"]),
    ("learners.Shard", "embedding_set__project", ["vectors", "example_ids"]),
    ("learners.EmbeddingSet", "project", ["model_file"]),
    ("learners.Fit", "project", ["head_file", "bundle_file"]),
    ("learners.Simulation", "project", ["file", "data_file"]),
    ("learners.PredictionFile", "project", ["file", "result_file"]),
    ("learners.Rung", "ladder__project", ["predictions_file"]),
    ("learners.ModelExport", "project", ["file"]),
    ("projects.ModelVersion", "project", ["predictions_file"]),
]
# Prefixes in storage under which everything belongs to the project: the bin deletes these as well.
LABELER_PROJECT_FOLDERS = ["models/{project}"]
