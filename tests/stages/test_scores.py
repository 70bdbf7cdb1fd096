import hashlib
import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from stages.embeddings import Settings as EmbeddingSettings
from stages.embeddings import main as make_embeddings
from stages.faces import Settings as FaceSettings
from stages.faces import main as make_faces
from stages.frames import Settings as FrameSettings
from stages.frames import main as make_frames
from stages.landmarks import Settings as LandmarkSettings
from stages.landmarks import main as make_landmarks
from stages.scores import PIECES, Settings, main
from tests.stages.conftest import make_in_shares
from understudy.errors import AnalysisError, CredentialError, FootageError, TableError
from understudy.images import decode_png
from understudy.media.encoder import Encoding
from understudy.media.film import format_of, last_duration_of, stamps_of
from understudy.media.playback import play_film
from understudy.media.reader import read_frames
from understudy.media.writer import write_film
from understudy.params import read_section
from understudy.payload import payload_sha256, read_payloads
from understudy.provenance.claim import ShotClaim
from understudy.provenance.consent import read_consent
from understudy.provenance.credentials import sign_shot
from understudy.provenance.verify import verify
from understudy.sharing import Pieces, Share
from understudy.tables import (
    CROPS,
    FRAMES,
    IDENTITIES,
    LANDMARKS,
    SWAPS,
    TRUTH,
    is_kept,
    make_table,
    metadata_of,
    points_of,
    read_table,
    write_table,
)

REPO = Path(__file__).parents[2]
NUMBER = 12
HELD_OUT = (4, 5, 6, 7)
NAME = "bo.ada-for-bo"
SETTINGS = Settings(describe_every=4, moments=3, tile_px=96, film_height_px=120, crf=20, preset="veryfast")
SECTIONS = {
    "frames": FrameSettings,
    "faces": FaceSettings,
    "landmarks": LandmarkSettings,
    "embeddings": EmbeddingSettings,
}


def settings_of(name):
    return read_section(SECTIONS[name], name, REPO / "params.yaml")


def film_of(clip, path, change=lambda image: image, *, frames=range(NUMBER)):
    """The clip's frames, each changed by `change`, as a film."""
    stamps = dict(enumerate(stamps_of(clip)))
    write_film(
        path,
        (change(image) for _, image in read_frames(clip, indices=list(frames))),
        stamps=[stamps[frame] for frame in frames],
        last_duration=last_duration_of(clip),
        like=format_of(clip),
        encoding=Encoding(crf=12, preset="veryfast"),
        audio_from=None,
    )


def blurred(image):
    return cv2.GaussianBlur(image, (0, 0), 1.5)


@pytest.fixture(scope="session")
def analysed(tmp_path_factory):
    """The first frames of the tiny project's clips, analysed."""
    root = tmp_path_factory.mktemp("analysed")
    for clip in ("ada", "bo"):
        whole, footage = (root / folder / f"{clip}.mp4" for folder in ("whole", "raw"))
        tables = {name: root / name / f"{clip}.parquet" for name in ("frames", "faces", "landmarks", "embeddings")}
        whole.parent.mkdir(exist_ok=True)
        make_frames(
            footage=REPO / f"tests/tiny/data/raw/{clip}.mp4",
            frames=whole.with_suffix(".parquet"),
            settings=settings_of("frames"),
        )
        film_of(read_table(whole.with_suffix(".parquet"), FRAMES), footage)
        make_frames(footage=footage, frames=tables["frames"], settings=settings_of("frames"))
        make_faces(frames=tables["frames"], faces=tables["faces"], settings=settings_of("faces"))
        make_landmarks(
            frames=tables["frames"],
            faces=tables["faces"],
            landmarks=tables["landmarks"],
            settings=settings_of("landmarks"),
        )
        make_embeddings(
            frames=tables["frames"],
            landmarks=tables["landmarks"],
            embeddings=tables["embeddings"],
            settings=settings_of("embeddings"),
        )
    return root


def empty(schema, keys):
    """Columns of `schema` with nothing in them but `keys`."""
    number = len(keys["clip"])
    columns = {}
    for field in schema:
        kind = str(field.type)
        width = field.type.list_size if kind.startswith("fixed_size_list") else 0
        absent = 0 if kind.startswith("int") else float("nan") if kind in ("float", "double") else None
        columns[field.name] = np.full((number, width), np.nan) if width else [absent] * number
        if kind.startswith("list"):
            columns[field.name] = [[]] * number
    return columns | keys


def write_tables(root, analysed):
    """Swaps, identities and face sets as if every believed face had been painted."""
    for clip in ("ada", "bo"):
        fits = read_table(analysed / f"landmarks/{clip}.parquet", LANDMARKS)
        kept = np.flatnonzero(is_kept(fits))
        keys = {name: fits.column(name).take(kept).to_pylist() for name in ("clip", "frame", "face")}
        split = ["test" if frame in HELD_OUT else "train" for frame in keys["frame"]]
        write_table(root / f"crops/{clip}.parquet", make_table(CROPS, empty(CROPS, keys | {"split": split})), CROPS)
        if clip == "bo":
            swaps = make_table(SWAPS, empty(SWAPS, keys | {"points": points_of(fits)[kept]}))
            write_table(root / f"swaps/{NAME}.parquet", swaps, SWAPS)
            named = make_table(IDENTITIES, empty(IDENTITIES, keys | {"person": ["bo"] * len(kept)}))
            write_table(root / "identities.parquet", named, IDENTITIES)


def write_truth(folder, clip, *, frames):
    keys = {"clip": ["bo"] * NUMBER, "frame": list(range(NUMBER))}
    order = {frame: index for index, frame in enumerate(frames)}
    known = {
        "mouth_opening": np.linspace(0, 0.1, NUMBER),
        "eye_opening": np.full(NUMBER, 0.1),
        "true_swap_frame": [order.get(frame) for frame in range(NUMBER)],
    }
    write_table(folder / "bo.parquet", make_table(TRUTH, empty(TRUTH, keys | known)), TRUTH)
    film_of(clip, folder / f"{NAME}.mp4", frames=frames)


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_KEYS", str(tmp_path_factory.mktemp("keys")))
        patch.setenv("UNDERSTUDY_THREADS", "1")
        patch.chdir(tmp_path_factory.mktemp("here"))
        yield


@pytest.fixture
def project(tmp_path, analysed):
    return make_project(tmp_path, analysed)


@pytest.fixture(scope="module")
def scored(tmp_path_factory, analysed):
    """A project that was scored; not to be changed."""
    root = make_project(tmp_path_factory.mktemp("scored"), analysed)
    score(root, analysed)
    return root


def make_project(tmp_path, analysed):
    """All that stage scores reads: of the true swap six frames are known, and it is the clip itself."""
    clip = read_table(analysed / "frames/bo.parquet", FRAMES)
    write_tables(tmp_path, analysed)
    write_truth(tmp_path / "truth", clip, frames=range(2, 8))
    sign(tmp_path, clip, blurred)
    (tmp_path / "swapper").mkdir()
    (tmp_path / "swapper/history.csv").write_text(
        "step,loss,validation_loss_source,validation_psnr_db_source\n1,0.5,0.4,21.5\n2,0.4,0.3,23.25\n3,0.4,,\n"
    )
    return tmp_path


def sign(root, clip, change, **film):
    unsigned = root / "unsigned.mp4"
    film_of(clip, unsigned, change, **film)
    ada, bo = (read_consent(REPO / f"tests/tiny/people/{person}.yaml") for person in ("ada", "bo"))
    claim = ShotClaim(
        NAME, "bo", ada, bo, "sample", "driven", "a" * 64, {}, {"footage": "b" * 64}, payload_sha256(unsigned)
    )
    sign_shot(unsigned, root / f"shots/{NAME}.mp4", claim, parent=Path(metadata_of(clip)["footage"]))


def outputs(root, folder="made"):
    return {
        "scores": root / folder / f"{NAME}.json",
        "picture": root / folder / f"{NAME}.comparison.png",
        "payloads": root / folder / f"{NAME}.comparison.payload",
        "film": root / folder / f"{NAME}.comparison.mp4",
    }


def score(root, analysed, folder="made", *, pieces=PIECES):
    made = outputs(root, folder)
    main(
        frames=analysed / "frames/bo.parquet",
        landmarks=analysed / "landmarks/bo.parquet",
        identities=root / "identities.parquet",
        embeddings=analysed / "embeddings",
        source_crops=root / "crops/ada.parquet",
        target_crops=root / "crops/bo.parquet",
        swapper=root / "swapper",
        swaps=root / f"swaps/{NAME}.parquet",
        shot=root / f"shots/{NAME}.mp4",
        truth=root / "truth",
        settings=SETTINGS,
        pieces=pieces,
        **made,
    )
    return json.loads(made["scores"].read_text()) if made["scores"].exists() else None


def test_a_blurred_bo_is_found_to_be_bo_and_blurred(scored):
    scores = json.loads(outputs(scored)["scores"].read_text())
    held_out = scores["held_out"]
    assert held_out["frames"] == len(HELD_OUT)
    assert scores["rest"]["frames"] == scores["painted"]["painted_frames"] - len(HELD_OUT) >= NUMBER - len(HELD_OUT) - 2
    assert held_out["shot"]["identity"]["source_nearer"] == 0
    assert held_out["shot"]["identity"]["target_distance"] < 0.3 < held_out["shot"]["identity"]["source_distance"]
    assert held_out["untouched"]["identity"]["target_distance"] < 0.3
    assert held_out["against_true_swap"]["sharpness_ratio"] < 0.8
    assert held_out["against_true_swap"]["frames"] == len(HELD_OUT)
    assert scores["rest"]["against_true_swap"]["frames"] == 2
    assert held_out["shot"]["pose"]["error_deg"] < 2
    assert scores["painted"]["share"] == 1
    assert scores["reconstruction"] == {"loss_source": 0.3, "psnr_db_source": 23.25}


def test_the_comparison_is_signed_and_shows_all_three(scored):
    made = outputs(scored)
    assert verify(made["picture"]).sentence == "a valid comparison picture of ours"
    assert verify(made["film"]).sentence == "a valid comparison film of ours"
    picture = decode_png(made["picture"].read_bytes())
    assert picture.shape[1] == 3 * (96 + 4)
    assert picture.shape[0] == 3 * (96 + 4 + round(96 * 0.12))
    pictures = [image[60, -60].mean() for image in play_film(made["film"])]
    assert len(pictures) == NUMBER
    assert [shade == pytest.approx(40, abs=3) for shade in pictures] == [
        frame not in range(2, 8) for frame in range(12)
    ]


def test_another_run_with_more_processes_gives_the_same_scores_and_pictures(scored, analysed, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_THREADS", "2")
    score(scored, analysed, "again")
    first, again = outputs(scored), outputs(scored, "again")
    assert first["scores"].read_bytes() == again["scores"].read_bytes()
    assert [payload_sha256(first[name]) for name in ("picture", "film")] == [
        payload_sha256(again[name]) for name in ("picture", "film")
    ]
    assert first["payloads"].read_bytes() == again["payloads"].read_bytes()
    assert read_payloads(first["payloads"]) == {
        made.name: payload_sha256(made) for made in (first["picture"], first["film"])
    }


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_pieces_and_shares_give_the_scores_of_one_go(scored, analysed, number):
    made, folder = outputs(scored)["scores"].read_bytes(), f"in {number} shares"
    shared = partial(score, scored, analysed, folder)
    assert make_in_shares(shared, outputs(scored, folder)["scores"], size=4, number=number) == made


def test_what_shares_have_seen_is_not_looked_at_again(scored, analysed):
    for place in (1, 2):
        score(scored, analysed, "seen", pieces=Pieces(4, Share(place, 2)))
    piece = sorted(Path(".understudy/pieces/scores").rglob("*.piece"))[0]
    seen = pa.ipc.open_file(piece.read_bytes()[32:]).read_all()
    blind = seen.set_column(2, "sharpness", [[float("nan")] * seen.num_rows])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, seen.schema) as file:
        file.write_table(blind)
    content = bytes(sink.getvalue())
    piece.write_bytes(hashlib.sha256(content).digest() + content)
    sharpness = score(scored, analysed, "seen", pieces=Pieces(4))["rest"]["shot"]["sharpness"]
    assert sharpness != json.loads(outputs(scored)["scores"].read_text())["rest"]["shot"]["sharpness"]


def test_without_a_truth_performance_and_shot_are_compared(project, analysed):
    for file in (project / "truth").iterdir():
        file.unlink()
    scores = score(project, analysed)
    assert scores["held_out"]["true_swap"] is None
    assert scores["held_out"]["against_true_swap"] is None
    assert scores["held_out"]["shot"]["mouth"]["true_correlation"] is None
    assert scores["held_out"]["shot"]["mouth"]["correlation"] is not None
    assert decode_png(outputs(project)["picture"].read_bytes()).shape[0] == 2 * (96 + 4 + round(96 * 0.12))
    assert len(list(play_film(outputs(project)["film"]))) == NUMBER


def test_where_nothing_was_held_out_all_of_the_clip_counts(project, analysed):
    table = read_table(project / "crops/bo.parquet", CROPS)
    index = table.schema.get_field_index("split")
    learnt = table.set_column(index, table.schema.field(index), [["train"] * table.num_rows])
    write_table(project / "crops/bo.parquet", learnt, CROPS)
    scores = score(project, analysed)
    assert (scores["held_out"]["frames"], scores["rest"]["frames"]) == (scores["painted"]["painted_frames"], 0)
    assert scores["rest"]["shot"] is None


def test_a_shot_that_was_tampered_with_is_not_compared(project, analysed):
    shot = project / f"shots/{NAME}.mp4"
    content = bytearray(shot.read_bytes())
    content[content.index(b"mdat") + 900] ^= 1
    shot.write_bytes(bytes(content))
    with pytest.raises(CredentialError, match="run stage shots again"):
        score(project, analysed)
    assert not outputs(project)["scores"].exists()


def test_a_shot_with_frames_missing_is_refused(project, analysed):
    sign(project, read_table(analysed / "frames/bo.parquet", FRAMES), blurred, frames=range(NUMBER - 1))
    with pytest.raises(FootageError, match=f"{NUMBER - 1} pictures, expected {NUMBER}"):
        score(project, analysed)


def test_a_shot_in_which_nothing_was_painted_is_refused(project, analysed):
    table = read_table(project / f"swaps/{NAME}.parquet", SWAPS)
    index = table.schema.get_field_index("reason")
    refused = table.set_column(index, table.schema.field(index), [["nobody on record"] * table.num_rows])
    write_table(project / f"swaps/{NAME}.parquet", refused, SWAPS)
    with pytest.raises(AnalysisError, match="nothing of bo was painted"):
        score(project, analysed)


def test_a_name_that_says_nothing_is_refused(project, analysed):
    (project / f"shots/{NAME}.mp4").rename(project / "shots/final.mp4")
    with pytest.raises(TableError, match="expected one like"):
        main(
            frames=analysed / "frames/bo.parquet",
            landmarks=analysed / "landmarks/bo.parquet",
            identities=project / "identities.parquet",
            embeddings=analysed / "embeddings",
            source_crops=project / "crops/ada.parquet",
            target_crops=project / "crops/bo.parquet",
            swapper=project / "swapper",
            swaps=project / f"swaps/{NAME}.parquet",
            shot=project / "shots/final.mp4",
            truth=project / "truth",
            settings=SETTINGS,
            **outputs(project),
        )
