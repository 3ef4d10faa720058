"""openclipart: clip art with its authors' titles, descriptions and tags; noisy like the web's alt text."""
import re
from collections import Counter
from pathlib import Path

from lxml import etree

from lib.pictures import draw_svg
from lib.sample import Job, Sample, caption, squeeze
from lib.workers import each

RECIPE = 1
SIDE = 384
POOR_TITLE = re.compile(r"(gramastar|part of the flat icon|lemon svg|untitled|icon theme|new document|drawing|clipart"
                        r"|image|svg|test|unknown|title)", re.I)
AUTHOR_TAIL = re.compile(r"_+(st|ve|architetto|ganson|jarno|dave_pena|juliane_krug|jakob|nicubunu"
                         r"|francesco_rollandin)_*0*\d*_*$")
NO_TAGS = {"unsorted", "clip art", "clipart", "svg", "externalsource", "images", "hash"}
SUITS = {"h": "hearts", "d": "diamonds", "s": "spades", "c": "clubs"}
RANKS = {"a": "ace", "j": "jack", "q": "queen", "k": "king"}


def build(job: Job) -> list[Sample]:
    """One caption a clip art that can be drawn and has a name."""
    folder = job.root("openclipart-svg") / "usr/share/openclipart/svg"
    files = sorted(folder.rglob("*.svg"))
    about = [read_metadata(file) for file in files]
    titles = Counter(one.get("title", "").lower() for one in about)
    work = []
    for file, one in zip(files, about):
        name = file.relative_to(folder).with_suffix("").as_posix()
        words = describe(name, one, series=titles[one.get("title", "").lower()] > 3)
        if words:
            work.append((file, name, words))
    pictures = each(draw, [file for file, *_ in work], job)
    samples, seen = [], set()
    for (_, name, (title, description, tags)), picture in zip(work, pictures):
        if picture is None or picture.data in seen:
            continue
        seen.add(picture.data)
        text = f"{title.rstrip('.')}." + (f" {description.rstrip('.')}." if description else "")
        text += f" Tags: {', '.join(tags)}." if tags else ""
        samples.append(caption(f"oc-{len(samples):05d}", "openclipart/" + stem(name), picture, text, title=title,
                               tags=tags, file=name, source="openclipart", licence="public domain"))
    return samples


def draw(file: Path):
    """The file's picture."""
    return draw_svg(file.read_bytes(), SIDE)


def stem(name: str) -> str:
    """What the members of a series have in common: the file's name without author and number."""
    last = AUTHOR_TAIL.sub("", name.rpartition("/")[2].lower())
    return re.sub(r"[^a-z]+", " ", last).strip() or last


def read_metadata(file: Path) -> dict:
    """title, description, tags and licence of an SVG's RDF."""
    parser = etree.XMLParser(recover=True, huge_tree=True, resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.parse(str(file), parser).getroot()
    except (etree.XMLSyntaxError, OSError):
        return {}
    found: dict = {}
    for element in root.iterfind(".//{*}metadata//*") if root is not None else ():
        if not isinstance(element.tag, str):
            continue
        tag, parent = etree.QName(element).localname, element.getparent()
        if tag in ("title", "description") and etree.QName(parent).localname == "Work":
            found[tag] = squeeze(element.text or "")
        elif tag == "subject":
            found["tags"] = [squeeze(li.text) for li in element.iterfind(".//{*}li") if li.text]
        elif tag == "license" and element.attrib:
            found.setdefault("licence", element.attrib.values()[0])
    return found


def describe(name: str, about: dict, series: bool) -> tuple[str, str, list[str]] | None:
    """Title, description and tags; None for a file without a name of its own, or under the GPL."""
    if "GPL" in about.get("licence", "") or "gramastar" in about.get("title", ""):   # the latter: 950 star polygons
        return None
    plain = squeeze(re.sub(r"[_/]+", " ", about.get("title", "")))
    last = squeeze(re.sub("_+", " ", AUTHOR_TAIL.sub("", name.rpartition("/")[2])))
    last = re.sub(r" 0*\d+$", "", last)
    if not plain or POOR_TITLE.match(plain):
        title = last
    elif series:   # "card", "AIGA Symbol Signs": the title of a collection
        title = last if plain.lower() in last.lower() else f"{last}, {plain}"
    else:
        title = plain
    card = re.search(r"cards/(\w+)/\w+?_([hdsc])_(\w+)$", name)
    if card:
        title = f"{RANKS.get(card[3], card[3])} of {SUITS[card[2]]}, playing card, {card[1]} style"
    if not re.search("[A-Za-z]{3}", title):
        return None
    description = squeeze(re.sub(r"[_/]+", " ", about.get("description", "")))
    if re.search("@|http", description) or len(description.split()) < 3 or description.lower() == title.lower():
        description = ""
    tags = []
    for tag in about.get("tags", []):
        tag = squeeze(re.sub(r"[_/]+", " ", tag)).lower()
        useless = not tag or tag.startswith("hash") or tag.isdigit() or tag in NO_TAGS
        if not useless and tag not in tags + [title.lower()]:
            tags.append(tag)
    return title, description, tags[:8]
