"""Write the pages of the reference that are made from the sources."""

from __future__ import annotations

from . import FOLDER, pages

for name, text in pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
