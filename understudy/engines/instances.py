"""The rules of the Snakefile as stages: which there are, and each for which clip, person, pair or shot."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.engines.project import RecipeName, script_of
from understudy.engines.shares import RULES as SHARES
from understudy.params import Nouns
from understudy.recipes import Recipe
from understudy.registries import WITH_SECTIONS
from understudy.stage_recipes import stage_recipe

if TYPE_CHECKING:
    from snakemake.jobs import Job
    from snakemake.rules import Rule
    from snakemake.workflow import Workflow

WILDCARD = re.compile(r"\{(\w+)(?:,[^{}]*)?\}")
TARGETS = frozenset({"all"})
AFTER = "after"
NO_SECTIONS = {AFTER, "recipe", *WITH_SECTIONS}
LONG_NAMES = {"model": "swapper.model", "optimizer": "swapper.optimizer"}
NOUN_OF_WILDCARDS = {
    frozenset[str](): None,
    frozenset({"clip"}): "clips",
    frozenset({"person"}): "people",
    frozenset({"source", "target"}): "pairs",
    frozenset({"clip", "source", "target"}): "shots",
}


@dataclass(frozen=True)
class Instance:
    """One stage for one thing: DVC calls it `stage` ("faces@ada"), Snakemake makes `outputs` with `rule`."""

    rule: str
    stage: str
    wildcards: Mapping[str, str]
    outputs: tuple[str, ...]


def stage_rules(workflow: "Workflow") -> list["Rule"]:
    """The rules that are stages, in the order of the Snakefile."""
    return [rule for rule in workflow.rules if rule.name not in TARGETS | SHARES]


def stage_jobs(jobs: Iterable["Job"]) -> list["Job"]:
    """Those jobs that make artifacts: neither targets nor shares."""
    return [job for job in jobs if job.rule.name not in TARGETS | SHARES]


def loads_of(rule: "Rule") -> tuple[str, ...]:
    """The keys in other stages' sections that name what a rule's script loads: ("swapper.model",)."""
    recipe = rule.params.recipe
    return recipe.loads if isinstance(recipe, RecipeName) else ()


def sections_of(rule: "Rule") -> list[str]:
    """The sections of params.yaml that a rule's stage reads, in the rule's order, without those of what they name."""
    values = [name for name, value in rule.params.items() if not callable(value)]
    return [LONG_NAMES.get(name, name) for name in values if name not in NO_SECTIONS]


def recipe_now(rule: "Rule", params: Mapping[str, object] | None = None) -> Recipe:
    """With what a rule's stage would be made now, by `params` or params.yaml as it is."""
    return stage_recipe(script_of(rule.name), sections=sections_of(rule), loads=loads_of(rule), params=params)


def noun_of(rule: "Rule") -> str | None:
    """What a rule is run for each of: clips, people, pairs or shots; None when it runs once.

    Raises KeyError for a set of wildcards that is none of these.
    """
    return NOUN_OF_WILDCARDS[frozenset(rule.wildcard_names)]


def instances(workflow: "Workflow", nouns: Nouns) -> list[Instance]:
    """Every stage for everything the project names."""
    found = []
    for rule in stage_rules(workflow):
        patterns = [str(pattern) for pattern in rule.output]
        for key, wildcards in _wildcards_of(noun_of(rule), nouns):
            stage = f"{rule.name}@{key}" if key else rule.name
            found.append(Instance(rule.name, stage, wildcards, _filled(patterns, wildcards)))
    return found


def stage_of(rule: str, wildcards: Mapping[str, str], nouns: Nouns) -> str:
    """What DVC calls the stage of a Snakemake job."""
    noun = NOUN_OF_WILDCARDS[frozenset(wildcards)]
    keys = [key for key, values in _wildcards_of(noun, nouns) if values == dict(wildcards)]
    return f"{rule}@{keys[0]}" if keys and keys[0] else rule


def _wildcards_of(noun: str | None, nouns: Nouns) -> Iterable[tuple[str, dict[str, str]]]:
    if noun is None:
        return [("", {})]
    if noun == "clips":
        return [(clip, {"clip": clip}) for clip in nouns.clips]
    if noun == "people":
        return [(person, {"person": person}) for person in nouns.people]
    named = nouns.pairs if noun == "pairs" else nouns.shots
    return [(key, item.model_dump()) for key, item in named.items()]


def _filled(patterns: Iterable[str], wildcards: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(WILDCARD.sub(lambda match: wildcards[match.group(1)], pattern) for pattern in patterns)
