"""Scores in sentences that a person understands, for the frames the model has not learnt from."""

import textwrap
from collections.abc import Mapping

Values = Mapping[str, object]
WIDTH, INDENT = 112, 13
ALIKE = 0.45  # a distance to the centroid at which drawn actors and people are usually recognised


def in_words(scores: Values, *, name: str) -> str:
    """A page about the shot {clip}.{source}-for-{target}: each measure between the two ends of its scale."""
    clip, _, pair = name.partition(".")
    source, _, target = (part.title() for part in pair.partition("-for-"))
    rows = {
        "likeness": _likeness(scores, source, target),
        "mouth": _followed(scores, "mouth"),
        "eyes": _followed(scores, "eyes"),
        "pose": f"{_at(scores, 'shot.pose.error_deg', 1)} degrees off the performance"
        + _ends(scores, "pose.error_deg", 1, clip=False),
        "calm": f"trembles {_at(scores, 'shot.jitter.ratio')} times as much as the footage"
        + _ends(scores, "jitter.ratio", clip=False),
        "sharpness": _sharpness(scores),
        "painted": _painted(scores, target),
        "closeness": _closeness(scores),
        "rebuilt": _rebuilt(scores),
    }
    number = _value(scores, "held_out.frames") or 0
    head = f"{source} in {target}'s place, clip {clip}: {number:.0f} frames that no model learnt from"
    return "\n".join([head, "", *(line for title, text in rows.items() if text for line in _row(title, text))])


def _likeness(scores: Values, source: str, target: str) -> str:
    to_source, to_target = (_value(scores, f"held_out.shot.identity.{who}_distance") for who in ("source", "target"))
    nearer = _value(scores, "held_out.shot.identity.source_nearer") or 0.0
    gain = _value(scores, "held_out.against_true_swap.identity_gain")
    if to_source is None or to_target is None:
        return "no face is seen in the shot"
    if source == target:
        own = _value(scores, "held_out.untouched.identity.source_distance")
        ends = f" (untouched {_short(own)})" if own is not None else ""
        return f"their own face, rebuilt: distance {_short(to_source)} to {source}{ends}"
    verdict = f"looks like {source}" if to_source <= ALIKE and nearer >= 0.95 else f"does not look like {source} yet"
    verdict = f"still looks like {target}" if to_target < to_source else verdict
    films = [
        f"{words} {_short(own)} and {_short(other)}"
        for words, film in (("true swap", "true_swap"), ("untouched", "untouched"))
        if (own := _value(scores, f"held_out.{film}.identity.source_distance")) is not None
        and (other := _value(scores, f"held_out.{film}.identity.target_distance")) is not None
    ]
    way = f"; {gain:.0%} of the way to the true swap" if gain is not None else ""
    distances = (
        f"{verdict}: distance {_short(to_source)} to {source}, {_short(to_target)} to {target} ({'; '.join(films)})"
    )
    return f"{distances}; nearer to {source} in {nearer:.0%} of the frames{way}"


def _followed(scores: Values, opening: str) -> str:
    is_true = _value(scores, f"held_out.shot.{opening}.true_correlation") is not None
    kind, reference = ("true_correlation", "truth") if is_true else ("correlation", "performance as it is read")
    ends = _ends(scores, f"{opening}.{kind}", clip=is_true)
    return f"follows the {reference} with a correlation of {_at(scores, f'shot.{opening}.{kind}')}{ends}"


def _sharpness(scores: Values) -> str:
    ratio = _value(scores, "held_out.against_true_swap.sharpness_ratio")
    if ratio is not None:
        return f"{_short(ratio)} times the true swap's"
    shot, untouched = (_value(scores, f"held_out.{film}.sharpness") for film in ("shot", "untouched"))
    return f"{_short(shot / untouched)} times the footage's" if shot is not None and untouched else "not known"


def _painted(scores: Values, target: str) -> str:
    painted, seen = (_value(scores, f"painted.{key}") or 0 for key in ("painted_frames", "target_frames"))
    left_out = _map(scores, "painted.left_out")
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(left_out.items()))
    return f"{painted:.0f} of {seen:.0f} frames in which {target} is seen" + (f"; not: {reasons}" if reasons else "")


def _closeness(scores: Values) -> str:
    psnr = _value(scores, "held_out.against_true_swap.psnr_db")
    if psnr is None:
        return ""
    ssim = _at(scores, "against_true_swap.ssim")
    return f"PSNR {psnr:.1f} dB and SSIM {ssim} against the true swap; a blur does well here too, so read it last"


def _rebuilt(scores: Values) -> str:
    rebuilt = _map(scores, "reconstruction")
    sides = [
        f"{side} {_value(scores, f'reconstruction.psnr_db_{side}') or 0:.1f} dB"
        for side in ("source", "target")
        if f"psnr_db_{side}" in rebuilt
    ]
    return f"validation faces by the model itself: {', '.join(sides)}" if sides else ""


def _ends(scores: Values, path: str, digits: int = 2, *, clip: bool) -> str:
    films = (("true swap", "true_swap"), *((("untouched clip", "untouched"),) if clip else ()))
    known = [
        f"{words} {_at(scores, f'{film}.{path}', digits)}"
        for words, film in films
        if _value(scores, f"held_out.{film}.{path}") is not None
    ]
    return f" ({', '.join(known)})" if known else ""


def _at(scores: Values, path: str, digits: int = 2) -> str:
    value = _value(scores, f"held_out.{path}")
    return "an unknown number" if value is None else _short(value, digits)


def _short(value: float, digits: int = 2) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _row(head: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH - INDENT)
    return [f"  {head if index == 0 else '':<{INDENT - 2}}{line}" for index, line in enumerate(lines)]


def _value(scores: Values, path: str) -> float | None:
    folder, _, key = path.rpartition(".")
    value = _map(scores, folder).get(key)
    return float(value) if isinstance(value, int | float) else None


def _map(scores: Values, path: str) -> Values:
    values: object = scores
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}
