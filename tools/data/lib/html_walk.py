"""A page of an HTML manual as sections of text and pictures, in reading order."""
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from lxml import etree, html

from .sample import squeeze

SKIP = {"script", "style", "noscript", "nav", "header", "footer", "form", "button", "template"}
BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "td", "th", "tr", "pre", "div", "figcaption",
          "blockquote", "br", "table", "ul", "ol", "dl", "section", "figure", "caption"}
WIDE = {"p", "pre", "table", "dl", "h1", "h2", "h3", "h4"}   # an empty line before them
FORMATS = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"}
PAGE_PARTS = (   # not "nav": Read the Docs wraps the content in wy-nav-content
    '//*[contains(@class,"sphinxsidebar")]|//*[contains(@class,"wy-nav-side")]|//*[contains(@class,"wy-nav-top")]'
    '|//*[contains(@class,"breadcrumb")]|//*[@class="nav"]|//*[contains(@class,"navi")]|//*[contains(@class,"navbar")]'
    '|//*[contains(@class,"navheader")]|//*[contains(@class,"navfooter")]|//*[contains(@class,"navpath")]'
    '|//*[@class="sidebar"]|//*[contains(@class,"sk-sidebar")]|//*[@class="toc"]|//*[@id="toc"]|//*[@id="tocframe"]'
    '|//*[@role="search"]|//*[contains(@class,"footer")]|//*[@id="footer"]|//*[@id="top"]'
    '|//*[contains(@class,"related")]|//*[contains(@class,"doc-toc")]|//*[contains(@class,"nav_")]')


@dataclass(frozen=True)
class Shown:
    """A picture where it stands in a page."""
    file: Path
    alt: str


@dataclass
class Section:
    """From one heading to the next."""
    title: str
    segments: list[str | Shown] = field(default_factory=list)

    def pictures(self) -> list[Shown]:
        """Its pictures, in order."""
        return [segment for segment in self.segments if isinstance(segment, Shown)]

    def texts(self) -> list[str]:
        """Its texts, in order."""
        return [segment for segment in self.segments if isinstance(segment, str)]


def read_sections(file: Path, roots: list[Path], level: int, drop: re.Pattern, cut: str = "") -> list[Section]:
    """Sections begin at headings h1 .. h`level`. `roots`: folders laid over each other, the page is in the first.
    `drop`: paths of pictures, `cut`: XPath of parts of the page, that are no content."""
    try:
        page = html.parse(str(file), html.HTMLParser(encoding="utf-8", no_network=True)).getroot()
    except (etree.XMLSyntaxError, OSError):
        return []
    if page is None or page.find("body") is None:
        return []
    for element in page.xpath(PAGE_PARTS + ("|" + cut if cut else "")):
        if element.getparent() is not None and element.tag not in ("body", "html"):
            element.drop_tree()
    walk = _Walk(file.relative_to(roots[0]), roots, level, drop, squeeze(page.findtext(".//title") or ""))
    walk.element(page.find("body"), False)
    walk.end_section("")
    return walk.sections


class _Walk:
    def __init__(self, page: Path, roots: list[Path], level: int, drop: re.Pattern, title: str):
        self.page, self.roots, self.level, self.drop = page, roots, level, drop
        self.sections: list[Section] = []
        self.section = Section(title)
        self.buffer: list[str] = []

    def element(self, element, preformatted: bool) -> None:
        """Text, children and tail of an element."""
        if isinstance(element.tag, str) and element.tag not in SKIP:
            if element.tag in ("img", "object"):
                self.picture(element)
            if re.fullmatch("h[1-6]", element.tag) and int(element.tag[1]) <= self.level:
                self.end_section(squeeze(element.text_content().replace("¶", "")))
            if element.tag in BLOCKS:
                self.buffer.append(" " if element.tag in ("td", "th") else "\n\n" if element.tag in WIDE else "\n")
            inside = preformatted or element.tag == "pre"
            self.text(element.text, inside)
            for child in element:
                self.element(child, inside)
            if element.tag in BLOCKS and element.tag not in ("td", "th"):
                self.buffer.append("\n")
        self.text(element.tail, preformatted)

    def text(self, text: str | None, preformatted: bool) -> None:
        """Adds characters."""
        if text:
            self.buffer.append(text if preformatted else re.sub(r"\s+", " ", text))

    def end_text(self) -> None:
        """Makes a segment of what has been read."""
        text = "".join(self.buffer).replace("¶", "")
        text = re.sub(r"[ \t]+\n", "\n", text)
        if "    " not in text:
            text = re.sub(r"(?m)^ +", "", text)
        text = re.sub(r"\n{3,}", "\n\n", text).strip()
        self.buffer = []
        if text:
            self.section.segments.append(text)

    def end_section(self, next_title: str) -> None:
        """Closes the section and opens the next."""
        self.end_text()
        if self.section.segments:
            self.sections.append(self.section)
        self.section = Section(next_title or self.section.title)

    def picture(self, element) -> None:
        """Adds a picture whose file is there."""
        source = unquote(re.split("[?#]", element.get("src") or element.get("data") or "")[0])
        if not source or source.startswith(("http", "data:", "//")):
            return
        name = os.path.normpath(self.page.parent / source)
        file = find(name, self.roots)
        if self.drop.search("/" + name) or not file or file.suffix.lower() not in FORMATS:
            return
        alt = squeeze(element.get("alt") or "")
        self.end_text()
        useful = len(alt.split()) > 1 and not alt.startswith("[image of") and "/" not in alt
        self.section.segments.append(Shown(file, alt if useful else ""))


def find(name: str, roots: list[Path]) -> Path | None:
    """The file `name` in the first root that has it. Absolute links of a package point into the package."""
    for root in roots:
        path = root / name
        package = next((parent for parent in path.parents if (parent / "usr").is_dir()), None)
        if path.is_symlink() and os.readlink(path).startswith("/") and package:
            path = package / os.readlink(path).lstrip("/")
        if package and path.is_file() and path.resolve().is_relative_to(package.resolve()):
            return path.resolve()
    return None
