import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make_verify(*words):
    command = ["make", "--silent", "--old-file=.venv/complete", "verify", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_make_verify_says_what_is_wrong_with_a_file_and_fails():
    found = make_verify("FILE=README.md")
    assert found.returncode != 0
    assert "README.md: not signed" in found.stdout


def test_make_verify_without_a_file_says_how_to_call_it():
    found = make_verify()
    assert found.returncode != 0
    assert "make verify FILE=" in found.stderr
