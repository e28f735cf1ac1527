"""What a scanner or a phone does to a page: turned, bent, grey, noisy, blurred, squeezed, stained.

Faults come as a function of a seeded generator, so that a page can be made again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

FULL = 300  # dots an inch of the page that is given


@dataclass(frozen=True)
class Taken:
    """A page as it arrives: JPEG bytes, and what was done to it."""

    jpeg: bytes
    faults: dict[str, object]


def scanned(page: np.ndarray, random: np.random.Generator, *, photo: bool | None = None) -> Taken:
    """A page of 8-bit grey at 300 dots an inch, as a scanner or a phone would give it."""
    photo = random.random() < 0.25 if photo is None else photo
    dpi = int(random.choice([150, 200, 240, 300]))
    faults: dict[str, object] = {"photo": photo, "dpi": dpi}
    picture = cv2.resize(page, None, fx=dpi / FULL, fy=dpi / FULL, interpolation=cv2.INTER_AREA)
    if random.random() < 0.05:
        picture = _coffee(picture, dpi, random)
        faults["coffee"] = True
    picture = _photographed(picture, random) if photo else _fed(picture, random)
    turns = int(random.integers(4))
    picture = np.ascontiguousarray(np.rot90(picture, turns))
    faults["turns"] = turns
    picture = _lit(picture, random, uneven=photo)
    sigma = random.uniform(0.0, 0.11) * dpi / 25.4
    if sigma > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    noise = random.uniform(1, 7)
    picture = cv2.add(picture, _noise(picture.shape, noise, random), dtype=cv2.CV_8U)
    quality = int(random.choice([60, 75, 90]))
    faults |= {"blur": round(sigma, 2), "noise": round(noise, 1), "quality": quality}
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Taken(coded.tobytes(), faults)


def _fed(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Through a feeder: a little askew, a little long."""
    height, width = picture.shape
    angle, scale = random.normal(0, 1.2), random.uniform(0.97, 1.0)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    turn[:, 1] *= random.uniform(0.995, 1.005)
    return cv2.warpAffine(picture, turn, (width, height), borderValue=245)


def _photographed(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """On a dark table, from somewhere above, the paper not quite flat."""
    height, width = picture.shape
    margin = 0.08
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    aim = corners * (1 - 2 * margin) + [width * margin, height * margin]
    aim += random.uniform(-0.045, 0.045, (4, 2)) * [width, height]
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    bend = random.uniform(-0.006, 0.006) * height
    curled = bend * np.sin(np.pi * across / width) ** 2 * np.sin(np.pi * down / height)
    flat = cv2.remap(
        picture, across.astype(np.float32), (down + curled).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    lens = cv2.getPerspectiveTransform(corners, aim.astype(np.float32))
    table = int(random.integers(30, 120))
    return cv2.warpPerspective(flat, lens, (width, height), borderValue=table)


def _lit(picture: np.ndarray, random: np.random.Generator, *, uneven: bool) -> np.ndarray:
    height, width = picture.shape
    small = np.ones((8, 8), dtype=np.float32) * random.uniform(0.88, 1.0)
    if uneven:
        ramp = np.linspace(0, 1, 8, dtype=np.float32)
        small -= random.uniform(0, 0.35) * np.outer(ramp, np.ones(8, dtype=np.float32))
        small -= random.uniform(0, 0.25) * np.outer(np.ones(8, dtype=np.float32), ramp[::-1])
    light = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    if uneven and random.random() < 0.4:
        # The shadow of a hand or of the phone, with a soft edge.
        shadow = np.zeros((height, width), dtype=np.float32)
        at = random.uniform(0.2, 0.8, 2) * [width, height]
        reach = random.uniform(0.3, 0.6) * width
        cv2.circle(shadow, tuple(int(one) for one in at), int(reach), 1.0, -1)
        light *= 1 - 0.3 * cv2.GaussianBlur(shadow, (0, 0), width / 40)
    black = random.uniform(0, 40)
    return np.clip(black + picture * light * (1 - black / 255), 0, 255).astype(np.uint8)


def _coffee(picture: np.ndarray, dpi: int, random: np.random.Generator) -> np.ndarray:
    """A ring of a cup: brown, darker at its edges, over whatever stands there."""
    dots = dpi / 25.4
    height, width = picture.shape
    layer = np.zeros((height, width), dtype=np.float32)
    at = (int(random.uniform(0.2, 0.8) * width), int(random.uniform(0.2, 0.8) * height))
    radius = int(random.uniform(35, 42) * dots)
    cv2.circle(layer, at, radius, 0.16, int(random.uniform(2, 4) * dots), cv2.LINE_AA)
    cv2.circle(layer, at, radius + int(1.5 * dots), 0.3, max(1, int(0.5 * dots)), cv2.LINE_AA)
    layer = cv2.GaussianBlur(layer, (0, 0), 0.25 * dots)
    return np.clip(picture * (1 - layer), 0, 255).astype(np.uint8)


def _noise(shape: tuple[int, ...], sigma: float, random: np.random.Generator) -> np.ndarray:
    tile = random.normal(0, sigma, (512, 512)).astype(np.float32)
    rows, columns = (-(-shape[0] // 512), -(-shape[1] // 512))
    return np.tile(tile, (rows, columns))[: shape[0], : shape[1]].astype(np.int16)
