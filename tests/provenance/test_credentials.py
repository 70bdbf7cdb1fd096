import tomllib
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from understudy.errors import CredentialError
from understudy.payload import payload_sha256
from understudy.provenance import __main__, credentials
from understudy.provenance import claim as claims
from understudy.provenance.claim import COMPOSITE, ShotClaim
from understudy.provenance.credentials import read_credentials, sign_derived, sign_shot
from understudy.provenance.verify import verify


@pytest.fixture
def shot(tmp_path: Path, film: Path, claim: ShotClaim) -> Path:
    signed = tmp_path / "shots" / "bo.ada-for-bo.mp4"
    sign_shot(film, signed, claim, parent=film)
    return signed


def changed(shot: Path, content: bytes) -> Path:
    path = shot.with_name(f"changed{shot.suffix}")
    path.write_bytes(content)
    return path


def flipped(shot: Path, position: int) -> Path:
    content = bytearray(shot.read_bytes())
    content[position] ^= 1 << (position % 8)
    return changed(shot, bytes(content))


def test_a_shot_says_how_it_was_made(shot: Path, claim: ShotClaim) -> None:
    found = read_credentials(shot)
    assert (found.state, found.root) == ("trusted", "your own key")
    assert ("c2pa.edited", COMPOSITE) in found.actions
    assert "c2pa.opened" in [action for action, _ in found.actions]
    assert found.parents == ("bo.mp4",)
    assert set((found.training or {}).values()) == {"notAllowed"}
    said = dict(found.shot or {})
    assert said.pop("unsealed_sha256")
    assert said == dict(claim.assertion())


def test_the_claim_holds_every_hash_and_consent(claim: ShotClaim) -> None:
    said = claim.assertion()
    assert said["what"] == "Ada's likeness was painted over Bo's performance"
    assert said["weights_sha256"] == "a" * 64
    assert said["inputs"] == {"footage": "b" * 64, "swaps": "c" * 64}
    assert said["settings"] == {"shots": {"crf": 16, "light": 0.6}, "swapper": {"steps": 400}}
    assert said["consents"]["source"]["record_sha256"] == claim.source.record_sha256
    assert said["consents"]["target"]["allows"] == ["performance"]


def test_a_face_rebuilt_over_itself_says_so(claim: ShotClaim) -> None:
    said = replace(claim, source=claim.target, production=None).assertion()
    assert said["what"] == "Bo's own face was rebuilt over Bo's own performance, to measure the model"


def test_signing_leaves_pictures_and_times_alone(shot: Path, film: Path) -> None:
    assert payload_sha256(shot) == payload_sha256(film)
    assert presentation_times(shot) == presentation_times(film)


def presentation_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_a_valid_shot_is_accepted_and_explained(shot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([str(shot)]) == 0
    page = capsys.readouterr().out
    assert f"{shot}: a valid shot of ours" in page.splitlines()[0]
    words = ["by your own key", "Ada's likeness was painted over Bo's performance", "model driven", "a" * 64, "b" * 64]
    words += ["Ada (drawn) allows likeness and performance in sample from 2026-01-01 until", "light 0.6", "bo.mp4"]
    assert [word for word in words if word not in " ".join(page.split())] == []
    assert len(page.splitlines()) < 40


def test_one_flipped_bit_is_refused_wherever_it_is(shot: Path) -> None:
    number = shot.stat().st_size
    accepted = [place for place in range(8, number, number // 97) if verify(flipped(shot, place)).is_ours]
    assert accepted == []


@pytest.mark.parametrize("box", [b"ftyp", b"uuid", b"mdat", b"moov"])
def test_one_flipped_bit_in_a_box_is_refused(shot: Path, box: bytes) -> None:
    assert not verify(flipped(shot, shot.read_bytes().index(box) + 24)).is_ours


def test_a_cut_file_is_refused(shot: Path) -> None:
    content = shot.read_bytes()
    for length in (len(content) - 1, len(content) // 2, 100, 1):
        assert not verify(changed(shot, content[:length])).is_ours


@pytest.mark.parametrize("tail", [b"\0\0\0\x08free", b"\0\0\0\x10freeSECRET!!", b"x", b"\0\0\0\x10mdat12345678"])
def test_something_appended_is_refused(shot: Path, tail: bytes) -> None:
    verdict = verify(changed(shot, shot.read_bytes() + tail))
    assert not verdict.is_ours
    assert "TAMPERED" in verdict.sentence


def test_something_hidden_in_the_credentials_padding_is_refused(shot: Path) -> None:
    content = shot.read_bytes()
    start = content.index(b"\0" * 256, content.index(b"\x63pad"))
    verdict = verify(changed(shot, content[: start + 50] + b"hidden" + content[start + 56 :]))
    assert read_credentials(shot.with_name("changed.mp4")).state == "trusted", "C2PA alone does not see it"
    assert not verdict.is_ours
    assert "the place that holds the credentials was changed" in verdict.page


def test_pictures_other_than_the_recorded_ones_are_refused(tmp_path: Path, film: Path, claim: ShotClaim) -> None:
    signed = tmp_path / "other.mp4"
    credentials._sign(film, signed, {**claim.assertion(), "payload_sha256": "0" * 64}, parent=film)
    verdict = verify(signed)
    assert not verdict.is_ours
    assert "not those that the credentials were made for" in " ".join(verdict.page.split())


def test_a_remuxed_shot_has_no_credentials(shot: Path) -> None:
    remuxed = shot.with_name("remuxed.mp4")
    with av.open(str(shot)) as origin, av.open(str(remuxed), "w") as destination:
        stream = destination.add_stream_from_template(origin.streams.video[0])
        for packet in origin.demux(origin.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                destination.mux(packet)
    verdict = verify(remuxed)
    assert (verdict.is_ours, verdict.sentence) == (False, "not signed")


def test_files_that_were_never_signed_are_refused(film: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("hello")
    named_as_film = tmp_path / "text.mp4"
    named_as_film.write_text("hello")
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    assert verify(film).sentence == "not signed"
    assert verify(text).sentence == "not signed"
    assert not verify(named_as_film).is_ours
    assert not verify(empty).is_ours


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([str(tmp_path / "nothing.mp4")]) == 1
    assert capsys.readouterr().err == f"verify: {tmp_path}/nothing.mp4: no such file\n"
    assert __main__.main([]) == 1


def test_a_strangers_shot_is_intact_but_not_ours(shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "another home"))
    verdict = verify(shot)
    assert not verdict.is_ours
    assert verdict.sentence == "signed and intact, but by a key nobody here knows"


def test_a_strangers_root_can_be_trusted(
    shot: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "another home"))
    monkeypatch.setenv("UNDERSTUDY_TRUST", str(keys / "chain" / "root.pem"))
    verdict = verify(shot)
    assert verdict.is_ours
    assert "a root you trust" in verdict.page


def test_a_studio_signs_with_its_own_chain(
    keys: Path, film: Path, claim: ShotClaim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_shot(film, tmp_path / "mine.mp4", claim, parent=film)
    leaf, intermediate = ((keys / "chain" / name).read_text() for name in ("leaf.pem", "intermediate.pem"))
    key = tmp_path / "studio.key"
    key.write_text(leaf[leaf.index("-----BEGIN PRIVATE") :])
    key.chmod(0o600)
    chain = tmp_path / "studio.pem"
    certificates = [pem[: pem.index("-----BEGIN PRIVATE")] for pem in (leaf, intermediate)]
    chain.write_text("".join(certificates) + (keys / "chain" / "root.pem").read_text())
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "unused"))
    monkeypatch.setenv("UNDERSTUDY_SIGN_CERT", str(chain))
    monkeypatch.setenv("UNDERSTUDY_SIGN_KEY", str(key))
    sign_shot(film, tmp_path / "studio.mp4", claim, parent=film)
    found = read_credentials(tmp_path / "studio.mp4")
    assert found.state == "trusted"
    assert "the studio's certificate" in str(found.root)
    assert not (tmp_path / "unused").exists()


def test_a_parent_that_cannot_carry_credentials_is_named_and_bound_by_hash(
    tmp_path: Path, film: Path, claim: ShotClaim
) -> None:
    folder = tmp_path / "stills"
    folder.mkdir()
    matroska = tmp_path / "bo.mkv"
    matroska.write_bytes(b"")
    for parent in (folder, matroska):
        signed = tmp_path / f"{parent.stem}.mp4"
        sign_shot(film, signed, claim, parent=parent)
        assert read_credentials(signed).parents == (parent.name,)
        assert verify(signed).is_ours


def test_a_comparison_is_signed_as_made_from_its_shot(shot: Path, tmp_path: Path) -> None:
    unsigned = tmp_path / "unsigned.png"
    cv2.imwrite(str(unsigned), np.arange(3072, dtype=np.uint16).reshape(32, 32, 3).astype(np.uint8))
    signed = tmp_path / "comparison.png"
    sign_derived(unsigned, signed, shot=shot, kind="comparison picture")
    assert verify(signed).sentence == "a valid comparison picture of ours"
    assert read_credentials(signed).parents == (shot.name,)
    assert not verify(flipped(signed, signed.stat().st_size - 30)).is_ours
    assert not verify(changed(signed, signed.read_bytes() + b"more")).is_ours


def test_nothing_is_derived_from_a_shot_that_was_tampered_with(shot: Path, film: Path, tmp_path: Path) -> None:
    bad = flipped(shot, shot.read_bytes().index(b"mdat") + 30)
    with pytest.raises(CredentialError, match="run stage shots again"):
        sign_derived(film, tmp_path / "comparison.mp4", shot=bad, kind="comparison film")
    with pytest.raises(CredentialError, match="run stage shots again"):
        sign_derived(film, tmp_path / "comparison.mp4", shot=film, kind="comparison film")
    assert not (tmp_path / "comparison.mp4").exists()


def test_a_claim_made_for_other_pictures_is_not_signed(tmp_path: Path, film: Path, claim: ShotClaim) -> None:
    signed = tmp_path / "out" / "shot.mp4"
    with pytest.raises(CredentialError, match="not those the claim was made for"):
        sign_shot(film, signed, replace(claim, payload_sha256="0" * 64), parent=film)
    assert not signed.exists()


def test_a_kind_of_file_that_cannot_be_signed_leaves_nothing(tmp_path: Path, film: Path, claim: ShotClaim) -> None:
    signed = tmp_path / "out" / "shot.mkv"
    with pytest.raises(CredentialError, match=r"shot\.mkv: cannot be signed") as error:
        sign_shot(film, signed, claim, parent=film)
    assert "\n" not in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_generators_version_is_the_projects() -> None:
    project = tomllib.loads((Path(claims.__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == (claims.GENERATOR, claims.GENERATOR_VERSION)


def test_control_characters_in_a_strangers_claim_do_not_reach_the_terminal(
    tmp_path: Path, film: Path, claim: ShotClaim
) -> None:
    signed = tmp_path / "escape.mp4"
    sign_shot(film, signed, replace(claim, model="\x1b[2Jdriven"), parent=film)
    assert "\x1b" not in verify(signed).page
