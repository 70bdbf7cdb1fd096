"""What a fresh build makes of a project of stand-ins, computed without either engine."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.engines.standin import CODE, SECTIONS

CLIP_STAGES = {
    "frames": [],
    "faces": ["frames"],
    "landmarks": ["frames", "faces"],
    "embeddings": ["frames", "landmarks"],
}


def fresh_build(root: Path) -> dict[str, str]:
    """Every artifact that the project at `root` should have, by path, and its content."""
    return _Build(root).everything()


class _Build:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.params = yaml.safe_load((root / "params.yaml").read_text())
        self.made: dict[str, str] = {}

    def everything(self) -> dict[str, str]:
        params = self.params
        manifest = {"clips": params["clips"], "people": sorted(params["people"])}
        self.made["data/clips.json"] = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        for stage, above in CLIP_STAGES.items():
            for clip, footage in params["clips"].items():
                inputs = [f"data/{each}/{clip}.parquet" for each in above] or [footage]
                self.make(stage, f"data/{stage}/{clip}.parquet", inputs)
        self.make("identities", "data/identities.parquet", ["data/clips.json", "data/embeddings", "people"])
        for person in params["people"]:
            inputs = ["data/clips.json", "data/frames", "data/landmarks", "data/identities.parquet"]
            self.make("crops", f"data/crops/{person}.parquet", inputs)
        for pair in params["pairs"].values():
            self.pair(pair["source"], pair["target"])
        for shot in params["shots"].values():
            self.shot(shot["clip"], shot["source"], shot["target"])
        return self.made

    def pair(self, source: str, target: str) -> None:
        crops = [f"data/crops/{person}.parquet" for person in (source, target)]
        folder = f"data/swapper/{source}-{target}"
        digest = self.digest("swapper", [*crops, f"people/{source}.yaml", f"people/{target}.yaml"])
        for name in ("weights.safetensors", "settings.json", "preview.png", "platform.json"):
            self.made[f"{folder}/{name}"] = digest
        self.made[f"{folder}/history.csv"] = "step,loss\n1,0.5\n2,0.25\n"

    def shot(self, clip: str, source: str, target: str) -> None:
        name, swapper = f"{clip}.{source}-for-{target}", f"data/swapper/{source}-{target}"
        consents = [f"people/{source}.yaml", f"people/{target}.yaml"]
        frames, landmarks = f"data/frames/{clip}.parquet", f"data/landmarks/{clip}.parquet"
        identities, swaps, shot = "data/identities.parquet", f"data/swaps/{name}.parquet", f"data/shots/{name}.mp4"
        self.make("swaps", swaps, [frames, landmarks, identities, swapper, *consents])
        self.make("shots", shot, [frames, swaps, swapper, *consents])
        self.made[f"data/shots/{name}.payload"] = self.made[shot]
        crops = [f"data/crops/{person}.parquet" for person in (source, target)]
        inputs = [frames, landmarks, identities, "data/embeddings", *crops, swapper, swaps, shot, "data/raw/truth"]
        digest = self.digest("scores", inputs)
        self.made[f"data/scores/{name}.json"] = json.dumps({"found": 1.0, "digest": digest})
        self.made[f"data/shots/{name}.comparison.png"] = digest
        self.made[f"data/shots/{name}.comparison.mp4"] = digest
        self.made[f"data/shots/{name}.comparison.payload"] = digest

    def make(self, stage: str, output: str, inputs: Iterable[str]) -> None:
        self.made[output] = self.digest(stage, inputs)

    def digest(self, stage: str, inputs: Iterable[str]) -> str:
        digest = hashlib.sha256(json.dumps(self.settings(stage), sort_keys=True).encode())
        digest.update(self.code(stage).encode())
        for path in sorted(inputs):
            for content in self.below(path):
                digest.update(content)
        return digest.hexdigest()

    def below(self, path: str) -> list[bytes]:
        """The contents at a path, or below that folder in order of names."""
        made = [file for file in sorted(self.made) if file == path or file.startswith(f"{path}/")]
        if made:
            return [self.made[file].encode() for file in made]
        given = self.root / path
        files = sorted(given.rglob("*")) if given.is_dir() else [given]
        return [file.read_bytes() for file in files if file.is_file()]

    def settings(self, stage: str) -> list[object]:
        params = self.params
        if stage == "swapper":
            return [params["swapper"], params["models"][params["swapper"]["model"]], params["production"]]
        return [params.get(section) for section in SECTIONS.get(stage, [stage])]

    def code(self, stage: str) -> str:
        files = [file for file, stages in CODE.items() if stage in stages]
        lines = [line for file in files for line in (self.root / file).read_text().splitlines()]
        return " ".join(line for line in lines if line.startswith("EDITED = "))
