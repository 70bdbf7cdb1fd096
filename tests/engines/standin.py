"""A stand-in for a stage's script: bytes that depend on all its inputs and settings, written in no time.

The engines see what they see of the real one: the same flags, the same imports (which do not run), the same outputs.
It adds a line to ran.txt, so that a test can tell what ran. With SIGN=1 films and pictures are real and signed, that
is, other bytes each time that show the same.
"""

import hashlib
import importlib
import json
import os
import sys
import time
from pathlib import Path

import yaml

from understudy.errors import UnderstudyError
from understudy.recipes import confirm

if os.environ.get("IMPORTS") == "run":
    IMPORTS = ...

OUTPUTS = {"shots": ["--shot", "--payloads"], "scores": ["--scores", "--picture", "--film", "--payloads"]}
SHOWING = {".mp4", ".png", ".payload"}
CODE = {  # files whose constant EDITED, where they have one, shows in what these stages make
    "understudy/tracks.py": ["faces"],
    "stages/embeddings.py": ["embeddings"],
    "understudy/clustering.py": ["identities"],
    "understudy/curation.py": ["crops"],
    "understudy/models/driven.py": ["swapper", "swaps"],
    "understudy/bridging.py": ["swaps"],
}
SECTIONS = {"shots": ["look", "production"], "swaps": ["swaps", "production"]}


def main() -> None:
    confirm(Path(sys.argv[0]).stem)
    stage, flags = Path(sys.argv[0]).stem, dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    outputs, share = [flags.pop(flag) for flag in OUTPUTS.get(stage, [f"--{stage}"])], flags.pop("--share", None)
    ignored = os.environ.get("SAME") == stage
    digest = hashlib.sha256(b"" if ignored else json.dumps(settings(stage), sort_keys=True).encode())
    digest.update(code(stage).encode())
    for path in sorted(flags.values()):
        for file in sorted(Path(path).rglob("*")) if Path(path).is_dir() else [Path(path)]:
            if file.is_file():
                digest.update(shown(file))
    if os.environ.get("FAIL") == stage:
        sys.exit(f"{stage}: {outputs[0]}: cannot be made, because the test says so")
    if os.environ.get("PAUSE") == stage:
        pause()
    time.sleep(float(os.environ.get("SLOW", "0")))
    for output in [] if share else outputs:
        if os.environ.get("SIGN") and Path(output).suffix in SHOWING:
            sign(Path(output), digest.hexdigest(), beside=outputs)
        else:
            write(stage, output, digest.hexdigest())
    confirm(stage)
    with Path("ran.txt").open("a") as file:
        file.write(f"{stage} {outputs[0]}{f' {share}' if share else ''}\n")


def shown(file: Path) -> bytes:
    """The content of a file, or of a signed one the hash of what it shows, as a stage sees it."""
    if os.environ.get("SIGN") and file.parent.name == "shots":
        return importlib.import_module("understudy.payload").payload_sha256(file).encode()
    return file.read_bytes()


def pause() -> None:
    """Wait until the test has written into paused.txt."""
    paused = Path("paused.txt")
    if not paused.exists():
        paused.touch()
    while not paused.read_text():
        time.sleep(0.02)


def settings(stage: str) -> list[object]:
    params = yaml.safe_load(Path(os.environ.get("UNDERSTUDY_PARAMS", "params.yaml")).read_text())
    if stage == "swapper":
        return [params["swapper"], params["models"][params["swapper"]["model"]], params["production"]]
    return [params.get(section) for section in SECTIONS.get(stage, [stage])]


def code(stage: str) -> str:
    """The values of EDITED in the stage's code."""
    texts = [Path(file).read_text() for file, stages in CODE.items() if stage in stages]
    return " ".join(line for text in texts for line in text.splitlines() if line.startswith("EDITED = "))


def write(stage: str, output: str, digest: str) -> None:
    path = Path(output)
    if stage == "swapper":
        path.mkdir(parents=True, exist_ok=True)
        for name in ("weights.safetensors", "settings.json", "preview.png", "platform.json"):
            (path / name).write_text(digest)
        (path / "history.csv").write_text("step,loss\n1,0.5\n2,0.25\n")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"found": 1.0, "digest": digest}) if path.suffix == ".json" else digest)


def sign(path: Path, digest: str, *, beside: list[str]) -> None:
    """A film or picture that shows the digest and differs each time, or the hashes of what those beside it show."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".payload":  # found by name, so that it is no import of a stage
        films = [Path(other) for other in beside if Path(other).suffix in SHOWING - {".payload"}]
        importlib.import_module("understudy.payload").write_payloads(path, films)
        return
    cv2, np = importlib.import_module("cv2"), importlib.import_module("numpy")
    picture = np.frombuffer(bytes.fromhex(digest) * 24, np.uint8).reshape(16, 16, 3)
    if path.suffix == ".png":
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes() + os.urandom(8))
        return
    av = importlib.import_module("av")
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = os.urandom(8).hex()
        stream = container.add_stream("mpeg4", rate=25, width=16, height=16, pix_fmt="yuv420p")
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())


if __name__ == "__main__":
    try:
        main()
    except UnderstudyError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
