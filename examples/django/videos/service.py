"""Calls to the video service, in the name of one user."""

import time
import uuid

import jwt
import requests
from django.conf import settings

# Seconds to connect, and to wait for the answer.
TIMEOUT = (3, 15)


def make_token(user, **claims):
    """Returns a token for the user that ends in a minute: it never leaves this backend."""
    now = int(time.time())
    claims = {"sub": str(user.pk), "exp": now + 60, "jti": str(uuid.uuid4()), **claims}
    return jwt.encode(claims, settings.VIDEO_JWT_SECRET, algorithm="HS256")


def begin_upload(user, members, origin, idempotency_key):
    """Begins an upload: POST /v1/uploads. `origin` is the page that will send the file."""
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    if origin:
        headers["Origin"] = origin
    limits = {"max_bytes": 2_000_000_000, "content_types": ["video/*", "audio/*"]}
    token = make_token(user, scope="video:upload", upload=limits)
    return _call("POST", "/v1/uploads", token, json=members, headers=headers)


def playback(user, video_id):
    """Returns the addresses of one video for one viewer: GET /v1/videos/{id}/playback."""
    token = make_token(user, scope="video:play", videos=[str(video_id)])
    return _call("GET", f"/v1/videos/{video_id}/playback", token)


def _call(method, path, token, headers=None, **options):
    headers = {"Authorization": f"Bearer {token}", **(headers or {})}
    address = f"{settings.VIDEO_SERVICE_URL}{path}"
    return requests.request(method, address, headers=headers, timeout=TIMEOUT, **options)
