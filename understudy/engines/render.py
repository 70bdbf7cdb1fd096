"""`python -m understudy.engines.render`: dvc.yaml, written anew from the Snakefile when it has drifted.

With `--check` nothing is written, and the status is 1 when it has.
"""

import sys

from understudy.engines.project import one_line_errors
from understudy.engines.rendering import DVC_YAML, has_drifted, refresh
from understudy.engines.snakefile import opened
from understudy.errors import EngineError

if __name__ == "__main__":
    with one_line_errors(), opened() as (workflow, project):
        if "--check" not in sys.argv:
            print(f"{DVC_YAML}: rendered anew" if refresh(workflow, project) else f"{DVC_YAML}: nothing to do")
        elif has_drifted(workflow, project):
            raise EngineError(f"{DVC_YAML} is not what the Snakefile says; run `make {DVC_YAML}`")
