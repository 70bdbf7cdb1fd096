"""Pieces of a long clip: made once, by whoever claims them, and never believed when they are damaged."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from understudy.errors import SettingsError
from understudy.params import Settings
from understudy.pieces import PieceFolder, cut_evenly, open_pieces, through_frames
from understudy.sharing import Pieces, Share, parse_share

ROOT = Path(__file__).parents[1]
NUMBER = 5
WORKER = """
import sys, time
from pathlib import Path
import pyarrow as pa
from understudy.pieces import PieceFolder
from understudy.sharing import Pieces

folder, stops_at = Path(sys.argv[1]), int(sys.argv[2])

def begin(pieces):
    for piece in pieces:
        yield piece, lambda: make(piece)

def make(piece):
    if piece == stops_at:
        print("stopped", flush=True)
        time.sleep(600)
    with Path("made.txt").open("a") as file:
        file.write(f"{piece}\\n")
    time.sleep(0.02)
    return pa.table({"value": [piece * 0.1]})

print(len(PieceFolder(folder, Pieces(1)).gather(5, begin)), flush=True)
"""


class Clip:
    """Something to work through: piece k is a table of k tenths. Remembers what was made."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.made: list[int] = []
        self.fails_at = fails_at

    def begin(self, pieces):
        for piece in pieces:
            yield piece, lambda piece=piece: self.make(piece)

    def make(self, piece):
        if piece == self.fails_at:
            raise RuntimeError("killed")
        self.made.append(piece)
        return pa.table({"value": [piece * 0.1]})


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pieces/stage/clip/key"


def gather(folder, clip, *, share=None, number=NUMBER):
    return PieceFolder(folder, Pieces(1, share)).gather(number, clip.begin)


def values(tables):
    return [value for table in tables for value in table.column("value").to_pylist()]


def worker(folder, *, stops_at=-1):
    command = [sys.executable, "-c", WORKER, str(folder), str(stops_at)]
    return subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def test_pieces_come_in_their_order_and_are_gone_after_dropping(folder):
    pieces = PieceFolder(folder, Pieces(1))
    assert values(pieces.gather(NUMBER, Clip().begin)) == [piece * 0.1 for piece in range(NUMBER)]
    assert len(list(folder.glob("*.piece"))) == NUMBER
    (folder.parent / "abandoned").mkdir()
    pieces.drop()
    assert list(folder.parents[1].iterdir()) == []


def test_a_clip_of_one_piece_leaves_no_trace(folder):
    assert values(gather(folder, Clip(), number=1)) == [0.0]
    assert gather(folder, Clip(), number=0) == []
    assert not folder.exists()


def test_what_fails_in_the_middle_goes_on_with_what_is_missing(folder):
    with pytest.raises(RuntimeError):
        gather(folder, Clip(fails_at=3))
    again = Clip()
    assert len(gather(folder, again)) == NUMBER
    assert again.made == [3, 4]


def test_after_a_kill_only_what_is_missing_is_made(folder):
    with worker(folder, stops_at=3) as process:
        assert process.stdout.readline() == "stopped\n"
        process.kill()
    again = Clip()
    assert values(gather(folder, again)) == [piece * 0.1 for piece in range(NUMBER)]
    assert again.made == [3, 4]


def test_a_share_makes_its_own_pieces_and_passes_by_what_another_process_holds(folder):
    with worker(folder, stops_at=1) as process:
        process.stdout.readline()
        clip = Clip()
        assert gather(folder, clip, share=Share(2, 2)) is None
        process.kill()
    assert clip.made == [3]


def test_who_gathers_waits_for_a_piece_that_another_process_holds(folder):
    with worker(folder, stops_at=3) as first:
        first.stdout.readline()
        with worker(folder) as second:
            while not (folder / "000004.piece").exists():
                assert second.poll() is None
            assert second.poll() is None
            first.kill()
            assert second.stdout.readline() == "5\n"
    assert sorted(Path("made.txt").read_text().split()) == ["0", "1", "2", "3", "4"]


def test_processes_at_work_together_make_every_piece_once(folder):
    workers = [worker(folder) for _ in range(3)]
    for process in workers:
        with process:
            assert process.stdout.readline() == "5\n"
    assert sorted(Path("made.txt").read_text().split()) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: bytes([content[0] ^ 1]) + content[1:],
    ],
    ids=["shorter", "headless", "empty", "flipped", "flipped digest"],
)
def test_a_damaged_piece_is_noticed_and_made_again(folder, capsys, damage):
    gather(folder, Clip())
    piece = folder / "000002.piece"
    whole = piece.read_bytes()
    piece.write_bytes(damage(whole))
    again = Clip()
    assert values(gather(folder, again)) == [piece * 0.1 for piece in range(NUMBER)]
    assert again.made == [2]
    assert "000002.piece: damaged; it is made again" in capsys.readouterr().err
    assert piece.read_bytes() == whole


def test_a_share_ends_quietly_when_all_was_gathered_meanwhile(folder):
    class Overtaken(Clip):
        def begin(self, pieces):
            for piece, make in super().begin(pieces):
                if piece == 3:
                    PieceFolder(folder, Pieces(1)).drop()
                yield piece, make

    clip = Overtaken()
    assert gather(folder, clip, share=Share(1, 1)) is None
    assert clip.made == [0, 1, 2]
    assert not folder.parent.exists()


def test_numbers_are_kept_to_the_last_bit(folder):
    odd = np.array([0.1, -0.0, np.nan, np.inf, 5e-324, np.nextafter(1, 2)])
    table = pa.table({"wide": odd, "narrow": odd.astype(np.float32), "text": ["é", None, "", "a", "b", "c"]})

    def begin(pieces):
        for piece in pieces:
            yield piece, lambda: table

    gathered = [PieceFolder(folder, Pieces(1)).gather(2, begin) for _ in range(2)]
    for found in [*gathered[0], *gathered[1]]:
        assert found.schema == table.schema
        for name in table.column_names:
            for buffer, other in zip(_buffers(found, name), _buffers(table, name), strict=True):
                assert buffer == other


def test_another_input_setting_fact_or_size_is_another_folder(tmp_path):
    class Chosen(Settings):
        number: int

    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("b")
    for changed in (
        {},
        {"inputs": [second]},
        {"settings": Chosen(number=2)},
        {"facts": {"backend": "b"}},
        {"pieces": Pieces(8)},
    ):
        options = {"inputs": [first], "settings": Chosen(number=1), "facts": {"backend": "a"}, "pieces": Pieces(7)}
        pieces = open_pieces(tmp_path / "clip.parquet", stage="faces", root=tmp_path / "root", **options | changed)
        clip = Clip()
        pieces.gather(2, clip.begin)
        assert clip.made == [0, 1], changed


def test_an_artifact_of_the_same_name_elsewhere_takes_nothing_away(tmp_path):
    class Chosen(Settings):
        number: int

    options = {"stage": "scores", "inputs": [], "settings": Chosen(number=1), "facts": {}, "pieces": Pieces(7)}
    one, other = (
        open_pieces(tmp_path / folder / "clip.json", root=tmp_path / "root", **options) for folder in ("one", "other")
    )
    for pieces in (one, other):
        pieces.gather(2, Clip().begin)
    one.drop()
    again = Clip()
    other.gather(2, again.begin)
    assert again.made == []


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_shares_are_all_pieces_and_each_once(number):
    shares = [Share(place, number).of(20) for place in range(1, number + 1)]
    assert sorted(piece for share in shares for piece in share) == list(range(20))


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "3/0", "3/8/9", "-1/8", "a/b", "3 / 8"])
def test_what_is_no_share_is_one_line(text):
    with pytest.raises(SettingsError, match=r"--share: .* is not a share; expected 1/8 to 8/8"):
        parse_share(text)


def test_footage_is_gone_through_once_for_all_missing_pieces():
    asked = []

    def read(frames):
        asked.append(list(frames))
        return ((frame, np.zeros((1, 1, 3), np.uint8)) for frame in frames)

    parts = cut_evenly([2, 3, 5, 8, 9, 11, 12], size=2)
    begin = through_frames(parts, read=read, make=lambda pictures: [frame for frame, _ in pictures])
    found = {piece: make() for piece, make in begin([0, 2, 3]) if piece != 2}
    assert found == {0: [2, 3], 3: [12]}
    assert asked == [[2, 3, 9, 11, 12]]


def _buffers(table, name):
    return [buffer and buffer.to_pybytes() for buffer in table.column(name).combine_chunks().buffers()]
