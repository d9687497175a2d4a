"""What this application knows of its videos. The service has the rest."""

from django.conf import settings
from django.db import models


class Video(models.Model):
    """A video of a user, as the last event told it."""

    # The id that the service gave it.
    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="videos")
    title = models.CharField(max_length=512, blank=True)
    status = models.CharField(max_length=16)
    # Grows with every change at the service: an event with a lower one is old.
    version = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    @property
    def plays(self):
        return self.status == "ready"
