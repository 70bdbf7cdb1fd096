import numpy as np
import OpenImageIO
import pytest

from stages.frames import main as make_frames
from tests.media.drawn_clips import draw_picture, frames_settings
from understudy.errors import FootageError
from understudy.media.film import format_of, stamps_of
from understudy.media.reader import read_frames
from understudy.media.stills import read_still, still_paths
from understudy.tables import FRAMES, read_table


def write_still(path, pixels, **attributes):
    height, width, channels = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, channels, str(pixels.dtype))
    for name, value in attributes.items():
        spec.attribute(name, value)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()
    return path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "stills"
    folder.mkdir()
    return folder


def table_of(folder, **settings):
    make_frames(footage=folder, frames=folder.parent / "clip.parquet", settings=frames_settings(**settings))
    return read_table(folder.parent / "clip.parquet", FRAMES)


def test_stills_come_in_natural_order(folder):
    for number in (10, 2, 1, 33):
        write_still(folder / f"shot_{number}.png", draw_picture(number))
    (folder / "notes.txt").write_text("not a picture")
    assert [path.name for path in still_paths(folder)] == [f"shot_{number}.png" for number in (1, 2, 10, 33)]
    images = [image for _, image in read_frames(table_of(folder))]
    assert [image[0, 0, 0] for image in images] == [1, 2, 10, 33]


def test_stills_follow_each_other_at_the_given_rate(folder):
    for number in range(4):
        write_still(folder / f"{number}.png", draw_picture(number))
    table = table_of(folder, stills_rate="30000/1001")
    assert table.column("time_s").to_pylist() == pytest.approx([number * 1001 / 30000 for number in range(4)])
    assert stamps_of(table) == [0, 1, 2, 3]
    assert str(format_of(table).time_base) == "1001/30000"


@pytest.mark.parametrize(("suffix", "worst"), [("png", 0), ("tif", 0), ("jpg", 40), ("webp", 60)])
def test_every_kind_of_still_is_read(folder, suffix, worst):
    picture = draw_picture(5)
    image, turn = read_still(write_still(folder / f"a.{suffix}", picture))
    difference = np.abs(image.astype(int) - picture)
    assert image.shape == picture.shape and image.dtype == np.uint8 and turn == 0
    assert difference.max() <= worst or difference.mean() < 4


def test_sixteen_bits_are_rounded_to_eight(folder):
    pixels = np.arange(0, 65536, 257 // 2, dtype=np.uint16)[:507].reshape(13, 13, 3)
    image, _ = read_still(write_still(folder / "a.png", pixels))
    assert np.array_equal(image, np.round(pixels / 257).astype(np.uint8))


def test_grey_and_transparent_stills_become_rgb(folder):
    grey = draw_picture(0)[..., :1]
    assert np.array_equal(read_still(write_still(folder / "grey.png", grey))[0], np.repeat(grey, 3, axis=2))
    picture = draw_picture(0)
    transparent = np.dstack([picture, np.full(picture.shape[:2], 100, np.uint8)])
    written = write_still(folder / "transparent.png", transparent, **{"oiio:UnassociatedAlpha": 1})
    assert np.array_equal(read_still(written)[0], picture)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_applied(folder, orientation):
    upright = draw_picture(0)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    image, _ = read_still(write_still(folder / "a.tif", stored, Orientation=orientation))
    assert np.array_equal(image, upright)


def test_stills_may_differ_in_size(folder):
    write_still(folder / "1.png", draw_picture(0))
    write_still(folder / "2.png", draw_picture(0, width=30, height=70))
    table = table_of(folder)
    assert list(zip(table.column("width").to_pylist(), table.column("height").to_pylist(), strict=True)) == [
        (64, 48),
        (30, 70),
    ]
    assert table.column("scene").to_pylist() == [0, 1]
    assert [image.shape for _, image in read_frames(table)] == [(48, 64, 3), (70, 30, 3)]


def test_a_damaged_still_is_refused_or_marked(folder):
    for number in range(3):
        write_still(folder / f"{number}.png", draw_picture(number))
    content = (folder / "1.png").read_bytes()
    (folder / "1.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(FootageError, match=r"1\.png.*damaged"):
        table_of(folder)
    table = table_of(folder, damage="mark")
    assert [reason is None for reason in table.column("reason").to_pylist()] == [True, False, True]
    assert [frame for frame, _ in read_frames(table)] == [0, 2]


@pytest.mark.parametrize("damage", ["refuse", "mark"])
def test_a_folder_of_empty_stills_is_refused(folder, damage):
    (folder / "a.png").write_bytes(b"")
    with pytest.raises(FootageError, match=r"not one still can be read, the first: .*a\.png"):
        table_of(folder, damage=damage)


def test_a_folder_without_stills_is_refused(folder):
    with pytest.raises(FootageError, match=r"folder without stills, expected .*png"):
        table_of(folder)


def test_a_still_that_changed_is_refused(folder):
    write_still(folder / "a.png", draw_picture(0))
    table = table_of(folder)
    write_still(folder / "a.png", draw_picture(1))
    with pytest.raises(FootageError, match="run stage frames again"):
        list(read_frames(table))


def test_several_pictures_in_one_file_are_refused(folder):
    path = folder / "a.tif"
    spec = OpenImageIO.ImageSpec(64, 48, 3, "uint8")
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), (spec, spec))
    output.write_image(draw_picture(0))
    assert output.open(str(path), spec, "AppendSubimage")
    output.write_image(draw_picture(1))
    output.close()
    with pytest.raises(FootageError, match="several pictures"):
        read_still(path)
