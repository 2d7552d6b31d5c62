"""Writes images of all formats and modes to images/, and what Pillow makes of images: pixels.json, the pixels that an
exported script gives a network; resize.json, a checksum for each size and mode.

    python generate.py

The images of resize.json come from a formula that the tests have, too, so that results alone are stored.
"""
import json
import pathlib
import struct
import zlib

from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
# Width and height of an image, and those that it gets.
SIZES = [
    [16, 12, 16, 12], [40, 20, 10, 10], [20, 40, 10, 10], [200, 40, 32, 32], [33, 57, 32, 32], [7, 5, 32, 32],
    [1, 1, 8, 8], [1, 100, 16, 16], [100, 1, 16, 16], [64, 48, 48, 64], [640, 427, 64, 64], [31, 33, 28, 28],
    [32, 64, 32, 32], [64, 32, 32, 32], [97, 61, 13, 29], [5, 5, 3, 2], [250, 251, 250, 250], [3, 900, 2, 5],
]


def pixel(x, y, c):
    return (x * 7 + y * 13 + c * 101 + x * y * 3 + (x * x + 5 * y) // 4 % 97) % 256


def image(width, height):
    pixels = bytes(pixel(x, y, c) for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def planes(picture):
    """The bytes of an image, channels first."""
    return b"".join(band.tobytes() for band in picture.split())


def fit(image, size):
    """`fit` of exported scripts."""
    (WIDTH, HEIGHT) = size
    ratio, (width, height) = WIDTH / HEIGHT, image.size
    wide, high = width, height
    if width / height > ratio:
        wide = ratio * height
    elif width / height < ratio:
        high = width / ratio
    left, top = (width - wide) * 0.5, (height - high) * 0.5
    image = image.resize((WIDTH, height), Image.Resampling.BILINEAR, box=(left, 0, left + wide, height))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=(0, top, WIDTH, top + high))


def prepare(image, mode, size):
    """`prepare` of exported scripts."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a pixel: the upper eight
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGB", image.size, "white")
        background.paste(image, mask=image.getchannel("A"))
        image = background
    image = image.convert("RGB").convert(mode)
    return fit(image, size)


def png16(path, width, height, kind, channels):
    """A PNG of 16 bits a value, which Pillow does not write for colors."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    value = lambda x, y, c: (pixel(x, y, c) * 256 + pixel(y, x, c + 1)) % 65536
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">H", value(x, y, c)) for x in range(width) for c in range(channels))
        for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_images(folder):
    """An image of each format and mode."""
    folder.mkdir(exist_ok=True)
    rgb = image(19, 13)
    smooth = Image.linear_gradient("L").resize((19, 13)).convert("RGB")
    soft = rgb.convert("RGBA")
    soft.putalpha(Image.linear_gradient("L").resize((19, 13)))
    gray_soft = soft.convert("LA")
    palette = rgb.quantize(40)
    wide = Image.new("I;16", (19, 13))
    for x in range(19):
        for y in range(13):
            wide.putpixel((x, y), (pixel(x, y, 0) * 256 + pixel(y, x, 1)) % 65536)

    def turned(orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        return exif

    def save(name, picture, **options):
        picture.save(folder / name, **options)

    save("rgb.png", rgb)
    save("rgba.png", soft)
    save("l.png", rgb.convert("L"))
    save("la.png", gray_soft)
    save("one.png", rgb.convert("1"))
    save("palette.png", palette)
    save("palette-transparent.png", palette, transparency=bytes(range(0, 240, 6)))
    save("palette-one-transparent.png", palette, transparency=3)
    save("rgb-transparent.png", rgb, transparency=rgb.getpixel((4, 4)))
    save("l-transparent.png", rgb.convert("L"), transparency=rgb.convert("L").getpixel((4, 4)))
    save("l16.png", wide)
    png16(folder / "rgb16.png", 19, 13, 2, 3)
    png16(folder / "rgba16.png", 19, 13, 6, 4)
    png16(folder / "la16.png", 19, 13, 4, 2)
    for orientation in (2, 3, 5, 6):
        save(f"exif{orientation}.png", rgb, exif=turned(orientation))
    save("rgb.jpg", smooth, quality=95, subsampling=0)
    save("sampled.jpg", smooth, quality=90, subsampling=2)
    save("progressive.jpg", smooth, quality=90, progressive=True, subsampling=0)
    save("l.jpg", smooth.convert("L"), quality=90)
    save("cmyk.jpg", smooth.convert("CMYK"), quality=95)
    for orientation in range(1, 9):
        save(f"exif{orientation}.jpg", smooth, quality=95, subsampling=0, exif=turned(orientation))
    save("lossless.webp", rgb, lossless=True)
    save("lossless-rgba.webp", soft, lossless=True, exact=True)
    save("lossy.webp", smooth, quality=90)
    save("exif8.webp", rgb, lossless=True, exif=turned(8))
    save("rgb.bmp", rgb)
    save("l.bmp", rgb.convert("L"))
    save("palette.bmp", palette)
    save("one.bmp", rgb.convert("1"))
    save("palette.gif", palette)
    save("transparent.gif", palette, transparency=3)
    save("animated.gif", palette, save_all=True, append_images=[image(19, 13).rotate(180).quantize(40)])
    save("rgb.tif", rgb)
    save("rgba.tif", soft, compression="tiff_lzw")
    save("l16.tif", wide)
    save("rgb.ppm", rgb)


def write_pixels(folder):
    """What an exported script makes of them, as hexadecimal digits, channels first."""
    lines = []
    for path in sorted(folder.iterdir()):
        made = {mode: planes(prepare(Image.open(path), mode, (8, 8))).hex() for mode in ("RGB", "L")}
        lines.append(f"{json.dumps(path.name)}: {json.dumps(made)}")
    text = ",\n".join(lines)
    (HERE / "pixels.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


def main():
    write_images(HERE / "images")
    write_pixels(HERE / "images")
    cases = []
    for width, height, to_width, to_height in SIZES:
        for mode in ("RGB", "L"):
            fitted = fit(image(width, height).convert(mode), (to_width, to_height))
            made = planes(fitted)
            cases.append({"from": [width, height], "to": [to_width, to_height], "channels": len(mode) if mode == "RGB" else 1,
                          "crc32": zlib.crc32(made), "first": list(made[:8])})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "resize.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
