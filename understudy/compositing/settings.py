"""The settings that say how painted faces are put into frames."""

from pydantic import Field

from understudy.params import Settings


class CompositeSettings(Settings):
    """How painted faces are put into frames. Lengths are in sides of the mean face box (brow line to lower lip)."""

    outline: float = Field(ge=0, le=1)
    """Share of the change of the face's outline that the frame follows; 1 shows the source's jaw, 0 the target's."""
    reach: float = Field(ge=0, le=0.3)
    """How far beyond the model's own alpha its paint is used, up to the target's outline: covers stubble along the jaw.
    Less, down to 0, for models that paint hair or background around the face."""
    erode: float = Field(ge=0, le=0.2)
    """How far the edge of the painted face is drawn in; more when the target's surroundings show at its rim."""
    feather: float = Field(ge=0, le=0.2)
    """Softness of that edge (standard deviation); more hides a seam, less keeps the jaw painted to its edge."""
    light: float = Field(ge=0, le=1)
    """Share of the target's smooth light that the painted face takes on; less when shadows come out doubled."""
    light_softness: float = Field(ge=0.05, le=1)
    """Blur of that light; less follows hard shadows, more is safe where beard or hair could pass for shadow."""
    eyes: float = Field(ge=0, le=1)
    """Share of the skin's colour change that the eyes take; 1 tints their whites, 0 keeps the source's own."""
    lips: float = Field(ge=0, le=1)
    """Share of the skin's colour change that the lips take; less keeps lipstick."""
    sharpen: float = Field(ge=0, le=2)
    """Fine contrast given back to the painted face; raise until pores match the neck, lower when lashes ring."""
    grain: float = Field(ge=0, le=2)
    """Share of the frame's grain that a smoother painted face is given; 1 matches it."""
    steadiness: int = Field(ge=0, le=25)
    """Frames to either side over which colour, light, grain and outline are averaged; 0 leaves each frame alone."""
    seed: int = Field(ge=0)
    """Seed of the grain; another one gives other grain of the same kind."""
