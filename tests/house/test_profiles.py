"""Snakemake's profiles fit together: profiles/default is applied beside every other one, and wins."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEFAULT = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
OTHERS = sorted(file.parent.name for file in ROOT.glob("profiles/*/config.yaml") if file.parent.name != "default")
RULES = {line.split()[1].rstrip(":") for line in (ROOT / "Snakefile").read_text().splitlines() if line[:5] == "rule "}


@pytest.mark.parametrize("name", OTHERS)
def test_a_profile_says_nothing_that_the_default_one_would_overrule(name: str):
    assert not set(_profile(name)) & set(DEFAULT)


@pytest.mark.parametrize("name", OTHERS)
def test_a_profile_names_only_rules_that_are_there(name: str):
    profile = _profile(name)
    named = {rule for key in ("set-threads", "set-resources", "groups") for rule in profile.get(key, {})}
    assert named <= RULES


@pytest.mark.parametrize("name", OTHERS)
def test_a_rule_that_takes_a_whole_machine_is_given_a_number_of_processors(name: str):
    blocks = (ROOT / "Snakefile").read_text().split("\nrule ")
    greedy = {block.partition(":")[0] for block in blocks if "threads: workflow.cores" in block}
    assert greedy
    assert set(_profile(name)["set-threads"]) == greedy


def _profile(name: str) -> dict[str, dict[str, object]]:
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())
