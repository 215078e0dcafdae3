"""The texts of the code, and the files with their translations: `python -m tests.project.catalogs` brings these up to
date, and `test_texts.py` sees that they are."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from tests.project.places import ROOT

FILES = sorted((ROOT / "webui" / "translations").glob("*.po"))
KEYWORDS = {
    "_": None,
    "N_": None,
    "sentence": None,
    "gettext": None,
    "ngettext": (1, 2),
    "NN_": (1, 2),
    "counted": (1, 2),
}
"""What marks a text, in Python and in the templates; where it goes by a number, which of its words those are."""
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
"""What a file begins with: nothing that changes with the day."""
METHODS = {"webui/**/*.py": "python", "templates/**/*.html": "jinja2.ext:babel_extract"}


def extracted() -> Catalog:
    """All texts of the code, each with the files that it is from."""
    catalog = Catalog(fuzzy=False)
    for path, method in _sources():
        # Without lines: those change with every other change.
        place = str(path.relative_to(ROOT))
        for _, text, _, _ in extract_from_file(method, path, KEYWORDS):
            catalog.add(text, locations=[(place, None)])  # type: ignore[list-item]
    return catalog


def read(path: Path) -> Catalog:
    """A language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def is_said(message: Message) -> bool:
    """Whether it is translated, in all its forms."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(forms) and all(forms)


def updated(path: Path) -> bytes:
    """A language's file as it is with the texts of today: new ones are empty, and what is gone is left out."""
    catalog = read(path)
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=120, sort_output=True, omit_header=True)
    header = HEADER.format(language=path.stem, plurals=catalog.plural_forms)
    return header.encode() + written.getvalue().lstrip(b"\n")


def _sources() -> Iterator[tuple[Path, str]]:
    for pattern, method in METHODS.items():
        yield from ((path, method) for path in sorted(ROOT.glob(pattern)))


if __name__ == "__main__":
    for file in FILES:
        file.write_bytes(updated(file))
        missing = sum(not is_said(message) for message in read(file) if message.id)
        print(f"{file.relative_to(ROOT)}: {missing} texts to be translated")
