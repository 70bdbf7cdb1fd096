import os
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from stages.frames import main as make_frames
from stages.shots import Settings, main
from tests.compositing.drawn_face import draw_face, face_points, paint
from tests.media.drawn_clips import frames_settings, write_clip
from understudy.errors import ConsentError, EngineError, FootageError, ModelError, TableError
from understudy.files import sha256_of, working_folder
from understudy.images import encode_png
from understudy.media.reader import read_frames
from understudy.media.sound import sound_sha256
from understudy.payload import payload_sha256, read_payloads
from understudy.provenance.credentials import read_credentials
from understudy.sections import PARAMS
from understudy.tables import FRAMES, SWAPS, make_table, metadata_of, read_table, write_table

REPO = Path(__file__).parents[2]
EXTENT = (160, 160)
NUMBER = 10
LOST = 4  # a frame in which no face was painted
STAMPS = list(accumulate([1, 3000, 17, 4001, 3003, 2997, 3000, 1500, 4500, 3000]))
LOOK = {
    "outline": 1,
    "reach": 0.05,
    "erode": 0.03,
    "feather": 0.03,
    "light": 0.8,
    "light_softness": 0.15,
    "eyes": 0.3,
    "lips": 0.7,
    "sharpen": 0.5,
    "grain": 1,
    "steadiness": 2,
    "seed": 0,
    "crf": 16,
    "preset": "veryfast",
}


def target_points(frame):
    return face_points(centre=(70 + 2 * frame, 78), side=52)


def painted_row(frame):
    """A row of the swaps table: a paler face, and a chin drawn up."""
    points = target_points(frame)
    jaw = points[3:14]
    pale = draw_face(points, extent=EXTENT, skin=(225, 190, 180))
    face = paint(pale, points, frame=frame, outline=(jaw, jaw - np.array([0, 2])))
    return {
        "patch": encode_png(face.patch),
        "alpha": encode_png(face.alpha),
        "crop_from_frame": face.crop_from_frame.ravel(),
        "points": points.ravel(),
        "painted_points": points.ravel(),
        "outline_from": face.outline_from.ravel().tolist(),
        "outline_to": face.outline_to.ravel().tolist(),
        "reason": None,
    }


def lost_row():
    return {
        "patch": None,
        "alpha": None,
        "crop_from_frame": np.full(6, np.nan),
        "points": np.full(136, np.nan),
        "painted_points": np.full(136, np.nan),
        "outline_from": [],
        "outline_to": [],
        "reason": "spread 0.034 above 0.02",
    }


def write_swaps(path):
    rows = [lost_row() if frame == LOST else painted_row(frame) for frame in range(NUMBER)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    keys = {"clip": ["bo"] * NUMBER, "frame": list(range(NUMBER)), "face": [0] * NUMBER}
    write_table(path, make_table(SWAPS, keys | columns), SWAPS)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with footage of uneven frame times and sound, tables, and the drawn actors' records."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "keys"))
    (tmp_path / "people").symlink_to(REPO / "tests" / "tiny" / "people")
    values = "\n".join(f"  {name}: {value}" for name, value in LOOK.items())
    PARAMS.write_text(f"production: sample\nlook:\n{values}\n")
    pictures = [draw_face(target_points(frame), extent=EXTENT, noise=2, seed=frame) for frame in range(NUMBER)]
    footage = Path("data/raw/bo.mp4")
    footage.parent.mkdir(parents=True)
    write_clip(
        footage,
        pictures,
        stamps=STAMPS,
        time_base=Fraction(1, 90000),
        tags=(1, 1, 1, 1),
        matrix=1,
        sound=["aac"],
        container_options={"movie_timescale": "90000"},
    )
    make_frames(footage=footage, frames=Path("data/frames/bo.parquet"), settings=frames_settings())
    write_swaps(Path("data/swaps/bo.ada-for-bo.parquet"))
    swapper = Path("data/swapper/ada-bo")
    swapper.mkdir(parents=True)
    (swapper / "settings.json").write_text('{"model": "driven", "settings": {}}')
    (swapper / "weights.safetensors").write_bytes(b"weights")
    return tmp_path


def flags(shot="data/shots/bo.ada-for-bo.mp4"):
    return {
        "frames": Path("data/frames/bo.parquet"),
        "swaps": Path("data/swaps/bo.ada-for-bo.parquet"),
        "swapper": Path("data/swapper/ada-bo"),
        "source_consent": Path("people/ada.yaml"),
        "target_consent": Path("people/bo.yaml"),
        "payloads": Path(shot).with_suffix(".payload"),
        "shot": Path(shot),
    }


def make_shot(shot="data/shots/bo.ada-for-bo.mp4", *, changed=None, **look):
    main(**(flags(shot) | (changed or {})), settings=Settings.model_validate(LOOK | look))
    return Path(shot)


def left_beside(shot):
    return sorted(file.name for file in shot.parent.iterdir())


def frames_of(film):
    table = film.with_suffix(".parquet")
    make_frames(footage=film, frames=table, settings=frames_settings())
    return read_table(table, FRAMES)


def run_stage(**pipes):
    names = [part for name, value in flags().items() for part in (f"--{name.replace('_', '-')}", str(value))]
    environment = os.environ | {"PYTHONPATH": str(REPO)}
    return subprocess.Popen(
        [sys.executable, str(REPO / "stages/shots.py"), *names], env=environment, text=True, **pipes
    )


def test_a_shot_has_the_clips_times_tags_and_sound(project):
    shot = make_shot()
    clip, film = read_table(Path("data/frames/bo.parquet"), FRAMES), frames_of(shot)
    for column in ("frame", "pts", "time_s", "width", "height", "rotation_deg"):
        assert film.column(column).to_pylist() == clip.column(column).to_pylist(), column
    for fact in ("color_tags", "matrix", "range", "time_base", "sample_aspect"):
        assert metadata_of(film)[fact] == metadata_of(clip)[fact], fact
    assert sound_sha256(shot) == sound_sha256(Path("data/raw/bo.mp4"))


def test_painted_faces_are_in_the_shot_and_other_frames_are_as_they_were(project):
    before = dict(read_frames(Path("data/frames/bo.parquet")))
    after = dict(read_frames(frames_of(make_shot(crf=4))))
    changes = {frame: np.abs(after[frame].astype(int) - before[frame]).max(-1) for frame in before}
    for frame in range(NUMBER):
        assert (changes[frame] > 40).any() == (frame != LOST)
        assert np.median(changes[frame][:, :10]) <= 3


def test_a_shot_is_signed_and_says_from_what_by_which_model_with_whose_consent(project):
    shot = make_shot()
    credentials = read_credentials(shot)
    assert credentials.state in ("valid", "trusted")
    said = credentials.shot
    assert (said["shot"], said["clip"], said["model"]) == ("bo.ada-for-bo", "bo", "driven")
    assert (said["consents"]["source"]["person"], said["consents"]["target"]["person"]) == ("ada", "bo")
    assert said["payload_sha256"] == payload_sha256(shot)
    assert said["inputs"]["footage"] == sha256_of(Path("data/raw/bo.mp4"))
    assert said["inputs"]["swaps"] == sha256_of(Path("data/swaps/bo.ada-for-bo.parquet"))
    assert said["settings"]["look"]["crf"] == 16


def test_pictures_are_the_same_bytes_from_run_to_run_and_with_any_number_of_threads(project, monkeypatch):
    hashes = set()
    for number, threads in enumerate(("1", "4", "3", "4")):
        monkeypatch.setenv("UNDERSTUDY_THREADS", threads)
        hashes.add(payload_sha256(make_shot(f"data/shots/{number}.mp4")))
    assert len(hashes) == 1


@pytest.mark.parametrize("change", [{"grain": 0}, {"light": 0}, {"steadiness": 0}, {"outline": 0}, {"seed": 1}])
def test_a_changed_setting_changes_the_pictures(project, change):
    assert payload_sha256(make_shot("data/shots/one.mp4")) != payload_sha256(make_shot("data/shots/two.mp4", **change))


def test_nothing_but_the_signed_shot_and_the_hash_of_its_pictures_is_left(project):
    shot = make_shot()
    assert left_beside(shot) == ["bo.ada-for-bo.mp4", "bo.ada-for-bo.payload"]


def test_another_run_signs_anew_and_writes_the_same_hash_of_the_pictures(project):
    shot = make_shot()
    signed, said = sha256_of(shot), sha256_of(shot.with_suffix(".payload"))
    make_shot()
    assert sha256_of(shot) != signed
    assert sha256_of(shot.with_suffix(".payload")) == said
    assert read_payloads(shot.with_suffix(".payload")) == {shot.name: payload_sha256(shot)}


def test_without_consent_no_work_is_done(project):
    with pytest.raises(ConsentError):
        make_shot(changed={"source_consent": Path("people/nobody.yaml"), "frames": Path("nowhere.parquet")})
    assert not Path("data/shots").exists()


def test_a_full_disk_leaves_nothing(project):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(OSError):
            make_shot()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(Path("data/shots").iterdir()) == []


def test_a_killed_run_leaves_nothing_visible_and_the_next_one_clears_up(project):
    process = run_stage()
    hidden = Path("data/shots/.bo.ada-for-bo.mp4.partial")
    while process.poll() is None and not hidden.exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [file for file in Path("data/shots").iterdir() if not file.name.startswith(".")] == []
    assert left_beside(make_shot()) == ["bo.ada-for-bo.mp4", "bo.ada-for-bo.payload"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_clears_up_and_says_so(project, number):
    process = run_stage(stderr=subprocess.PIPE)
    hidden = Path("data/shots/.bo.ada-for-bo.mp4.partial")
    while process.poll() is None and not hidden.exists():
        time.sleep(0.005)
    process.send_signal(number)
    said = process.communicate()[1]
    assert process.returncode == 128 + number
    assert said.endswith(f"shots: data/shots/bo.ada-for-bo.mp4: ended by {number.name}; run again to go on\n")
    assert "Traceback" not in said
    assert list(Path("data/shots").iterdir()) == []


def test_two_runs_at_once_are_refused(project):
    with working_folder(Path("data/shots/bo.ada-for-bo.mp4")), pytest.raises(EngineError, match="another run"):
        make_shot()
    assert make_shot().is_file()


def test_changed_footage_is_refused(project):
    pictures = [draw_face(target_points(frame), extent=EXTENT, noise=9, seed=99) for frame in range(NUMBER)]
    write_clip(Path("data/raw/bo.mp4"), pictures, tags=(1, 1, 1, 1), matrix=1)
    with pytest.raises(FootageError, match="run stage frames again"):
        make_shot()
    assert list(Path("data/shots").iterdir()) == []


def test_corrupt_tables_and_swappers_are_refused(project):
    swaps, settings = Path("data/swaps/bo.ada-for-bo.parquet"), Path("data/swapper/ada-bo/settings.json")
    whole = swaps.read_bytes()
    swaps.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError):
        make_shot()
    swaps.write_bytes(whole)
    settings.write_text("{")
    with pytest.raises(ModelError, match=r"settings\.json"):
        make_shot()
    assert list(Path("data/shots").iterdir()) == []


def test_a_clip_in_which_nothing_was_painted_is_passed_on_and_signed(project):
    rows = {"clip": ["bo"] * NUMBER, "frame": list(range(NUMBER)), "face": [-1] * NUMBER}
    empty = {name: [lost_row()[name]] * NUMBER for name in lost_row()}
    write_table(Path("data/swaps/bo.ada-for-bo.parquet"), make_table(SWAPS, rows | empty), SWAPS)
    shot = make_shot()
    assert read_credentials(shot).state in ("valid", "trusted")
    assert frames_of(shot).num_rows == NUMBER
