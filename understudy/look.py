"""`python -m understudy.look --swapper data/swapper/ada-bo --face 17`: one face's way through a trained network.

A picture: the performance, what each stage of the network makes of it, and what comes out, with the source's likeness
and, of autoencoders, as the target again. It reads a swapper, its target's crops and both consents, and writes nothing
but the picture.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from understudy.activations import Stage, watch
from understudy.devices import choose_device
from understudy.errors import ModelError, SettingsError, TableError, UnderstudyError
from understudy.facesets import FaceSet, read_face_set
from understudy.facestore import RGB, store_faces
from understudy.featuremaps import WIDTH_PX, picture_row, stage_row, title_row
from understudy.files import replacing
from understudy.images import encode_png
from understudy.model import FaceModel, Painted, read_description, read_model
from understudy.networks import FaceNetwork, Rebuilt
from understudy.preview import lay_over
from understudy.provenance.consent import permitted
from understudy.workers import workers

DATA = Path("data")
CROPS = DATA / "crops"
PEOPLE = Path("people")
PICTURES = Path(".understudy")


def main(arguments: list[str]) -> int:
    """Write the picture and say where it is; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m understudy.look", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--swapper", type=Path, required=True, help="a trained network's folder")
    parser.add_argument("--crops", type=Path, help=f"the target's face set, when it does not lie in {CROPS}/")
    parser.add_argument("--face", type=int, default=0, help="which of its kept faces, from 0 on")
    parser.add_argument("--picture", type=Path, help=f"where to write it, rather than below {PICTURES}/")
    options = parser.parse_args(arguments)
    picture = options.picture or PICTURES / f"look-{options.swapper.name}-{options.face}.png"
    try:
        look(options.swapper, crops=options.crops, face=options.face, picture=picture)
    except UnderstudyError as error:
        print(f"look: {error}", file=sys.stderr)
        return 1
    print(f"look: {picture}")
    return 0


def look(swapper: Path, *, crops: Path | None, face: int, picture: Path) -> None:
    """Write the sheet of one of the target's faces to `picture`, a PNG outside data/.

    Raises ModelError for a swapper that is not there or does not fit the crops, TableError when there is no such face,
    ConsentError when the swap is not allowed, SettingsError for a picture that would lie in data/.
    """
    if DATA.resolve() in picture.resolve().parents:
        raise SettingsError(f"{picture}: lies in {DATA}/, which holds artifacts alone; name a file elsewhere")
    description = read_description(swapper)
    source, target = str(description["source"]), str(description["target"])
    permitted(PEOPLE / f"{source}.yaml", PEOPLE / f"{target}.yaml")
    chosen = _read_face(crops or CROPS / f"{target}.parquet", target, face)
    title = f"{swapper}: {description['model']}, {source}'s likeness on {target}'s performance"
    with workers(1):
        made = look_sheet(read_model(swapper, device=choose_device()), chosen, source=source, title=title)
    with replacing(picture) as temporary:
        temporary.write_bytes(encode_png(made))


def look_sheet(model: FaceModel, face: FaceSet, *, source: str, title: str) -> np.ndarray:
    """One face's way through the model as an RGB uint8 sheet, WIDTH_PX wide: a row a stage."""
    painted: list[Painted] = []
    as_source = watch(model.network, lambda: painted.append(model.paint(face)))
    laid = lay_over(face, painted[0], 0)
    outputs = {f"painted as {source}": laid.patch, "its alpha": laid.alpha, "a simple composite": laid.composite}
    as_target: list[Stage] = []
    if isinstance(model.network, FaceNetwork):
        stages, rebuilt = _rebuild(model.network, face)
        known = {stage.name: stage.values for stage in as_source}
        as_target = [stage for stage in stages if not _is_same(stage.values, known.get(stage.name))]
        outputs |= _pictures(rebuilt, face.person)
    where = f"clip {face.clips[0]}, frame {face.frames[0]} ({face.splits[0]})"
    rows = [title_row(f"{title}: {where}"), picture_row({"performance": laid.performance}), title_row(f"as {source}")]
    rows += [stage_row(stage) for stage in as_source]
    if as_target:
        rows += [title_row(f"as {face.person}, where that differs"), *(stage_row(stage) for stage in as_target)]
    rows += [title_row("what comes out"), picture_row(outputs)]
    assert all(row.shape[1] == WIDTH_PX for row in rows)
    return np.vstack(rows)


def _rebuild(network: FaceNetwork, face: FaceSet) -> tuple[list[Stage], Rebuilt]:
    """The face of the target rebuilt as such, and the stages on the way."""
    device = next(network.parameters()).device
    seen = store_faces(face, sides=[network.input_px], device=device)
    inputs = seen.centred(slice(None), network.input_px, parts=RGB)
    made: list[Rebuilt] = []
    stages = watch(network, lambda: made.append(network(inputs, "target")))
    return stages, made[0]


def _pictures(rebuilt: Rebuilt, person: str) -> Mapping[str, np.ndarray]:
    values = {f"rebuilt as {person}": rebuilt.pictures[-1][0].permute(1, 2, 0)}
    if rebuilt.mask is not None:
        values["its learned mask"] = rebuilt.mask[0, 0]
    return {name: (value * 255).round().byte().cpu().numpy() for name, value in values.items()}


def _is_same(values: torch.Tensor, known: torch.Tensor | None) -> bool:
    return known is not None and torch.equal(values, known)


def _read_face(crops: Path, person: str, index: int) -> FaceSet:
    if crops.stem != person:
        raise ModelError(f"{crops}: faces of {crops.stem}, expected those of {person}, whose performance is kept")
    faces = read_face_set(crops, person)
    if not 0 <= index < len(faces):
        has = f"0 to {len(faces) - 1}" if len(faces) else "none"
        raise TableError(f"{crops}: no face {index}; it has {has}, name one of them (--face, or make look FACE=...)")
    return faces.select([index])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
