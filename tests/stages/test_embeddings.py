from functools import partial
from pathlib import Path

import numpy as np
import pytest

from stages import embeddings
from tests.stages.conftest import make_in_shares, settings_of
from understudy.errors import FootageError
from understudy.sharing import Pieces, Share
from understudy.tables import EMBEDDINGS, LANDMARKS, is_kept, matrix, metadata_of, read_table


@pytest.fixture(scope="module")
def described(duo):
    return read_table(duo.embeddings / "duo.parquet", EMBEDDINGS)


def test_every_believed_face_and_no_other_is_described(duo, described):
    fits = read_table(duo.landmarks / "duo.parquet", LANDMARKS)
    kept = fits.filter(is_kept(fits))
    for key in ("clip", "frame", "face"):
        assert described.column(key).to_pylist() == kept.column(key).to_pylist()


def test_a_face_is_nearer_to_itself_at_another_time_than_to_the_other_person(described):
    vectors, face = matrix(described, "embedding"), described.column("face").to_numpy()
    ada, bo = vectors[face == 0], vectors[face == 1]
    within = np.linalg.norm(ada - np.median(ada, axis=0), axis=1)
    across = np.linalg.norm(bo - np.median(ada, axis=0), axis=1)
    assert within.max() < across.min()


def test_one_process_and_two_give_equal_bytes(duo, tmp_path, monkeypatch):
    for number in (1, 2):
        monkeypatch.setenv("UNDERSTUDY_THREADS", str(number))
        describe(duo, tmp_path / f"{number}.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_the_metadata_say_how_the_faces_were_found_and_described(described):
    facts = metadata_of(described)
    assert facts["backend"] == "dlib_resnet"
    assert facts["weights_sha256"].startswith("55533b28a95800a5")
    assert {"settings.faces", "settings.landmarks", "settings.embeddings"} <= set(facts)


def test_footage_that_changed_since_is_refused(duo, tmp_path):
    picture = duo.root / "stills/003.png"
    content = picture.read_bytes()
    picture.write_bytes((duo.root / "stills/004.png").read_bytes())
    try:
        with pytest.raises(FootageError, match="frame 3 is another picture"):
            describe(duo, tmp_path / "changed.parquet")
    finally:
        picture.write_bytes(content)
    assert not (tmp_path / "changed.parquet").exists()


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_pieces_and_shares_give_the_bytes_of_one_go(duo, elsewhere, number):
    made = elsewhere / "shared.parquet"
    shared = make_in_shares(partial(describe, duo, made), made, size=4, number=number)
    assert shared == (duo.embeddings / "duo.parquet").read_bytes()


def test_what_shares_have_made_is_gathered_without_the_footage(duo, elsewhere):
    for place in (1, 2):
        describe(duo, elsewhere / "shared.parquet", pieces=Pieces(4, Share(place, 2)))
    (duo.root / "stills").rename(duo.root / "away")
    try:
        describe(duo, elsewhere / "shared.parquet", pieces=Pieces(4))
    finally:
        (duo.root / "away").rename(duo.root / "stills")
    assert Path("shared.parquet").read_bytes() == (duo.embeddings / "duo.parquet").read_bytes()


def describe(duo, path, *, pieces=embeddings.PIECES):
    embeddings.main(
        frames=duo.frames / "duo.parquet",
        landmarks=duo.landmarks / "duo.parquet",
        embeddings=path,
        settings=settings_of(embeddings),
        pieces=pieces,
    )
