"""Designs: everything that is decided about a person before they are built."""

from dataclasses import dataclass, field

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Skin:
    """`melanin`, `blood`, `age` and the amounts of freckles, stubble and lipstick, all 0…1."""

    melanin: float
    blood: float = 0.5
    age: float = 0.2
    freckles: float = 0.0
    stubble: float = 0.0
    lipstick: float = 0.0
    lip_tint: float = 1.0
    moles: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Eyes:
    """How far the lids open at rest (1: usual), how the outer corners rise, the iris' linear RGB."""

    iris: Rgb
    open: float = 1.0
    tilt: float = 0.5


@dataclass(frozen=True)
class Hair:
    """A style of `hair.STYLES`, linear RGB, brow strength and half width in centimetres, lash length, beard;
    `hairline` raises the hair's edge, `temples` lowers it there, in centimetres.
    """

    style: str
    color: Rgb
    brow: float = 1.0
    brow_half_width: float = 0.26
    lash: float = 0.8
    beard: float = 0.0
    hairline: float = 0.0
    temples: float = 0.0


@dataclass(frozen=True)
class Design:
    """A person: the seed of what is left to chance, and amounts of `identity.IDENTITY_FIELDS` in `shape`."""

    seed: int
    skin: Skin
    eyes: Eyes
    hair: Hair
    cloth: Rgb = (0.1, 0.1, 0.12)
    ear_size: float = 1.0
    ear_flare: float = 1.0
    shoulders: float = 1.0
    shape: dict[str, float] = field(default_factory=dict)
