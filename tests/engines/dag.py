"""The stages of the sample project by hand: what each makes first, and what lies below it."""

from collections.abc import Iterable

ANALYSIS = ("frames", "faces", "landmarks", "embeddings")
FIRST_OUTPUT = {
    "nouns": ["data/nouns.txt"],
    "clips": ["data/clips.json"],
    **{stage: [f"data/{stage}/ada.parquet", f"data/{stage}/bo.parquet"] for stage in ANALYSIS},
    "identities": ["data/identities.parquet"],
    "crops": ["data/crops/ada.parquet", "data/crops/bo.parquet"],
    "swapper": ["data/swapper/ada-bo/weights.safetensors"],
    "swaps": ["data/swaps/bo.ada-for-bo.parquet"],
    "shots": ["data/shots/bo.ada-for-bo.mp4"],
    "scores": ["data/scores/bo.ada-for-bo.json"],
}
BELOW = {
    "frames": set(FIRST_OUTPUT) - {"nouns", "clips"},
    "faces": set(FIRST_OUTPUT) - {"nouns", "clips", "frames"},
    "landmarks": {"landmarks", "embeddings", "identities", "crops", "swapper", "swaps", "shots", "scores"},
    "embeddings": {"embeddings", "identities", "crops", "swapper", "swaps", "shots", "scores"},
    "identities": {"identities", "crops", "swapper", "swaps", "shots", "scores"},
    "crops": {"crops", "swapper", "swaps", "shots", "scores"},
    "swapper": {"swapper", "swaps", "shots", "scores"},
    "swaps": {"swaps", "shots", "scores"},
    "shots": {"shots", "scores"},
    "scores": {"scores"},
}
GATHERED = {"nouns": {"nouns"}, "clips": {"clips"} | BELOW["identities"]}


def outputs_of(stages: Iterable[str]) -> set[str]:
    """The first outputs of all jobs of these stages."""
    return {output for stage in stages for output in FIRST_OUTPUT[stage]}


def outputs_from(stages: Iterable[str]) -> set[str]:
    """The first outputs of all jobs of these stages and those below them."""
    return outputs_of(below for stage in stages for below in (BELOW | GATHERED)[stage])
