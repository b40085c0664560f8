from django.db import models
from django.urls import reverse

from .chords import transpose


class Song(models.Model):
    title = models.CharField(max_length=200)
    artist = models.CharField(max_length=200, default="traditional")
    chords = models.TextField(help_text="Lines of chords, such as: Am C D F")

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("songs:song", args=[self.pk])

    def lines(self, steps: int) -> list[str]:
        """The chords, some half steps higher."""
        return [transpose(line, steps) for line in self.chords.splitlines()]
