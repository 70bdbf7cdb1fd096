"""The code that decides what this process makes."""

import hashlib
import os
import sys
from pathlib import Path

from understudy.closure import source_of

HOUSE = f"{Path(__file__).parent}{os.sep}"


def code_sha256() -> str:
    """The SHA-256 of the code, without comments, that this process has imported of the house, in order of the files."""
    files = {str(getattr(module, "__file__", None)) for module in list(sys.modules.values())}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.startswith(HOUSE)):
        digest.update(source_of(path).digest.encode())
    return digest.hexdigest()
