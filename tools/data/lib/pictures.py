"""Pictures: flattened, shrunk, encoded always the same way; fingerprints that tell equal and nearly equal ones."""
import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = 60_000_000   # some clip art is 168 megapixels: refused
THUMB = 16                            # pixels on a side of the thumbnail that confirms a near duplicate


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""
    kind: str   # "png" or "jpg": its file name's extension
    data: bytes
    width: int
    height: int


def flatten(image: Image.Image) -> Image.Image:
    """RGB, transparent parts on white."""
    if image.mode in ("P", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode != "RGBA":
        return image.convert("RGB")
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def decode(data: bytes) -> Image.Image | None:
    """RGB pixels of a file's bytes; None when they are no picture, or a damaged or huge one."""
    try:
        return flatten(Image.open(io.BytesIO(data)))
    except Exception:   # Pillow's decoders raise many kinds
        return None


def encode(image: Image.Image, photo: bool | None = None, palette: int = 256) -> Picture:
    """JPEG for photographs, palette PNG for drawings, plain PNG between; `photo` None: told by the colours."""
    colours = len(set(image.resize((64, 64), Image.Resampling.NEAREST).getdata()))
    photo = colours > 2000 if photo is None else photo and colours > 500
    out = io.BytesIO()
    if photo:
        image.save(out, "JPEG", quality=90, subsampling=0)
        return Picture("jpg", out.getvalue(), *image.size)
    if colours < 200:
        image = image.quantize(palette, dither=Image.Dither.NONE)
    image.save(out, "PNG", compress_level=6)
    return Picture("png", out.getvalue(), *image.size)


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Longer side at most `side`; never enlarged."""
    if max(image.size) > side:
        image = image.copy()
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def is_blank(image: Image.Image) -> bool:
    """Whether all pixels have one colour."""
    return all(low == high for low, high in image.getextrema())


def normalise(data: bytes, side: int, smallest: int = 16) -> Picture | None:
    """A file's bytes as a picture to train on; None when it is broken, blank, or smaller than `smallest`."""
    image = decode(data)
    if image is None or is_blank(image) or max(image.size) < smallest or min(image.size) < 4:
        return None
    photo = True if data[:2] == b"\xff\xd8" else None
    return encode(shrink(image, side), photo)


def render_svg(data: bytes, side: int) -> Image.Image | None:
    """An SVG's pixels on white, longer side = `side`; None when librsvg cannot draw it."""
    import cairo
    import gi
    gi.require_version("Rsvg", "2.0")
    from gi.repository import Gio, GLib, Rsvg
    try:
        stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(data))
        handle = Rsvg.Handle.new_from_stream_sync(stream, None, Rsvg.HandleFlags.FLAG_UNLIMITED, None)
        known, width, height = handle.get_intrinsic_size_in_pixels()
        if not known or width <= 0 or height <= 0:
            dimensions = handle.get_intrinsic_dimensions()
            box = dimensions.out_viewbox
            width, height = (box.width, box.height) if dimensions.out_has_viewbox else (side, side)
        scale = side / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
        context = cairo.Context(surface)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        view = Rsvg.Rectangle()
        view.x = view.y = 0
        view.width, view.height = width, height
        handle.render_document(context, view)
    except (GLib.Error, ValueError, ZeroDivisionError, OverflowError):
        return None
    surface.flush()
    return Image.frombytes("RGB", (width, height), bytes(surface.get_data()), "raw", "BGRX", surface.get_stride(), 1)


def draw_svg(data: bytes, side: int) -> Picture | None:
    """render_svg, encoded; None also when nothing was drawn."""
    image = render_svg(data, side)
    return None if image is None or is_blank(image) else encode(image, photo=False)


PRINT = np.dtype([("pixels", "S32"), ("gradient", "<u8"), ("thumb", "u1", (THUMB * THUMB,))])


def fingerprint(data: bytes) -> np.ndarray:
    """Of a picture's bytes: hash of its pixels, 64-bit difference hash, grey thumbnail; a PRINT record."""
    image = decode(data)
    if image is None:
        raise ValueError("not a picture")
    digest = hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()[:32]
    grey = image.convert("L")
    small = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), np.int16)
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    thumb = np.asarray(grey.resize((THUMB, THUMB), Image.Resampling.BOX)).ravel()
    record = np.zeros((), PRINT)
    record["pixels"], record["gradient"], record["thumb"] = digest, bits.view("<u8")[0], thumb
    return record


def near_pairs(prints: np.ndarray, distance: int = 3, grey: float = 2.0):
    """Pairs (i, j) of prints whose hashes differ in at most `distance` bits and whose thumbnails agree."""
    seen = set()
    thumbs = prints["thumb"].astype(np.int16)
    for band in range(4):   # two hashes at most 3 bits apart agree in one of four 16-bit bands
        keys = (prints["gradient"] >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0, True])
        for first, last in zip(starts[:-1], starts[1:]):
            bucket = order[first:last]
            for at, i in enumerate(bucket[:-1]):
                others = bucket[at + 1:]
                apart = _bits(prints["gradient"][others] ^ prints["gradient"][i])
                others = others[apart <= distance]
                if len(others):
                    gap = np.abs(thumbs[others] - thumbs[i]).mean(axis=1)
                    seen.update((min(i, j), max(i, j)) for j in others[gap <= grey])
    return sorted(seen)


def _bits(values: np.ndarray) -> np.ndarray:
    """Number of set bits of each 64-bit value."""
    return np.unpackbits(values[:, None].view("u1"), axis=1).sum(axis=1)
