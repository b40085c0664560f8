from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Song",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("artist", models.CharField(default="traditional", max_length=200)),
                ("chords", models.TextField(help_text="Lines of chords, such as: Am C D F")),
            ],
            options={"ordering": ["title"]},
        ),
    ]
