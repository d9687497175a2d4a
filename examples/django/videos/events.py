"""Events of the video service (Standard Webhooks)."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .models import Video


@csrf_exempt  # The signature is the proof: the service has no session here.
@require_POST
def receive(request):
    event = verify(request)
    if event is None:
        return HttpResponse(status=401)
    with transaction.atomic():
        store(event["type"], event["data"])
    # Only now: an event that is not answered with 2xx comes again.
    return HttpResponse(status=204)


def verify(request):
    """Returns the event, or None where no secret fits its signature. The bytes are taken as they came."""
    for secret in settings.VIDEO_EVENTS_SECRETS:
        try:
            return Webhook(secret).verify(request.body, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            # ValueError: a signature or a body that cannot be read at all.
            continue
    return None


def store(kind, data):
    """Writes what the event tells. The same event twice, or an old one after a new one, changes nothing."""
    if kind == "video.deleted":
        Video.objects.filter(pk=data["id"]).delete()
        return
    owner = find_user(data["owner"])
    if owner is None:
        return
    told = {"title": data["title"] or "", "status": data["status"], "version": data["version"]}
    _, created = Video.objects.get_or_create(pk=data["id"], defaults={"owner": owner, **told})
    if not created:
        Video.objects.filter(pk=data["id"], version__lt=data["version"]).update(**told)


def find_user(owner):
    """Returns the user, or None: the owner of a video may be one of another application."""
    if not owner.isdecimal():
        return None
    return get_user_model().objects.filter(pk=int(owner)).first()
