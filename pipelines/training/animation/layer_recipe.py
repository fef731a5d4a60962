"""The numbers that recipes of animated layers share: those of people (`animation.data`) and of faces (`face.data`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerRecipe:
    """Shape of the data and weights of the losses.

    A clip gives a reference, the frame before the first target, and targets that the generator makes one after another.
    Noise is drawn per clip: each has a share of it, uniform in 0 to 1.
    """

    size: int = 256
    """Height and width of the images, in pixels."""
    chunk: int = 48
    """Clips per update; the whole batch is rendered at once, which is cheaper."""
    imperfect_mattes: float = 0.7
    """Fraction of the references that are cut out imperfectly."""
    clip_length: int = 96
    """Frames of a clip, of which few are rendered."""
    rollout: int = 6
    """Targets that follow each other forwards in time."""
    returns: int = 4
    """Targets after those that go back the same way."""
    fastest: int = 3
    """Largest distance between two targets, in frames."""
    start_share: float = 0.85
    """Fraction of the clips whose first target is made from the reference instead of from the frame before it."""
    picture: float = 4.0
    """Weight of the L1 distance of the result."""
    composite: float = 2.0
    """Weight of the L1 distance of the result laid over a plain background of a random colour."""
    gradient: float = 5.0
    """Weight of the distance of the result's gradients."""
    generated: float = 1.0
    """Weight of the L1 distance of what the generator made before copying."""
    warped: float = 2.0
    """Weight of the L1 distance of the warped sources where they show the target."""
    flow: float = 0.5
    """Weight of the flows' error, in pixels of their own maps."""
    fine_flow: float = 0.05
    """Weight of the full-resolution flows' error, in pixels."""
    mask: float = 0.1
    """Weight of the attention masks' error."""
    adversarial: float = 0.1
    """Weight of the adversarial loss."""
    features: float = 1.5
    """Weight of the distance of the discriminator's features."""
    emptiness: float = 0.25
    """Weight of what is far from the person in the image losses; next to the person it is 1."""
    false_coverage: float = 6.0
    """Additional weight in the image losses of coverage where the person is not."""
    copy: float = 0.15
    """Weight of the penalty for generating what the reference shows."""
    adversarial_from: float = 0.6
    """Fraction of the run at which the adversarial losses start; above 1: never."""
    validation_clips: int = 8
    """Number of held-out clips."""

    def order_frames(self) -> list[int]:
        """Frames of the clip in the order in which they are made: all but the reference, then some backwards."""
        last = 1 + self.rollout
        stop = max(last - 1 - self.returns, 1)
        return [*range(1, last + 1), *range(last - 1, stop, -1)]

    @property
    def targets(self) -> int:
        """Target frames of a clip."""
        return len(self.order_frames()) - 1
