"""Consent records, people/{person}.yaml, and the one question put to them: may this likeness take that place.

A record names a person, the document they signed with its SHA-256, what it allows, for which productions, and when:

    name: Ada
    kind: drawn                       # or real
    consent: {document: ada-consent.md, sha256: <64 hexadecimal digits>}
    allows: [likeness, performance]   # this face may appear in another's place; it may be replaced by another's
    productions: [sample]
    from: 2026-01-01                  # the first and
    until: 2036-01-01                 # the last day on which it holds
    references: [ada.png]             # pictures by which this person is recognised
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from understudy.errors import ConsentError, SettingsError
from understudy.files import sha256_of
from understudy.params import NAME
from understudy.sections import PARAMS, read_params

Permission = Literal["likeness", "performance"]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
FileName = Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True)
class Consent:
    """One person's record as it stands on disk; reading it does not yet say that it holds.

    person           the record's file name without suffix, as in params.yaml
    begins, ends     the first and the last day on which it holds
    references       pictures of this person alone, below the record's folder
    document_sha256  what the record says the signed document's hash is
    record_sha256    the hash of the record itself
    """

    person: str
    name: str
    kind: Literal["drawn", "real"]
    allows: frozenset[Permission]
    productions: tuple[str, ...]
    begins: date
    ends: date
    references: tuple[Path, ...]
    document: Path
    document_sha256: str
    record: Path
    record_sha256: str


def permitted(source_consent: Path, target_consent: Path, *, params: Path = PARAMS) -> tuple[Consent, Consent]:
    """The records of source and target, once they are known to allow the swap today in this project's production.

    Raises ConsentError when they do not allow it, SettingsError when a record or the production's name is malformed.
    """
    source, target = read_consent(source_consent), read_consent(target_consent)
    check_consent(source, target, production=read_production(params), today=date.today())
    return source, target


def read_production(params: Path = PARAMS) -> str | None:
    """The production this project belongs to: the key `production` of params.yaml; None when there is none."""
    production = read_params(params).get("production")
    if production is not None and not (isinstance(production, str) and production.strip()):
        raise SettingsError(f"{params}: production: expected the production's name, found {production!r}")
    return production


def read_consent(record: Path) -> Consent:
    """The consent record at `record`, strictly parsed.

    Raises ConsentError when there is none, SettingsError when it is malformed or points outside its folder.
    """
    if not record.is_file():
        raise ConsentError(f"{record}: no consent record; nobody appears without one, see README, Consent")
    if not NAME.fullmatch(record.stem):
        raise SettingsError(f"{record}: {record.stem!r} names nobody; names are made of a-z, 0-9 and _")
    fields = _fields(record)
    if fields.ends < fields.begins:
        raise SettingsError(f"{record}: until {fields.ends} is before from {fields.begins}")
    return Consent(
        person=record.stem,
        name=fields.name,
        kind=fields.kind,
        allows=frozenset(fields.allows),
        productions=tuple(fields.productions),
        begins=fields.begins,
        ends=fields.ends,
        references=tuple(_beside(record, "references", name) for name in fields.references),
        document=_beside(record, "consent.document", fields.consent.document),
        document_sha256=fields.consent.sha256,
        record=record,
        record_sha256=sha256_of(record),
    )


def check_consent(source: Consent, target: Consent, *, production: str | None, today: date) -> None:
    """Nothing, when `source`'s likeness may replace `target`'s face in `production` on the day `today`.

    A person's own face over their own performance (to measure how well it is rebuilt) needs no permission. Raises
    ConsentError otherwise, with the first of the reasons.
    """
    if source.person == target.person:
        return
    _check_one(source, "likeness", production=production, today=today)
    _check_one(target, "performance", production=production, today=today)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    document: FileName
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Text
    kind: Literal["drawn", "real"]
    consent: _Document
    allows: list[Permission]
    productions: list[Text]
    begins: date = Field(alias="from")
    ends: date = Field(alias="until")
    references: list[FileName]


class _Loader(yaml.SafeLoader):
    """YAML as usual, but a key that stands twice is an error: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key} stands twice")
        return super().construct_mapping(node, deep)


def _fields(record: Path) -> _Fields:
    try:
        content = yaml.load(record.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise SettingsError(f"{record}: not a valid record: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{record}: expected a map (name, kind, consent, ...), found {type(content).__name__}")
    try:
        return _Fields.model_validate(content)
    except ValidationError as error:
        raise SettingsError(_one_line(record, error)) from error


def _one_line(record: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    known = ", ".join(field.alias or name for name, field in _Fields.model_fields.items())
    if first["type"] == "extra_forbidden":
        return f"{record}: {key}: no such key. Known: {known}; consent: document, sha256"
    if first["type"] == "missing":
        return f"{record}: {key}: missing; a record has {known}, see README, Consent"
    return f"{record}: {key}: {first['msg']}, found {first['input']!r}; see README, Consent"


def _beside(record: Path, key: str, name: str) -> Path:
    folder = record.parent
    path = folder / name
    leaves = PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
    if leaves or not path.resolve().is_relative_to(folder.resolve()):
        raise SettingsError(f"{record}: {key}: {name!r} leaves {folder}/; put the file there")
    return path


def _check_one(consent: Consent, permission: Permission, *, production: str | None, today: date) -> None:
    verb = {"likeness": "appear in another's place", "performance": "be replaced by another's"}[permission]
    if permission not in consent.allows:
        allowed = ", ".join(sorted(consent.allows)) or "nothing"
        raise ConsentError(
            f"{consent.record}: {consent.name}'s face may not {verb}: the record allows {allowed}, needed {permission}"
        )
    _check_production(consent, production)
    if not consent.begins <= today <= consent.ends:
        state = "begins only" if today < consent.begins else "ended"
        day = consent.begins if today < consent.begins else consent.ends
        raise ConsentError(f"{consent.record}: {consent.name}'s consent {state} on {day}; today is {today}, ask anew")
    _check_document(consent)


def _check_production(consent: Consent, production: str | None) -> None:
    covered = ", ".join(consent.productions) or "none"
    if production is None:
        raise ConsentError(
            f"params.yaml: production is missing; {consent.record} covers {covered}, say which one this project is"
        )
    if production not in consent.productions:
        raise ConsentError(
            f"{consent.record}: {consent.name}'s consent covers the productions {covered}, not {production!r} "
            "(params.yaml: production)"
        )


def _check_document(consent: Consent) -> None:
    if not consent.document.is_file():
        raise ConsentError(f"{consent.document}: the consent document that {consent.record} names is not there")
    found = sha256_of(consent.document)
    if found != consent.document_sha256:
        raise ConsentError(
            f"{consent.document}: its SHA-256 is {found[:12]}…, {consent.record} was made for "
            f"{consent.document_sha256[:12]}…; this is not the document that was agreed to"
        )
