"""Chords in another key."""

import re

NOTES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
SAME = {"Db": "C#", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb"}
NOTE = re.compile(r"(?<![A-Za-z])[A-G][#b]?")  # at the start of a chord, and after the slash of one over another bass


def transpose(line: str, steps: int) -> str:
    """`Am C/G` two half steps higher is `Bm D/A`."""
    return NOTE.sub(lambda note: higher(note.group(), steps), line)


def higher(note: str, steps: int) -> str:
    return NOTES[(NOTES.index(SAME.get(note, note)) + steps) % len(NOTES)]
