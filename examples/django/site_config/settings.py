"""Settings, by environment. A variable without a default must be set."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")

# Where this application reaches the video service, and where browsers do: often the same address.
VIDEO_SERVICE_URL = os.environ.get("VIDEO_SERVICE_URL", "http://127.0.0.1:8080").rstrip("/")
VIDEO_PUBLIC_URL = os.environ.get("VIDEO_PUBLIC_URL", VIDEO_SERVICE_URL).rstrip("/")
# The value of VIDEO_AUTH__JWT_SECRET of the service: signs the users' tokens.
VIDEO_JWT_SECRET = os.environ["VIDEO_JWT_SECRET"]
# The value of VIDEO_EVENTS__SECRETS of the service, comma-separated where there are several: verifies its events.
VIDEO_EVENTS_SECRETS = os.environ["VIDEO_EVENTS_SECRETS"].split(",")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "videos",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
ROOT_URLCONF = "site_config.urls"
WSGI_APPLICATION = "site_config.wsgi.application"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DJANGO_DATABASE", BASE_DIR / "db.sqlite3"),
    }
}
TIME_ZONE = "UTC"
USE_TZ = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "list"
LOGOUT_REDIRECT_URL = "login"
