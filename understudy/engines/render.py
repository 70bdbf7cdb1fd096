"""`python -m understudy.engines.render`: dvc.yaml, written anew from the Snakefile when it has drifted."""

from understudy.engines.project import one_line_errors
from understudy.engines.rendering import refresh
from understudy.engines.snakefile import opened

if __name__ == "__main__":
    with one_line_errors(), opened() as (workflow, project):
        print("dvc.yaml: rendered anew" if refresh(workflow, project) else "dvc.yaml: nothing to do")
