"""Pages for a user who is signed in, and the two calls that their scripts make."""

import json

import requests
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from . import service
from .models import Video

# What a page may say of a new upload. The rest is the backend's business.
MEMBERS = {"title", "filename", "content_type", "file_size"}


@login_required
@require_GET
def show_list(request):
    return render(request, "videos/list.html", {"videos": request.user.videos.all()})


@login_required
@require_GET
def show_form(request):
    return render(request, "videos/form.html", {"service": settings.VIDEO_PUBLIC_URL})


@login_required
@require_GET
def show_player(request, video_id):
    video = get_object_or_404(request.user.videos, pk=video_id)
    return render(request, "videos/player.html", {"service": settings.VIDEO_PUBLIC_URL, "video": video})


@login_required
@require_POST
def begin_upload(request):
    """The `begin` of the page's script: hands the answer of the service on, and keeps a row."""
    try:
        members = json.loads(request.body)
        members = {name: members[name] for name in MEMBERS & members.keys()}
    except (ValueError, AttributeError):
        return JsonResponse({"title": "The body must be a JSON object."}, status=400)
    origin = request.headers.get("Origin")
    key = request.headers.get("Idempotency-Key")
    answer = _ask(lambda: service.begin_upload(request.user, members, origin, key))
    if answer.status_code == 201:
        begun = json.loads(answer.content)["video"]
        # The event may have come first: what it told is newer.
        Video.objects.get_or_create(
            pk=begun["id"],
            defaults={
                "owner": request.user,
                "title": begun["title"] or "",
                "status": begun["status"],
                "version": begun["version"],
            },
        )
    return answer


@login_required
@require_GET
def playback(request, video_id):
    """The `playback` of the page's script: only for a video of this user."""
    get_object_or_404(request.user.videos, pk=video_id)
    return _ask(lambda: service.playback(request.user, video_id))


def _ask(call):
    """Returns the service's answer as it is, a refusal too: the client reads its problem document."""
    try:
        answer = call()
    except requests.RequestException:
        return JsonResponse({"title": "The video service does not answer."}, status=502)
    response = HttpResponse(
        answer.content,
        status=answer.status_code,
        content_type=answer.headers.get("Content-Type", "application/json"),
    )
    response["Cache-Control"] = "private, no-store"
    if "Retry-After" in answer.headers:
        response["Retry-After"] = answer.headers["Retry-After"]
    return response
