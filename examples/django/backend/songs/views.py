from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from .models import Song


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "songs/index.html", {"songs": Song.objects.all()})


def song(request: HttpRequest, pk: int) -> HttpResponse:
    """A song, in the key that `?steps=` asks for."""
    found = get_object_or_404(Song, pk=pk)
    try:
        steps = int(request.GET.get("steps", 0))
    except ValueError:
        steps = 0
    return render(request, "songs/song.html", {"song": found, "lines": found.lines(steps), "higher": steps + 1, "lower": steps - 1})


def health(_: HttpRequest) -> JsonResponse:
    """Well as soon as the database has the table, which is after the migrations."""
    try:
        Song.objects.exists()
    except DatabaseError as error:
        return JsonResponse({"status": "ill", "cause": str(error).partition("\n")[0]}, status=503)
    return JsonResponse({"status": "ok"})
