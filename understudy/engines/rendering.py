"""dvc.yaml, rendered from the rules of the Snakefile: rule to stage, docstring to description.

A stage depends on its recipe, which a small stage before it writes: that one has the code and the sections of
params.yaml as dependencies, once, however many clips there are. It looks at every file that settings may name, and
writes down those that they do name. A rule's wildcards become DVC's templates over the noun they belong to. An input
whose files the nouns decide is, for DVC, the folder that the command names with the flag of that input's name.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from understudy.closure import closure
from understudy.engines.instances import AFTER, WILDCARD, loads_of, noun_of, sections_of, stage_rules
from understudy.engines.project import Project, script_of
from understudy.engines.recipes import file_of, stage_name
from understudy.errors import EngineError
from understudy.files import replacing
from understudy.libraries import LOCK
from understudy.registries import nameable, own_sections

if TYPE_CHECKING:
    from snakemake.rules import Rule
    from snakemake.workflow import Workflow

DVC_YAML = Path("dvc.yaml")
HEADER = "# Rendered from the Snakefile by `make dvc.yaml`; edit that instead.\n"
LOGGED = re.compile(r"\s*2>&1 \| tee \{log\} >&2\s*$")
FIELD = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
TEMPLATES = {
    None: {},
    "clips": {"clip": "${key}"},
    "people": {"person": "${item}"},
    "pairs": {"source": "${item.source}", "target": "${item.target}"},
    "shots": {"clip": "${item.clip}", "source": "${item.source}", "target": "${item.target}"},
}
NO_MATTER = {"shares"}  # inputs that DVC need not know
METRICS = {("scores", "scores")}
ACTING = {("clips", "clips")}  # outputs of stages that also remove files: DVC must run them, not recall what they made
PLOTS = {("swapper", "history"): {"x": "step", "y": "loss"}}


def render(workflow: "Workflow", project: Project) -> str:
    """The whole text of dvc.yaml.

    Raises EngineError when a rule says something that has no translation.
    """
    stages: dict[str, dict[str, object]] = {}
    for rule in stage_rules(workflow):
        stages[stage_name(rule.name)] = _recipe(rule)
        stages[rule.name] = _stage(rule, project)
    text = yaml.safe_dump({"stages": stages}, sort_keys=False, width=10_000, allow_unicode=True)
    return HEADER + text


def refresh(workflow: "Workflow", project: Project) -> bool:
    """Write dvc.yaml anew when it is not what the Snakefile says; true when it was not."""
    drifted = has_drifted(workflow, project)
    if drifted:
        with replacing(DVC_YAML) as temporary:
            temporary.write_text(render(workflow, project), encoding="utf-8")
    return drifted


def has_drifted(workflow: "Workflow", project: Project) -> bool:
    """Whether dvc.yaml is missing or not what the Snakefile says."""
    return not DVC_YAML.is_file() or DVC_YAML.read_text(encoding="utf-8") != render(workflow, project)


def _recipe(rule: "Rule") -> dict[str, object]:
    script, sections, loads = script_of(rule.name), sections_of(rule), loads_of(rule)
    recipe = file_of(rule.name).as_posix()
    flags = {"--settings": sections, "--loads": loads, "--recipe": [recipe]}
    words = [word for flag, values in flags.items() if values for word in (flag, *values)]
    return {
        "desc": f"With what stage {rule.name} works.",
        "cmd": " ".join(["python -m understudy.stage_recipes", script, *words]),
        "deps": [*closure(script, *nameable(sections, loads)), LOCK.as_posix()],
        "params": [*sections, *own_sections(sections), *loads],
        "outs": [recipe],
    }


def _stage(rule: "Rule", project: Project) -> dict[str, object]:
    noun = noun_of(rule)
    translation = _Translation(rule, project, TEMPLATES[noun])
    stage: dict[str, object] = {"desc": rule.docstring.strip(), "cmd": translation.command(), **translation.files()}
    return stage if noun is None else {"foreach": f"${{{noun}}}", "do": stage}


class _Translation:
    """One rule in DVC's words."""

    def __init__(self, rule: "Rule", project: Project, templates: Mapping[str, str]) -> None:
        self.rule = rule
        self.project = project
        self.templates = templates

    def command(self) -> str:
        """The rule's command without its log, on one line."""
        if not LOGGED.search(self.rule.shellcmd):
            raise self._error("its command does not end with 2>&1 | tee {log} >&2")
        return FIELD.sub(self._field, LOGGED.sub("", self.rule.shellcmd))

    def files(self) -> dict[str, object]:
        """Dependencies, outputs, metrics and plots."""
        kinds: dict[str, list[object]] = {"deps": self._dependencies(), "outs": []}
        for name in self.rule.output.keys():  # noqa: SIM118, it is a Namedlist
            path = self._pattern(str(self.rule.output[name]))
            kind: str = "outs"
            entry: object = path
            if (self.rule.name, name) in METRICS:
                kind = "metrics"
            if (self.rule.name, name) in ACTING:
                entry = {path: {"persist": True}}
            if (self.rule.name, name) in PLOTS:
                kind, entry = "plots", {path: PLOTS[self.rule.name, name]}
            kinds.setdefault(kind, []).append(entry)
        return {kind: entries for kind, entries in kinds.items() if entries}

    def _field(self, match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "wildcards":
            return self.templates[name]
        values = {"input": self.rule.input, "output": self.rule.output, "params": self.rule.params}[kind]
        value = values[name]
        return self._of_noun(value) if callable(value) else self._pattern(str(value))

    def _dependencies(self) -> list[object]:
        after = [value for name, value in self.rule.params.items() if name == AFTER]
        names = [name for name in self.rule.input.keys() if name not in NO_MATTER]  # noqa: SIM118
        return [file_of(self.rule.name).as_posix(), *after, *(path for name in names for path in self._input(name))]

    def _input(self, name: str) -> Iterable[str]:
        value = self.rule.input[name]
        if not callable(value):
            files = [value] if isinstance(value, str) else list(value)
            if isinstance(value, str) or any("{" in file for file in files):
                return [self._pattern(str(file)) for file in files]
        return [self._flag(name)]

    def _flag(self, name: str) -> str:
        found = re.search(rf"--{name.replace('_', '-')} (\S+)", self.command())
        if not found:
            raise self._error(f"its command has no --{name}, which should name the folder of that input")
        return found.group(1)

    def _pattern(self, pattern: str) -> str:
        return WILDCARD.sub(lambda match: self.templates[match.group(1)], pattern)

    def _of_noun(self, function: object) -> str:
        from snakemake.iocontainers import Wildcards  # dear, and only rendering needs it

        footage = self.project.nouns.clips
        if callable(function) and all(
            function(Wildcards(fromdict={"clip": clip})) == footage[clip] for clip in footage
        ):
            return "${item}"
        raise self._error("it has a function that is not the clip's footage")

    def _error(self, why: str) -> EngineError:
        return EngineError(f"Snakefile: rule {self.rule.name}: {why}; dvc.yaml cannot be rendered")
