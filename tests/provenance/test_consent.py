import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from understudy.errors import ConsentError, SettingsError
from understudy.provenance.consent import check_consent, permitted, read_consent, read_production

TODAY = date(2030, 6, 1)
WriteRecord = Callable[..., Path]


def check(people: Path, *, production: str | None = "sample", today: date = TODAY) -> None:
    source, target = read_consent(people / "ada.yaml"), read_consent(people / "bo.yaml")
    check_consent(source, target, production=production, today=today)


def test_a_record_is_read_whole(people: Path, write_record: WriteRecord) -> None:
    record = write_record("ada", allows=["likeness"])
    consent = read_consent(record)
    assert (consent.person, consent.name, consent.kind) == ("ada", "Ada", "drawn")
    assert consent.allows == {"likeness"}
    assert consent.productions == ("sample",)
    assert (consent.begins, consent.ends) == (date(2026, 1, 1), date(2036, 1, 1))
    assert consent.references == (people / "ada.png",)
    assert consent.document == people / "ada-consent.md"
    assert consent.record_sha256 == hashlib.sha256(record.read_bytes()).hexdigest()


def test_a_swap_both_agreed_to_is_allowed_on_the_first_and_the_last_day(
    people: Path, write_record: WriteRecord
) -> None:
    write_record("ada", allows=["likeness"])
    write_record("bo", allows=["performance"])
    check(people, today=date(2026, 1, 1))
    check(people, today=date(2036, 1, 1))


@pytest.mark.parametrize(
    ("person", "changes", "message"),
    [
        ("ada", {"allows": ["performance"]}, "needed likeness"),
        ("ada", {"allows": []}, "allows nothing"),
        ("bo", {"allows": ["likeness"]}, "needed performance"),
        ("ada", {"until": date(2030, 5, 31)}, "ended on 2030-05-31"),
        ("bo", {"from": date(2030, 6, 2)}, "begins only on 2030-06-02"),
        ("ada", {"productions": ["other"]}, "not 'sample'"),
        ("bo", {"productions": []}, "not 'sample'"),
    ],
)
def test_a_swap_one_of_them_did_not_agree_to_is_refused(
    people: Path, write_record: WriteRecord, person: str, changes: dict[str, object], message: str
) -> None:
    write_record("ada")
    write_record("bo")
    write_record(person, **changes)
    with pytest.raises(ConsentError, match=message) as refusal:
        check(people)
    assert "\n" not in str(refusal.value)


def test_a_changed_document_is_refused(people: Path, write_record: WriteRecord) -> None:
    write_record("ada")
    write_record("bo")
    (people / "bo-consent.md").write_text("bo agrees to everything.\n")
    with pytest.raises(ConsentError, match=r"bo-consent\.md: its SHA-256 is .*not the document"):
        check(people)


def test_a_missing_document_is_refused(people: Path, write_record: WriteRecord) -> None:
    write_record("ada")
    write_record("bo")
    (people / "ada-consent.md").unlink()
    with pytest.raises(ConsentError, match=r"ada-consent\.md: the consent document"):
        check(people)


def test_a_project_without_a_production_is_refused(people: Path, write_record: WriteRecord) -> None:
    write_record("ada")
    write_record("bo")
    with pytest.raises(ConsentError, match="production is missing"):
        check(people, production=None)


def test_a_persons_own_face_needs_no_permission(people: Path, write_record: WriteRecord) -> None:
    consent = read_consent(write_record("ada", allows=[], productions=[], until=date(2027, 1, 1)))
    check_consent(consent, consent, production=None, today=TODAY)


def test_a_person_without_a_record_is_refused(people: Path) -> None:
    with pytest.raises(ConsentError, match=r"people/nobody\.yaml: no consent record"):
        read_consent(people / "nobody.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "name: missing"),
        ({"kind": "painted"}, "kind: .*'drawn' or 'real'"),
        ({"allows": ["everything"]}, r"allows\.0: "),
        ({"allows": "likeness"}, "allows: "),
        ({"extra": 1}, "extra: no such key"),
        ({"from": "2026-01-01"}, "from: .*date"),
        ({"until": date(2025, 1, 1)}, "until 2025-01-01 is before from"),
        ({"consent": {"document": "a.md", "sha256": "abc"}}, r"consent\.sha256: "),
        ({"consent": {"document": "../a.md", "sha256": "0" * 64}}, "leaves"),
        ({"references": ["/etc/passwd"]}, "references: '/etc/passwd' leaves"),
        ({"references": ["a/../../x.png"]}, "leaves"),
    ],
)
def test_a_malformed_record_is_one_clear_line(
    people: Path, write_record: WriteRecord, changes: dict[str, object], message: str
) -> None:
    record = write_record("ada", **changes)
    with pytest.raises(SettingsError, match=message) as refusal:
        read_consent(record)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith(str(record))


def test_a_key_that_stands_twice_is_refused(people: Path, write_record: WriteRecord) -> None:
    record = write_record("ada", allows=["performance"])
    record.write_text(record.read_text() + "allows: [likeness]\n")
    with pytest.raises(SettingsError, match="allows stands twice"):
        read_consent(record)


def test_a_link_out_of_the_folder_is_refused(people: Path, write_record: WriteRecord, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.png").write_bytes(b"")
    (people / "ada.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(SettingsError, match="leaves"):
        read_consent(write_record("ada"))


@pytest.mark.parametrize("content", ["", "- a\n", "name: [", "\x00", "name: 2026-99-99\n"])
def test_something_that_is_no_record_is_one_clear_line(people: Path, content: str) -> None:
    record = people / "ada.yaml"
    record.write_text(content)
    with pytest.raises(SettingsError) as refusal:
        read_consent(record)
    assert "\n" not in str(refusal.value)


def test_the_production_comes_from_params_yaml(people: Path, write_record: WriteRecord) -> None:
    params = people / "params.yaml"
    params.write_text("production: sample\n")
    source, target = permitted(write_record("ada"), write_record("bo"), params=params)
    assert (source.person, target.person) == ("ada", "bo")
    params.write_text("clips: {}\n")
    assert read_production(params) is None
    params.write_text("production: [sample]\n")
    with pytest.raises(SettingsError, match="production"):
        read_production(params)
