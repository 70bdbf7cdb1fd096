import gc
import os
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stages.frames import main as make_frames
from tests.media.drawn_clips import draw_picture, draw_pictures, frames_settings, write_clip
from understudy.errors import FootageError
from understudy.media.matrices import choose_reading
from understudy.media.pixels import rgb_from_codes
from understudy.media.reader import pixels_sha256, read_frames
from understudy.tables import FRAMES, metadata_of, read_table

COLORS = [(16, 16, 16), (235, 235, 235), (200, 40, 40), (40, 180, 60), (50, 60, 200), (220, 180, 160)]


@pytest.fixture
def table_of(tmp_path):
    def make(footage, **settings):
        make_frames(footage=footage, frames=tmp_path / "clip.parquet", settings=frames_settings(**settings))
        return read_table(tmp_path / "clip.parquet", FRAMES)

    return make


def flat_pictures():
    return [np.full((48, 64, 3), color, np.uint8) for color in COLORS]


def images_of(table, **options):
    return [image for _, image in read_frames(table, **options)]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"),
    [
        ("clip.mp4", "libx264", "yuv420p", {"bf": "2"}),
        ("clip.mov", "libx264", "yuv420p", {"x264-params": "open-gop=1", "bf": "3"}),
        ("clip.mkv", "libx264", "yuv420p", {"bf": "2"}),
        ("clip.ts", "libx264", "yuv420p", {"bf": "2"}),
        ("clip.avi", "libx264", "yuv420p", {"bf": "2"}),
        ("mpeg2.ts", "mpeg2video", "yuv420p", {"bf": "2", "g": "12", "b": "8000k"}),
        ("clip.webm", "libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "0"}),
        ("prores.mov", "prores_ks", "yuv422p10le", {}),
    ],
)
def test_every_frame_is_read_and_any_frame_alone_has_the_same_pixels(
    tmp_path, table_of, name, codec, pixel_format, options
):
    pictures = draw_pictures(40)
    table = table_of(write_clip(tmp_path / name, pictures, codec=codec, pixel_format=pixel_format, options=options))
    together = images_of(table)
    assert table.num_rows == len(together) == 40
    assert all(
        np.abs(image.astype(int) - picture).mean() < 8 for image, picture in zip(together, pictures, strict=True)
    )
    chosen = [37, 3, 13, 21]
    alone = dict(read_frames(table, indices=chosen))
    assert list(alone) == sorted(chosen)
    assert all(np.array_equal(alone[frame], together[frame]) for frame in chosen)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts"])
@pytest.mark.parametrize("gop", ["6", "12"])
def test_any_stretches_of_frames_have_the_same_pixels(tmp_path, table_of, name, gop):
    table = table_of(write_clip(tmp_path / name, draw_pictures(60), options={"bf": "2", "g": gop}))
    together = images_of(table)
    for chosen in ([*range(31, 55)], [*range(5), *range(26, 33), 59], [2, *range(40, 60)], [*range(60)]):
        stretches = dict(read_frames(table, indices=chosen))
        assert list(stretches) == chosen
        assert all(np.array_equal(stretches[frame], together[frame]) for frame in chosen)


def test_pictures_without_a_reliable_time_stamp_are_counted(tmp_path, table_of):
    table = table_of(write_clip(tmp_path / "clip.avi", draw_pictures(20)))
    assert metadata_of(table)["addressing"] == "count"
    assert table.column("time_s").to_pylist() == pytest.approx([index / 25 for index in range(20)])


@pytest.mark.parametrize(("matrix", "tag", "name"), [(1, 1, "bt709"), (5, 6, "bt601"), (9, 9, "bt2020")])
@pytest.mark.parametrize("range_", [1, 2])
def test_tagged_colours_come_back_within_a_code(tmp_path, table_of, matrix, tag, name, range_):
    tags = (tag, range_, 2, 2)
    pictures = flat_pictures()
    options = {"codec": "ffv1", "pixel_format": "yuv444p", "tags": tags, "matrix": matrix, "range_": range_}
    table = table_of(write_clip(tmp_path / "clip.mkv", pictures, **options))
    facts = metadata_of(table)
    assert (facts["matrix"], facts["matrix_from"]) == (name, "tag")
    assert facts["range"] == ("full" if range_ == 2 else "limited")
    worst = max(
        np.abs(image.astype(int) - picture).max() for image, picture in zip(images_of(table), pictures, strict=True)
    )
    assert worst <= 2


@pytest.mark.parametrize(("height", "matrix", "name"), [(48, 5, "bt601"), (720, 1, "bt709")])
def test_untagged_footage_is_read_by_its_height_and_says_so(tmp_path, table_of, height, matrix, name):
    pictures = [np.full((height, 64, 3), color, np.uint8) for color in COLORS[2:4]]
    table = table_of(write_clip(tmp_path / "clip.mkv", pictures, codec="ffv1", matrix=matrix))
    facts = metadata_of(table)
    assert facts["matrix"] == name
    assert facts["matrix_from"].startswith("untagged")
    worst = max(
        np.abs(image.astype(int) - picture).max() for image, picture in zip(images_of(table), pictures, strict=True)
    )
    assert worst <= 2


@pytest.mark.parametrize(
    "pixel_format",
    ["yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv444p16le", "yuva444p10le", "gbrp10le", "gbrp12le", "gbrp16le"],
)
def test_deep_pictures_are_read_by_formula(tmp_path, table_of, pixel_format):
    pictures = flat_pictures()
    tags = {"tags": (1, 1, 1, 1), "matrix": 1}
    clip = write_clip(tmp_path / "clip.mkv", pictures, codec="ffv1", pixel_format=pixel_format, **tags)
    images = images_of(table_of(clip))
    assert max(np.abs(image.astype(int) - picture).max() for image, picture in zip(images, pictures, strict=True)) <= 1


def test_deep_chroma_lies_on_every_second_column_and_between_rows(tmp_path, table_of):
    luma = np.full((48, 64), 512, np.uint16)
    blue = np.tile(np.arange(512 - 128, 512 + 128, 8, dtype=np.uint16), (24, 1))  # one code a column of the picture
    red = np.repeat(np.arange(512 - 96, 512 + 96, 8, dtype=np.uint16)[:, None], 32, axis=1)
    planes = np.concatenate([luma.reshape(-1), blue.reshape(-1), red.reshape(-1)]).reshape(72, 64)
    clip = write_clip(
        tmp_path / "clip.mkv", [planes], codec="ffv1", pixel_format="yuv420p10le", tags=(1, 1, 1, 1), raw=True
    )
    image = images_of(table_of(clip))[0][2:-2, 2:-2].astype(float)
    y, x = np.mgrid[2:46, 2:62].astype(float)
    grey = (512 - 64) * 255 / 876
    expected_blue = grey + (x * 4 - 128) * 255 / 896 * 1.8556
    expected_red = grey + (y * 4 - 2 - 96) * 255 / 896 * 1.5748
    assert np.abs(image[..., 2] - np.clip(expected_blue, 0, 255)).max() <= 0.51
    assert np.abs(image[..., 0] - np.clip(expected_red, 0, 255)).max() <= 0.51


def test_the_formula_gives_the_corners_of_the_colour_cube():
    reading = choose_reading(matrix_tag=1, range_tag=1, pixel_format="yuv444p10le", height=48, where="here")
    luma, blue, red = (np.float32([[code]]) for code in (250, 409, 960))  # pure red in BT.709, 10 bit (BT.709, item 6)
    assert rgb_from_codes(luma, blue, red, reading=reading, bits=10).tolist() == [[[255, 0, 0]]]


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_in_the_metadata_is_applied(tmp_path, table_of, rotation):
    pictures = draw_pictures(3)
    plain = images_of(table_of(write_clip(tmp_path / "plain.mp4", pictures)))
    table = table_of(write_clip(tmp_path / "turned.mp4", pictures, rotation=rotation))
    turned = images_of(table)
    assert all(
        np.array_equal(np.rot90(image, rotation // 90 % 4), other) for image, other in zip(plain, turned, strict=True)
    )
    assert table.column("rotation_deg").to_pylist() == [rotation % 360] * 3
    assert (table.column("height")[0].as_py(), table.column("width")[0].as_py()) == turned[0].shape[:2]


def test_mirrored_and_slanted_footage_is_refused(tmp_path, table_of):
    with pytest.raises(FootageError, match="mirrored"):
        table_of(write_clip(tmp_path / "mirrored.mp4", draw_pictures(2), rotation=0, mirrored=True))
    with pytest.raises(FootageError, match=r"turned by (29|30) degrees, expected a multiple of 90"):
        table_of(write_clip(tmp_path / "slanted.mp4", draw_pictures(2), rotation=30))


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path, table_of):
    table = table_of(write_clip(tmp_path / "clip.mp4", draw_pictures(120, width=640, height=480)))
    gc.disable()  # a frame that waits for the collector is a frame too many
    try:
        used = [resident_mib() for frame, _ in read_frames(table) if frame in (20, 119)]
    finally:
        gc.enable()
    assert used[1] - used[0] < 25  # 100 pictures are 88 MiB


def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_odd_sizes_are_read_whole(tmp_path, table_of):
    pictures = draw_pictures(3, width=65, height=49)
    for pixel_format in ("yuv420p", "yuv420p10le"):
        table = table_of(write_clip(tmp_path / "clip.mkv", pictures, codec="ffv1", pixel_format=pixel_format))
        assert {image.shape for image in images_of(table)} == {(49, 65, 3)}


@pytest.mark.parametrize("indices", [None, [2]])
def test_footage_that_changed_is_refused(tmp_path, table_of, indices):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(20))
    table = table_of(clip)
    write_clip(clip, draw_pictures(20, seed=1))
    with pytest.raises(FootageError, match=r"frame \d is another picture.*run stage frames again"):
        images_of(table, indices=indices)


@pytest.mark.parametrize("indices", [None, [18]])
def test_footage_that_became_shorter_is_refused(tmp_path, table_of, indices):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(20))
    table = table_of(clip)
    write_clip(clip, draw_pictures(15))
    with pytest.raises(FootageError, match="run stage frames again"):
        images_of(table, indices=indices)


def test_footage_that_is_gone_is_refused(tmp_path, table_of):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(3))
    table = table_of(clip)
    clip.unlink()
    with pytest.raises(FootageError, match="no such footage"):
        images_of(table)


def test_frames_that_do_not_exist_cannot_be_asked_for(tmp_path, table_of):
    table = table_of(write_clip(tmp_path / "clip.mp4", draw_pictures(3)))
    with pytest.raises(IndexError, match="frame 3 of 3"):
        images_of(table, indices=[3])


def test_the_hash_is_of_the_pixels_row_by_row():
    picture = draw_picture(0)
    assert pixels_sha256(picture) == pixels_sha256(np.asfortranarray(picture))
    assert pixels_sha256(picture) != pixels_sha256(picture[:, ::-1])


def test_start_offsets_survive_seeking(tmp_path, table_of):
    stamps = [288_000 + 3600 * index for index in range(40)]
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(40), stamps=stamps, time_base=Fraction(1, 90000))
    table = table_of(clip)
    shutil.copy(clip, tmp_path / "copy.mp4")
    assert table.column("time_s")[0].as_py() == pytest.approx(3.2)
    assert [frame for frame, _ in read_frames(table, indices=[0, 1, 35])] == [0, 1, 35]
