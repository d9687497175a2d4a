"""All addresses."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from videos import events, views

urlpatterns = [
    path("login", LoginView.as_view(template_name="videos/login.html"), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("", views.show_list, name="list"),
    path("new", views.show_form, name="new"),
    path("uploads", views.begin_upload, name="uploads"),
    path("videos/<uuid:video_id>", views.show_player, name="player"),
    path("videos/<uuid:video_id>/playback", views.playback, name="playback"),
    path("video-events", events.receive, name="events"),
]
