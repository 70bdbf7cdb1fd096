"""`python -m understudy.engines.lint`: Snakemake's own lint, but for its wish for a conda environment in every rule.

understudy has one pinned environment, envs/requirements.lock, which pip installs.
"""

import re
import subprocess
import sys

ONE_ENVIRONMENT = "Specify a conda environment or container for each rule."
SUBJECT = re.compile(r"Lints for (.+):$")
TITLE = re.compile(r"    \* (.+):$")


def complaints(report: str) -> list[str]:
    """One line a complaint in what `snakemake --lint` says, but for those about environments."""
    subject, found = "", []
    for line in report.splitlines():
        if match := SUBJECT.match(line):
            subject = match.group(1)
        elif (match := TITLE.match(line)) and match.group(1) != ONE_ENVIRONMENT:
            found.append(f"{subject}: {match.group(1)}")
    return found


if __name__ == "__main__":
    done = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], check=False, capture_output=True, text=True)
    report = done.stdout + done.stderr
    found = complaints(report)
    if done.returncode and "Lints for" not in report:
        found = [report.strip()]  # it could not even read the Snakefile
    print("".join(f"{line}\n" for line in found), end="", file=sys.stderr)
    sys.exit(bool(found))
