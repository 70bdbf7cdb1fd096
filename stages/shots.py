"""The finished shot: painted faces composited into the clip, encoded with its sound, and signed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from understudy.stage import progress, run, threads

import numpy as np
import pyarrow as pa

from understudy.compositing.clip import composite_clip, measure_clip
from understudy.compositing.rows import painted_frames
from understudy.compositing.settings import CompositeSettings
from understudy.errors import ModelError
from understudy.files import sha256_of, working_folder
from understudy.media.encoder import Encoding
from understudy.media.film import format_of, last_duration_of, stamps_of
from understudy.media.reader import read_frames
from understudy.media.writer import write_film
from understudy.payload import payload_sha256, write_payloads
from understudy.provenance.claim import ShotClaim
from understudy.provenance.consent import Consent, permitted, read_production
from understudy.provenance.credentials import sign_shot
from understudy.tables import FRAMES, metadata_of, read_table


class Settings(CompositeSettings, Encoding):
    """How painted faces are put into the frames, and how these are compressed."""


def main(
    *,
    frames: Path,
    swaps: Path,
    swapper: Path,
    source_consent: Path,
    target_consent: Path,
    payloads: Path,
    shot: Path,
    settings: Settings,
) -> None:
    """Composite, encode and sign; the unsigned film lives in a hidden folder that is gone when this ends.

    The hash of the shot's pictures is written beside it: signatures differ from run to run, pictures do not.
    """
    people = permitted(source_consent, target_consent)
    clip = read_table(frames, FRAMES)
    with working_folder(shot) as folder:
        unsigned = folder / shot.name
        write_film(
            unsigned,
            composited(clip, swaps, settings=settings),
            stamps=stamps_of(clip),
            last_duration=last_duration_of(clip),
            like=format_of(clip),
            encoding=settings,
            audio_from=sound_of(clip),
        )
        claim = claim_for(shot, unsigned, people, clip, swapper=swapper, tables=[frames, swaps], settings=settings)
        sign_shot(unsigned, shot, claim, parent=Path(metadata_of(clip)["footage"]))
    write_payloads(payloads, [shot])


def composited(clip: pa.Table, swaps: Path, *, settings: Settings) -> Iterator[np.ndarray]:
    """Every frame of the clip with its painted faces: what the faces need is measured first, then they are put in."""
    painted = painted_frames(swaps)
    faces = progress(read_frames(clip, indices=painted), total=len(painted), description="measuring faces")
    scenes = np.asarray(clip.column("scene").to_numpy())
    measures = measure_clip(faces, swaps, scenes=scenes, settings=settings, threads=threads())
    pictures = composite_clip(
        read_frames(clip), swaps, measures, clip=clip.column("clip")[0].as_py(), settings=settings, threads=threads()
    )
    for _, picture in progress(pictures, total=clip.num_rows, description="compositing"):
        yield picture


def sound_of(clip: pa.Table) -> Path | None:
    """The footage whose sound the shot keeps; stills have none."""
    facts = metadata_of(clip)
    return Path(facts["footage"]) if facts["kind"] == "video" else None


def claim_for(
    shot: Path,
    unsigned: Path,
    people: tuple[Consent, Consent],
    clip: pa.Table,
    *,
    swapper: Path,
    tables: list[Path],
    settings: Settings,
) -> ShotClaim:
    """What the shot says of itself: by which model, from what, with whose consent."""
    learned = _swapper_settings(swapper / "settings.json")
    facts = metadata_of(clip)
    inputs = {table.parent.name: sha256_of(table) for table in tables} | {"footage": facts["footage_sha256"]}
    return ShotClaim(
        shot=shot.stem,
        clip=clip.column("clip")[0].as_py(),
        source=people[0],
        target=people[1],
        production=read_production() if people[0].person != people[1].person else None,
        model=str(learned.get("model")),
        weights_sha256=sha256_of(swapper / "weights.safetensors"),
        settings={"look": settings.model_dump(mode="json"), "swapper": learned},
        inputs=inputs,
        payload_sha256=payload_sha256(unsigned),
    )


def _swapper_settings(path: Path) -> Mapping[str, object]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not a swapper's settings; run stage swapper again") from error
    if not isinstance(settings, dict):
        raise ModelError(f"{path}: expected a map of settings; run stage swapper again")
    return settings


if __name__ == "__main__":
    run(main)
