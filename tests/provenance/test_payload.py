import hashlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from understudy.errors import FootageError
from understudy.payload import payload_sha256


def test_a_film_is_its_encoded_pictures(film: Path) -> None:
    digest = hashlib.sha256()
    with av.open(str(film)) as container:
        for packet in container.demux(video=0):
            digest.update(bytes(packet))
    assert payload_sha256(film) == digest.hexdigest()


def test_a_picture_is_its_pixels_however_they_are_packed(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    cv2.imwrite(str(paths[0]), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    cv2.imwrite(str(paths[1]), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    cv2.imwrite(str(paths[2]), pixels.reshape(30, 20, 3))
    first, same, reshaped = map(payload_sha256, paths)
    assert first == same != reshaped


@pytest.mark.parametrize("name", ["text.mp4", "text.png"])
def test_what_is_no_film_and_no_picture_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(FootageError) as error:
        payload_sha256(tmp_path / name)
    assert "\n" not in str(error.value)
