"""What clips of people look like, for whoever draws scenes and renders them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClipConfig:
    """What clips of people look like."""

    height: int = 256
    """Pixels."""
    width: int = 256
    """Pixels."""
    length: int = 100
    """Frames of the whole motion."""
    fps: float = 25.0
    """Frames per second."""
    actions: int = 1
    """Separate motions of equal length that the whole motion is made of."""
    fill: tuple[float, float] = (0.62, 0.95)
    """Range of the share of the picture that the whole motion spans."""
    zoom: tuple[float, float] = (1.0, 1.0)
    """Range of a further magnification; above 1 people are cropped."""
    shift: float = 0.02
    """Largest displacement from the centre beyond the free margin, in parts of the picture."""
    roll: float = 0.03
    """Largest roll of the camera, radians."""
    amplitude: float = 1.0
    """Factor of the deviation from standing still."""
    athletic: float = 0.0
    """Share of motions with sports and floor work in place of the ordinary actions of legs."""
    turntable: float = 0.0
    """Share of motions in which people, whatever else they do, turn round once at an even speed."""
    texture_size: int = 128
    """Texels along a side of a texture."""
    supersample: int = 2
    """Samples per pixel in either direction."""
    shadow: float = 0.5
    """Share of the clips in which the person casts a shadow on the floor; half as often on the wall."""
    wall_shadows: bool = True
    """Whether people cast shadows on walls at all."""
    truncated: float = 0.0
    """Share of the clips in which the picture cuts the person off, anywhere from the knees to the chest."""
    furniture: float = 0.0
    """Share of the clips in which furniture or the like hides the person from somewhere between knees and chest on
    down, and the picture's edge does not."""
