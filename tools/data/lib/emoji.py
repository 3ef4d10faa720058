"""Emoji: what emojibase says of each, and the pictures of an Iconify set."""
import json
import re
from pathlib import Path

GROUPS = ("smileys and emotion", "people and body", "component", "animals and nature", "food and drink",
          "travel and places", "activities", "objects", "symbols", "flags")
STYLES = {"noto": "Noto", "twemoji": "Twemoji", "openmoji": "OpenMoji", "fluent-emoji-flat": "Fluent flat",
          "noto-v1": "old Noto", "fxemoji": "Firefox OS"}
SKIN_TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
WITHOUT = {*SKIN_TONES, "fe0f", "200d", "2640", "2642"}
PERSONS = {"1f468": "1f9d1", "1f469": "1f9d1"}   # man, woman -> person


def plain(hexcode: str) -> str:
    """Lower case, without variation selectors."""
    return "-".join(code for code in hexcode.lower().split("-") if code != "fe0f")


def concept(hexcode: str) -> str:
    """The emoji over all skin tones, sexes and styles."""
    codes = hexcode.lower().split("-")
    rest = [PERSONS.get(code, code) if len(codes) > 1 else code for code in codes if code not in WITHOUT]
    return "emoji/" + "-".join(rest or codes)


def read_emojibase(root: Path) -> dict[str, dict]:
    """hexcode -> label, tags, group; skin tones have the tags of their base and `tone`."""
    known = {}
    for entry in json.loads((root / "en/data.json").read_text()):
        for one in [entry, *entry.get("skins", [])]:
            known[plain(one["hexcode"])] = {
                "label": one["label"], "tags": entry.get("tags", []), "group": entry.get("group"),
                "tone": one is not entry}
    return known


def read_names(root: Path, known: dict[str, dict]) -> dict[str, str]:
    """Squeezed label or shortcode -> hexcode, for sets that do not say which emoji their pictures are."""
    names: dict[str, str] = {}
    for hexcode, entry in known.items():
        names.setdefault(squeezed(entry["label"]), hexcode)
    for source in ("github", "joypixels", "emojibase", "iamcal", "cldr"):
        for hexcode, codes in json.loads((root / f"en/shortcodes/{source}.json").read_text()).items():
            for code in [codes] if isinstance(codes, str) else codes:
                if plain(hexcode) in known:
                    names.setdefault(squeezed(code), plain(hexcode))
    return names


def squeezed(name: str) -> str:
    """Letters and digits only."""
    return re.sub("[^a-z0-9]", "", name.lower())


def read_pictures(root: Path, known: dict[str, dict], names: dict[str, str]) -> dict[str, bytes]:
    """hexcode -> SVG of an Iconify set."""
    icons = json.loads((root / "icons.json").read_text())
    characters = json.loads((root / "chars.json").read_text()) if (root / "chars.json").is_file() else {}
    if characters:
        chosen = {plain(code): name for code, name in sorted(characters.items())}
    else:
        drawn = [name for name in sorted(icons["icons"], reverse=True) if squeezed(name) in names]
        chosen = {names[squeezed(name)]: name for name in drawn}
    found = {}
    for hexcode, name in sorted(chosen.items()):
        for _ in range(5):   # an alias may name another alias
            name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        if hexcode in known and name in icons["icons"]:
            found[hexcode] = svg(icons, name)
    return found


def svg(icons: dict, name: str) -> bytes:
    """An Iconify picture as an SVG file."""
    icon = icons["icons"][name]
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
            f'height="{height}" viewBox="{box}" color="black">{icon["body"]}</svg>').encode()
