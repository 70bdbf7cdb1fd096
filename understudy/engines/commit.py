"""`python -m understudy.engines.commit`: record for DVC the stages named on standard input, all at once.

As `dvc commit --force --no-relink` of each, which reads and writes dvc.lock once a stage and may leave half of it
behind when it is killed. This is DVC's inside, not its interface: requirements.lock pins the version.
"""

import logging
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from understudy.engines.project import one_line_errors
from understudy.engines.safe_dvc import mend
from understudy.errors import EngineError
from understudy.files import replacing

LOCK = Path("dvc.lock")


def commit(names: Collection[str]) -> None:
    """Believe the artifacts of these stages as they lie there. Raises EngineError when DVC cannot record them."""
    from dvc.dvcfile import Lockfile
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    if not names:
        return  # nothing has been made yet, not even a recipe: there is no dvc.lock to write
    mend()
    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    try:
        with Repo() as repo, repo.lock:
            stages = [stage for stage in repo.index.stages if stage.addressing in names]
            missing = sorted(set(names) - {stage.addressing for stage in stages})
            if missing:
                raise EngineError(f"dvc.yaml: no stage {missing[0]}; run `make dvc.yaml`")
            for stage in stages:
                stage.save()
                stage.commit(relink=False)
            with replacing(LOCK) as temporary:
                if LOCK.is_file():
                    shutil.copyfile(LOCK, temporary)
                else:
                    temporary.unlink()
                Lockfile(repo, str(temporary)).dump_stages(stages)
    except DvcException as error:
        raise EngineError(" ".join(str(error).split())) from error


if __name__ == "__main__":
    with one_line_errors():
        commit(set(sys.stdin.read().split()))
