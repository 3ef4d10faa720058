"""doctext: which word is in the red box of a page? At 224 pixels it can be read, at 112 it cannot."""
import gzip
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from PIL import Image, ImageDraw

from lib.pictures import encode
from lib.questions import choices
from lib.sample import Job, Sample, question
from lib.workers import each

RECIPE = 1
SIDE = 224    # pixels of a crop
DPI = 72      # a 10-point letter is 10 pixels high, line spacing included
FILES = ("gnucash-guide-en", "gnucash-help-en")
PER_PAGE = 6


@dataclass(frozen=True)
class Word:
    """A word of a page and where it stands, in pixels."""
    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Crop:
    """A part of a page, a word in it, and words of about its length on the same page."""
    name: str
    image: Image.Image
    word: Word
    others: list[str]


def build(job: Job) -> list[Sample]:
    """One question a crop."""
    folder = job.root("gnucash-docs") / "usr/share/doc/gnucash-docs"
    crops = [crop for name in FILES for crop in read_crops(folder / f"{name}.pdf.gz")]
    return each(ask, crops, job)


def ask(crop: Crop) -> Sample:
    """Draws the box."""
    image, word = crop.image.copy(), crop.word
    box = (word.left - 2, word.top - 1, word.right + 1, word.bottom + 1)
    ImageDraw.Draw(image).rectangle(box, outline=(255, 0, 0))
    return question(crop.name, crop.name, encode(image, photo=False), "doctext", "Which word is in the red box?",
                    word.text, choices(word.text, crop.others, crop.name), source="gnucash-docs", licence="GFDL-1.1+")


def read_crops(file: Path) -> list[Crop]:
    """Up to six crops of each page of a compressed PDF."""
    crops = []
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "a.pdf"
        pdf.write_bytes(gzip.decompress(file.read_bytes()))
        for command in (["pdftotext", "-bbox", pdf, pdf.with_suffix(".html")],
                        ["pdftoppm", "-r", str(DPI), "-png", pdf, Path(folder) / "page"]):
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        text = etree.parse(str(pdf.with_suffix(".html")), etree.XMLParser(recover=True, no_network=True))
        images = sorted(Path(folder).glob("page-*.png"))
        for number, (page, image) in enumerate(zip(text.iterfind(".//{*}page"), images)):
            name = f"{file.name.partition('.')[0]}-{number:04d}"
            crops += crop_page(name, Image.open(image).convert("RGB"), read_words(page))
    return crops


def read_words(page) -> list[Word]:
    """Words of letters in text of the usual size."""
    words = []
    for element in page.iterfind("{*}word"):
        edges = [float(element.get(edge)) * DPI / 72 for edge in ("xMin", "yMin", "xMax", "yMax")]
        word = Word(element.text or "", *edges)
        if re.fullmatch("[A-Za-z]{5,12}", word.text) and word.bottom - word.top < 14:
            words.append(word)
    return words


def crop_page(name: str, page: Image.Image, words: list[Word]) -> list[Crop]:
    """Crops around words that are drawn from the page's name."""
    rng, crops = random.Random(name), []
    for word in rng.sample(words, min(PER_PAGE, len(words) // 12)):
        left = round((word.left + word.right - SIDE) / 2 + rng.uniform(-60, 60))
        top = round((word.top + word.bottom - SIDE) / 2 + rng.uniform(-60, 60))
        left, top = (max(0, min(at, size - SIDE)) for at, size in ((left, page.width), (top, page.height)))
        inside = Word(word.text, word.left - left, word.top - top, word.right - left, word.bottom - top)
        others = sorted({one.text for one in words if abs(len(one.text) - len(word.text)) <= 1} - {word.text})
        if min(inside.left, inside.top) >= 2 and max(inside.right, inside.bottom) <= SIDE - 2 and len(others) >= 3:
            crops.append(Crop(f"{name}-{len(crops)}", page.crop((left, top, left + SIDE, top + SIDE)), inside, others))
    return crops
