from django.urls import path

from . import views

app_name = "songs"
urlpatterns = [
    path("", views.index, name="index"),
    path("songs/<int:pk>/", views.song, name="song"),
    path("health/", views.health),
]
