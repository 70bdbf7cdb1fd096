"""Back ends that look at faces, one file each: where they are, their landmarks, whom they look like."""

from understudy.analysis import LandmarkBackend, Landmarker


def load_landmarker(backend: LandmarkBackend) -> Landmarker:
    """The landmark back end of that name. Raises AnalysisError when its weights are missing or are not the pinned."""
    if backend == "fan_68":
        from understudy.analysers import fan_68  # torch: only who asks for it pays

        return fan_68.Landmarks()
    from understudy.analysers import dlib_68

    return dlib_68.Landmarks()
