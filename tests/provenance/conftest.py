import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from understudy.payload import payload_sha256
from understudy.provenance.claim import ShotClaim
from understudy.provenance.consent import read_consent

WriteRecord = Callable[..., Path]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    folder = tmp_path / "people"
    folder.mkdir()
    return folder


@pytest.fixture
def write_record(people: Path) -> WriteRecord:
    def write(person: str, **changes: object) -> Path:
        document = people / f"{person}-consent.md"
        document.write_text(f"{person} agrees.\n")
        fields = {
            "name": person.title(),
            "kind": "drawn",
            "consent": {"document": document.name, "sha256": hashlib.sha256(document.read_bytes()).hexdigest()},
            "allows": ["likeness", "performance"],
            "productions": ["sample"],
            "from": date(2026, 1, 1),
            "until": date(2036, 1, 1),
            "references": [f"{person}.png"],
        } | changes
        record = people / f"{person}.yaml"
        record.write_text(yaml.safe_dump({key: value for key, value in fields.items() if value is not None}))
        return record

    return write


@pytest.fixture(autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for keys that is not the user's; and no studio."""
    folder = tmp_path_factory.mktemp("keys")
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(folder))
    for name in ("UNDERSTUDY_SIGN_CERT", "UNDERSTUDY_SIGN_KEY", "UNDERSTUDY_TRUST"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight grey frames of 64 x 64."""
    path = tmp_path_factory.mktemp("film") / "bo.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"threads": "1"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for grey in range(0, 160, 20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def claim(write_record: WriteRecord, film: Path) -> ShotClaim:
    return ShotClaim(
        shot="bo.ada-for-bo",
        clip="bo",
        source=read_consent(write_record("ada")),
        target=read_consent(write_record("bo", allows=["performance"])),
        production="sample",
        model="driven",
        weights_sha256="a" * 64,
        settings={"shots": {"crf": 16, "light": 0.6}, "swapper": {"steps": 400}},
        inputs={"footage": "b" * 64, "swaps": "c" * 64},
        payload_sha256=payload_sha256(film),
    )
