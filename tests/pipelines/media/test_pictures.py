import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from models.errors import InputError
from pipelines.media.pictures import MAX_PIXELS, describe_changes, load_picture, load_with_alpha
from tests.helpers.videos import make_corners, make_shade


def saved(path: Path, picture: Image.Image, **options) -> Path:
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, orientation: int):
    inverse = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
        8: lambda p: np.rot90(p, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(inverse(make_corners())))
    assert (load_picture(saved(tmp_path / "a.png", stored, exif=exif)) == make_corners()).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_goes_on_white(tmp_path: Path, mode: str):
    if mode == "P":
        picture = Image.fromarray(np.zeros((4, 6), np.uint8), "P")
        picture.putpalette([10, 20, 30] + [0] * 765)
        path = saved(tmp_path / "a.png", picture, transparency=0)
        assert (load_picture(path) == 255).all()
        return
    picture = Image.new(mode, (6, 4), (0, 0, 0, 0) if mode == "RGBA" else (0, 0))
    picture.putpixel((1, 2), (40, 80, 120, 255) if mode == "RGBA" else (40, 255))
    picture.putpixel((2, 2), (0, 0, 0, 128) if mode == "RGBA" else (0, 128))
    image = load_picture(saved(tmp_path / "a.png", picture))
    assert image.shape == (4, 6, 3)
    assert (image[0] == 255).all()
    assert tuple(image[2, 1]) == ((40, 80, 120) if mode == "RGBA" else (40, 40, 40))
    assert np.abs(image[2, 2].astype(int) - 127).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGB"])
def test_colour_models(tmp_path: Path, mode: str):
    picture = Image.fromarray(make_corners()).convert(mode)
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    image = load_picture(saved(tmp_path / f"a.{suffix}", picture))
    expected = np.asarray(picture.convert("RGB"))
    assert image.dtype == np.uint8
    assert np.abs(image[::9, ::9].astype(int) - expected[::9, ::9]).max() < 30
    if mode == "CMYK":
        assert np.abs(image[4, 4].astype(int) - (200, 30, 30)).max() < 12


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled(tmp_path: Path, suffix: str):
    values = np.array([[0, 257 * 100, 65535], [128, 129, 32768]], np.uint16)
    image = load_picture(saved(tmp_path / f"a.{suffix}", Image.fromarray(values)))
    assert (image[..., 0] == [[0, 100, 255], [0, 1, 128]]).all()
    assert (image[..., 0] == image[..., 2]).all()


def test_sixteen_bit_colour(tmp_path: Path):
    rows = b"".join(b"\0" + struct.pack(">6H", 257 * 200, 257 * 30, 0, 65535, 65535, 65535) for _ in range(2))
    chunks = [(b"IHDR", struct.pack(">2I5B", 2, 2, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    (tmp_path / "a.png").write_bytes(data)
    assert np.abs(load_picture(tmp_path / "a.png")[0].astype(int) - [[200, 30, 0], [255, 255, 255]]).max() <= 1


def test_float_picture(tmp_path: Path):
    values = np.array([[0, 0.5, 1.0]], np.float32)
    assert (
        np.abs(load_picture(saved(tmp_path / "a.tif", Image.fromarray(values)))[0, :, 0] - [0, 128, 255.0]).max() <= 1
    )


def test_first_frame_of_an_animation(tmp_path: Path):
    rest = [Image.fromarray(make_shade(number)) for number in (5, 6)]
    path = saved(tmp_path / "a.gif", Image.fromarray(make_shade(2)), save_all=True, append_images=rest)
    assert (load_picture(path) == make_shade(2)).all()


@pytest.mark.parametrize(
    ("name", "mode", "pictures", "notes"),
    [
        ("a.png", "RGB", 1, []),
        ("a.jpg", "L", 1, []),
        ("opaque.png", "RGBA", 1, []),
        ("clear.png", "RGBA", 1, ["is transparent in places: white is put behind it"]),
        ("clear.webp", "RGBA", 1, ["is transparent in places: white is put behind it"]),
        ("a.gif", "RGB", 3, ["has 3 pictures: the first is used"]),
        ("a.tif", "RGB", 2, ["has 2 pictures: the first is used"]),
        ("clear.gif", "RGBA", 2, ["has 2 pictures: the first", "is transparent in places"]),
    ],
)
def test_what_is_changed_or_left_out_of_a_picture_is_told(
    name: str, mode: str, pictures: int, notes: list[str], tmp_path: Path
) -> None:
    shown = [Image.fromarray(make_shade(number)).convert(mode) for number in range(pictures)]
    if name.startswith("clear"):
        for picture in shown:
            picture.paste((0, 0, 0, 0), (0, 0, 9, 9))
    several = {"save_all": True, "append_images": shown[1:]} if pictures > 1 else {}
    path = saved(tmp_path / name, shown[0], **several)
    found = describe_changes(path)
    assert len(found) == len(notes)
    assert all(line.startswith(f"{path} {start}") for line, start in zip(found, notes, strict=True))


def test_colour_profile_is_applied(tmp_path: Path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    corners = make_corners()
    picture = Image.fromarray(corners)
    assert (load_picture(saved(tmp_path / "a.png", picture, icc_profile=profile)) == corners).all()  # does not fit
    assert (load_picture(saved(tmp_path / "b.png", picture, icc_profile=b"broken")) == corners).all()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = load_picture(saved(tmp_path / "c.png", picture, icc_profile=srgb))
    assert np.abs(image.astype(int) - make_corners()).max() <= 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    "data",
    [
        b"garbage!!",
        b"",
        b"Exif\0\0II*\0\x08\0\0\0",
        b"II*\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\x01\0\x12\x01",
    ],
)
def test_damaged_exif_data_do_no_harm(tmp_path: Path, suffix: str, data: bytes):
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(make_corners()), exif=b"Exif\0\0" + data)
    picture, alpha = load_with_alpha(path)
    assert np.abs(picture.astype(int) - make_corners()).mean() < 5
    assert alpha is None


@pytest.mark.parametrize(("count", "size"), [(1, 3_000_000), (80, 900_000)])
def test_pictures_with_long_texts(tmp_path: Path, count: int, size: int):
    """As programs that generate pictures store their settings."""
    texts = PngImagePlugin.PngInfo()
    for number in range(count):
        texts.add_text(f"settings {number}", "x" * size, zip=True)
    path = saved(tmp_path / "a.png", Image.fromarray(make_corners()), pnginfo=texts)
    assert (load_picture(path) == make_corners()).all()


def bomb(path: Path, side: int) -> Path:
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">2I", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("side", [11_000, 100_000])
def test_decompression_bombs_are_refused(tmp_path: Path, side: int):
    assert side**2 > MAX_PIXELS
    with pytest.raises(InputError, match="make it smaller"):
        load_picture(bomb(tmp_path / "a.png", side))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("none.png", None, "does not exist"),
        ("a.png", b"", "is empty"),
        ("a.jpg", b"not a picture at all", "not a picture"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "damaged|not a picture"),
        ("", None, "is a folder"),
    ],
)
def test_unusable_pictures(tmp_path: Path, name: str, data: bytes | None, words: str):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        load_picture(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tif"])
@pytest.mark.parametrize("part", [0.3, 0.7])
def test_truncated_pictures(tmp_path: Path, suffix: str, part: float):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(InputError) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)
