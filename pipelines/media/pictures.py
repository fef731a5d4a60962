"""Reading any picture file as uint8 RGB [H, W, 3]: orientation, alpha, colour profile, bit depth and colour model.

Used wherever pictures are read: sources, targets, data sets, evaluation.
"""

import io
import struct
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from models.errors import InputError
from pipelines.media.files import check_readable

MAX_PIXELS = 120_000_000  # W * H of the largest picture that is read
FORMATS = ("PNG", "JPEG", "JPEG2000", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "AVIF", "HEIF", "TGA", "PSD", "QOI")
ANIMATED = ("PNG", "WEBP", "GIF", "TIFF", "AVIF")  # formats whose files can hold several pictures to be seen
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")  # bytes 8 to 12 of HEIC files
PICTURE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, MemoryError)

# Programs that generate pictures store their settings in PNG as text, far more than Pillow reads by default.
PngImagePlugin.MAX_TEXT_CHUNK = 64 * 2**20  # bytes of one text
PngImagePlugin.MAX_TEXT_MEMORY = 256 * 2**20  # bytes of all texts of a picture


def load_picture(path: str | Path) -> np.ndarray:
    """Read a picture as a viewer shows it, uint8 RGB [H, W, 3].

    EXIF rotation and colour profile are applied, transparent parts are white, 16-bit values are scaled to 8 bits; of an
    animation the first frame is read.

    Raises:
        InputError: it is missing, empty, damaged, not a picture, or has more than MAX_PIXELS.
    """
    path = Path(path)
    with open_picture(path) as picture:
        try:
            picture.load()
            return picture_to_rgb(turn_by_exif(picture))
        except PICTURE_ERRORS as error:
            raise InputError(f"{path} is a damaged picture ({_reason(error)}): save or download it again") from None


def load_with_alpha(path: str | Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Read a picture like `load_picture`, and its alpha uint8 [H, W], 255 = opaque; None if all of it is opaque.

    Raises:
        InputError: see `load_picture`.
    """
    picture = load_picture(path)
    with open_picture(Path(path)) as opened:
        return picture, _read_alpha(opened)


def describe_changes(path: str | Path) -> list[str]:
    """What `load_picture` leaves out of a readable picture or puts in: one line each for the user.

    Raises:
        InputError: see `load_picture`.
    """
    notes = []
    with open_picture(Path(path)) as opened:
        frames = getattr(opened, "n_frames", 1) if opened.format in ANIMATED else 1
        if frames > 1:
            notes.append(f"{path} has {frames} pictures: the first is used")
        if _read_alpha(opened) is not None:
            notes.append(f"{path} is transparent in places: white is put behind it")
    return notes


def open_picture(path: Path) -> Image.Image:
    """Open a picture without decoding it yet; close it, or use `with`.

    Raises:
        InputError: see `load_picture`.
    """
    check_readable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: use a single picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about damaged EXIF data
            picture = Image.open(path, formats=_known_formats())
    except Image.DecompressionBombError:
        raise InputError(f"{path} has too many pixels (limit {MAX_PIXELS:,}): make it smaller") from None
    except UnidentifiedImageError:
        if is_heif(path):
            raise InputError(f"{path} is a HEIC picture: save it as JPEG, or `pip install pillow-heif`") from None
        raise InputError(f"{path} is not a picture that can be read: use PNG, JPEG, WebP, TIFF, ...") from None
    except PICTURE_ERRORS as error:
        raise InputError(f"{path} is a damaged picture ({_reason(error)})") from None
    width, height = picture.size
    if width * height > MAX_PIXELS:
        picture.close()
        raise InputError(f"{path} has {width}x{height} pixels (limit {MAX_PIXELS:,}): make it smaller")
    return picture


def turn_by_exif(picture: Image.Image) -> Image.Image:
    """The decoded picture upright; as it is if its EXIF data are damaged, as viewers show it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about such data
        try:
            return ImageOps.exif_transpose(picture)
        except PICTURE_ERRORS:
            return picture


def picture_to_rgb(picture: Image.Image) -> np.ndarray:
    """A decoded Pillow picture of any mode -> uint8 RGB [H, W, 3]; transparent parts are white."""
    if picture.mode in ("F", "I") or picture.mode.startswith("I;16"):
        return np.repeat(_to_grey8(np.asarray(picture))[..., None], 3, axis=2)  # [H, W] -> [H, W, 3]
    if picture.mode in ("RGBa", "La"):
        picture = picture.convert("RGBA" if picture.mode == "RGBa" else "LA")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        alpha = picture.convert("RGBA").getchannel("A")
        colour = _to_srgb(picture.convert("RGBA").convert("RGB"), picture.info.get("icc_profile"))
        white = Image.new("RGB", picture.size, "white")
        return np.asarray(Image.composite(colour, white, alpha))
    return np.asarray(_to_srgb(picture, picture.info.get("icc_profile")))


def _read_alpha(picture: Image.Image) -> np.ndarray | None:
    """The alpha uint8 [H, W] of an open picture, turned as EXIF says; None if all of it is opaque."""
    if "A" not in picture.getbands() and "a" not in picture.getbands() and "transparency" not in picture.info:
        return None
    alpha = np.asarray(turn_by_exif(picture.convert("RGBA")).getchannel("A"))
    return None if alpha.min() == 255 else alpha


def is_heif(path: Path) -> bool:
    """Whether a file is a HEIC picture by its first bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:] in HEIF_BRANDS


def _known_formats() -> tuple[str, ...]:
    """Those of FORMATS that this Pillow has; HEIF comes from the package pillow-heif where it is installed."""
    Image.init()
    if "HEIF" not in Image.OPEN and find_spec("pillow_heif"):
        import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _to_grey8(values: np.ndarray) -> np.ndarray:
    """Grey values [H, W] of 16 bits, 32 bits or float -> uint8 [H, W].

    Full scale is 65535; of 32-bit integers up to 255 it is 255; of floats it is 1.0, or 255.0 if any exceeds 1.
    """
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        return np.clip(values * (255.0 if values.max(initial=0) <= 1 else 1.0) + 0.5, 0, 255).astype(np.uint8)
    if values.dtype == np.int32 and values.max(initial=0) <= 255:
        return np.clip(values, 0, 255).astype(np.uint8)
    return ((np.clip(values, 0, 65535).astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a picture to sRGB by its embedded profile, or as Pillow does if there is none or it doesn't fit."""
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted if converted is not None else picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):  # a damaged profile doesn't make the picture unusable
            return picture.convert("RGB")
    return picture.convert("RGB")


def _reason(error: Exception) -> str:
    """First line of an error message, at most 100 characters."""
    return (str(error).splitlines() or [""])[0][:100] or type(error).__name__
