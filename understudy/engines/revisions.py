"""What DVC knows of commits, experiments and the working folder: their settings, scores and training histories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.errors import EngineError

if TYPE_CHECKING:
    from dvc.repo import Repo

HERE = "workspace"
STEP = "step"
Value = float | str | None
Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class Revision:
    """One commit, experiment or the working folder; keys are dotted, and scores and curves open with their file."""

    name: str
    settings: Mapping[str, Value]
    scores: Mapping[tuple[str, str], Value]
    curves: Mapping[tuple[str, str], Curve]
    missing: tuple[str, ...]


def read_revisions(names: Sequence[str]) -> list[Revision]:
    """What is known of each of `names`; "workspace" is the working folder as it is.

    Raises EngineError when one of them does not exist.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from scmrepo.exceptions import SCMError

    commits = [name for name in names if name != HERE] or None
    try:
        with Repo() as repo:
            shown = repo.params.show(revs=commits), repo.metrics.show(revs=commits), repo.plots.show(revs=commits)
    except (DvcException, SCMError) as error:
        raise EngineError(
            f"compare: {' '.join(str(error).split())}; `git log` and `dvc exp list` name revisions"
        ) from error
    return [_revision(name, *(kind.get(name, {}) for kind in shown)) for name in names]


def experiments() -> list[str]:
    """The names of the experiments that started from the present commit."""
    from dvc.repo import Repo

    with Repo() as repo:
        return _experiments(repo)


def _experiments(repo: "Repo") -> list[str]:
    return sorted(name for found in repo.experiments.ls().values() for name, _ in found)


def _revision(name: str, settings: object, scores: object, plots: object) -> Revision:
    missing: list[str] = []
    return Revision(
        name=name,
        settings={key: value for _, content in _files(settings, missing) for key, value in _flat(content)},
        scores={(file, key): value for file, content in _files(scores, missing) for key, value in _flat(content)},
        curves=dict(_curves(_at(plots, "sources"), missing)),
        missing=tuple(sorted(set(missing))),
    )


def _files(shown: object, missing: list[str]) -> Iterator[tuple[str, object]]:
    """File and content; files that cannot be had are added to `missing`."""
    files = _at(shown, "data")
    for file, found in sorted(files.items()) if isinstance(files, Mapping) else ():
        content = found.get("data") if isinstance(found, Mapping) else None
        if content is None:
            missing.append(file)
        else:
            yield file, content


def _curves(sources: object, missing: list[str]) -> Iterator[tuple[tuple[str, str], Curve]]:
    for file, rows in _files(sources, missing):
        if not isinstance(rows, list):
            continue
        for column in [column for column in (rows[0] if rows else ()) if column != STEP]:
            points = [(_number(row.get(STEP)), _number(row.get(column))) for row in rows]
            yield (file, column), [(x, y) for x, y in points if x is not None and y is not None]


def _flat(value: object, key: str = "") -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield key, value
    else:
        yield key, str(value)


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _at(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None
