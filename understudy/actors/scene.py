"""The scene of one frame: how the head is held, the camera, the lamps and the key lamp's shadows."""

from dataclasses import dataclass

from understudy.actors.camera import Camera, Pose
from understudy.actors.lighting import Light, ShadowMap


@dataclass(frozen=True, eq=False)
class Scene:
    """What everything that is drawn in a frame shares."""

    camera: Camera
    pose: Pose
    light: Light
    shadows: ShadowMap
