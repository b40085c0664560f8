"""`devenv run backend python manage.py test`: in a database of its own, which is made for them and removed."""

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TestCase

from songs.chords import transpose
from songs.models import Song


class Chords(SimpleTestCase):
    def test_every_note_goes_up_and_what_follows_it_stays(self) -> None:
        self.assertEqual(transpose("Am7 C/G  F#dim Bbmaj7", 2), "Bm7 D/A  Abdim Cmaj7")

    def test_twelve_half_steps_are_the_same_key(self) -> None:
        self.assertEqual(transpose("E A B7", -12), "E A B7")


class Pages(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.song = Song.objects.create(title="Greensleeves", chords="Am G\nF E")

    def test_the_songs_are_listed(self) -> None:
        self.assertContains(self.client.get("/"), "Greensleeves")

    def test_a_song_is_shown_in_the_key_that_is_asked_for(self) -> None:
        self.assertContains(self.client.get(self.song.get_absolute_url(), {"steps": "2"}), "Bm A\nG F#")

    def test_what_is_no_number_changes_no_key(self) -> None:
        self.assertContains(self.client.get(self.song.get_absolute_url(), {"steps": "up"}), "Am G\nF E")

    def test_the_admin_adds_a_song(self) -> None:
        self.client.force_login(User.objects.create_superuser("ann"))
        self.client.post("/admin/songs/song/add/", {"title": "Danny Boy", "artist": "traditional", "chords": "C F"})
        self.assertTrue(Song.objects.filter(title="Danny Boy").exists())

    def test_it_is_well(self) -> None:
        self.assertEqual(self.client.get("/health/").json(), {"status": "ok"})
