"""A stand-in for a stage's script: bytes that depend on all its inputs and settings, written in no time.

The engines see what they see of the real one: the same flags, the same imports (which do not run), the same outputs.
It adds a line to ran.txt, so that a test can tell what ran.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import yaml

if os.environ.get("IMPORTS") == "run":
    IMPORTS = ...

OUTPUTS = {"shots": ["--shot"], "scores": ["--scores", "--picture", "--film"]}
SECTIONS = {"shots": ["look", "production"], "swaps": ["swaps", "production"]}


def main() -> None:
    stage, flags = Path(sys.argv[0]).stem, dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    outputs = [flags.pop(flag) for flag in OUTPUTS.get(stage, [f"--{stage}"])]
    digest = hashlib.sha256(json.dumps(settings(stage), sort_keys=True).encode())
    for path in sorted(flags.values()):
        for file in sorted(Path(path).rglob("*")) if Path(path).is_dir() else [Path(path)]:
            if file.is_file():
                digest.update(file.read_bytes())
    if os.environ.get("FAIL") == stage:
        sys.exit(f"{stage}: {outputs[0]}: cannot be made, because the test says so")
    if os.environ.get("PAUSE") == stage:
        pause()
    for output in outputs:
        write(stage, output, digest.hexdigest())
    with Path("ran.txt").open("a") as file:
        file.write(f"{stage} {outputs[0]}\n")


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


if __name__ == "__main__":
    main()
