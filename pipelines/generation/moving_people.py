"""The people of an animation, one or several with `people`: who they are, and what they will do.

In: the source picture and a pose track. Out: `MovingPerson`s. Called by `pipelines.animation` and `pipelines.preview`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.generators.animation import AnimationGenerator
from pipelines.configs import AnimateConfig
from pipelines.faces.expressions import find_expressions
from pipelines.faces.landmark_detectors import create_landmark_detector
from pipelines.generation.networks import PersonNetworks, load_face_generator
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.resources import Resources
from pipelines.keypoints.motion import DrivingMotion, MovingPerson, SourcePerson, find_source_person, follow_person
from pipelines.keypoints.people import MovingPair, find_source_people, follow_people
from pipelines.keypoints.placement import place_motion
from pipelines.keypoints.retargeting import retarget
from pipelines.keypoints.track import PoseTrack
from pipelines.media.sources import FrameSource
from pipelines.runtime.devices import autocast
from pipelines.runtime.progress import Progress, note_all

FACE = "face"  # weights of the generator of faces


def find_sources(
    config: AnimateConfig, picture: np.ndarray, alpha: np.ndarray | None, networks: PersonNetworks
) -> list[SourcePerson]:
    """The largest person in the picture, or with `people` everybody in it, from the left."""
    parts = networks.detector, networks.cleaner, networks.track_cache
    options = {"alpha": alpha, "find_mask": networks.find_mask}
    if config.people is None:
        return [find_source_person(config.source, picture, *parts, **options)]
    return find_source_people(config.source, picture, config.people, *parts, **options)


def follow(
    config: AnimateConfig,
    track: PoseTrack,
    sources: list[SourcePerson],
    networks: PersonNetworks,
    *,
    start: float,
    interval: int = 1,
) -> list[MovingPair]:
    """Who of the sources moves, and the motions of the people of a track whom they follow; see `follow_person`."""
    options = {"on_missing": config.on_missing, "start": start, "interval": interval}
    if config.people is not None:
        return follow_people(track, sources, config.people, networks.cleaner, **options)
    (source,) = sources
    return [(source, follow_person(track, networks.cleaner, person=config.person, source=source, **options))]


def retarget_person(
    config: AnimateConfig, source: SourcePerson, motion: DrivingMotion, progress: Progress
) -> MovingPerson:
    """6. The motion on the source person's body, in the picture -> [T, 17, 2]."""
    notes = [*motion.gaps.notes("person", config.on_missing), *motion.notes]
    sizes = {"driver_size": motion.size, "source_size": source.size}
    poses = retarget(motion.poses, source.pose, config.retarget, **sizes)
    place = config.place
    if config.background == "driving":  # which is upright, and whose path is taken as it is
        source, place = replace(source, quarter_turns=0), "still"
    if config.retarget != "none":
        poses, change = place_motion(poses, source.pose, source.size, place)
        notes += change.notes()
    note_all(progress, map(source.about, notes))
    return MovingPerson(source, motion, poses)


def move_faces(
    people: Sequence[MovingPerson],
    processor: FrameProcessor,
    video: FrameSource,
    networks: PersonNetworks,
    resources: Resources,
    progress: Progress,
) -> None:
    """Let the sources' faces do what the drivers' do, where both can be seen well."""
    detector = create_landmark_detector("auto", progress.note)
    for person, own in zip(people, processor.people, strict=True):
        if expressions := find_expressions(person.source, person.driving, video, detector, progress):
            face = resources.load(load_face_generator, FACE, networks.device, networks.precision)
            assert isinstance(face, AnimationGenerator)  # the bundled one is ours
            own.move_face(expressions, face, autocast(networks.precision, networks.device))
