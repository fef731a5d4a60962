"""The driving person's track meets the driving video."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.faces.landmarks import load_landmarks
from pipelines.keypoints.alignment import align_track
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.motion import find_driving_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_cache import TrackCache
from pipelines.media.sources import open_video
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import truncate_file, write_picture, write_video
from tests.helpers.videos import make_clip

FRAMES = 12
NO_DETECTOR = cast(KeypointDetector, None)  # none is asked where there are poses


def track(frames: int, *, begin: int = 0) -> PoseTrack:
    """A pose per frame at 25 frames a second, its x the number of the frame."""
    poses = [np.full((1, 17, 3), index, np.float32) for index in range(frames)]
    return PoseTrack(
        "coco17", 96, 96, Fraction(1, 25), [PoseFrame(begin + index, pose) for index, pose in enumerate(poses)]
    )


def numbers(aligned) -> list[int]:
    return [int(frame.people[0, 0, 0]) for frame in aligned.frames]


def test_as_many_poses_as_frames_are_matched_in_order(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4", frames=6))
    aligned = align_track(track(6, begin=1000), source, "poses.json")
    assert numbers(aligned) == list(range(6))
    assert [frame.pts * aligned.time_base for frame in aligned.frames] == [Fraction(i, 25) for i in range(6)]


def test_a_part_of_the_video_takes_its_part_of_the_track(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4"), start=0.2, max_frames=3)
    assert numbers(align_track(track(12), source, "poses.json")) == [5, 6, 7]


@pytest.mark.parametrize("frames", [3, 12])
def test_details_of_people_stay_with_them(frames: int, tmp_path: Path) -> None:
    poses = track(12)
    poses.frames = [
        replace(frame, details=(PersonDetails(depth=np.full(17, number, np.float32)),))
        for number, frame in enumerate(poses.frames)
    ]
    source = open_video(write_video(tmp_path / "clip.mp4"), start=0.2 if frames == 3 else 0, max_frames=frames)
    found = align_track(poses, source, "poses.json").frames
    depths = [float(each.depth[0]) for frame in found for each in frame.details if each and each.depth is not None]
    assert depths == [float(frame.people[0, 0, 0]) for frame in found]
    assert len(depths) == frames


def test_a_track_of_another_video_is_refused(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4"))
    with pytest.raises(InputError, match=r"poses.json has 8 frames, .*clip.mp4 has 12"):
        align_track(track(8), source, "poses.json")


def test_a_video_that_breaks_off_is_refused_only_within_the_frames_asked_for(tmp_path: Path) -> None:
    clip = truncate_file(write_video(tmp_path / "clip.mp4", frames=40, moov_first=True), 0.85)
    readable = len(list(open_video(clip)))
    for frames in (1, readable):
        assert len(align_track(track(frames), open_video(clip, max_frames=frames), "poses.json").frames) == frames
    with pytest.raises(InputError, match="cut short"):
        align_track(track(readable), open_video(clip), "poses.json")


def flat(frame: int) -> list[float]:
    """A pose whose joints tell the frame: COCO-17 triples."""
    return [float(10 + frame), 20.0, 0.9] * 17


def write_alphapose(
    folder: Path, frames: range, *, first: int = 0, name: str = "{}.jpg", tracked: bool = False
) -> Path:
    """The poses of these frames of a video, whose first frame has the number `first`."""
    names = {name.format(frame + first): flat(frame) for frame in frames}
    listed = [{"image_id": key, "category_id": 1, "keypoints": pose, "score": 2.9} for key, pose in names.items()]
    by_name = {key: [{"keypoints": pose, "scores": 2.9, "idx": 1}] for key, pose in names.items()}
    (folder / "poses.json").write_text(json.dumps(by_name if tracked else listed))
    return folder / "poses.json"


def write_openpose(folder: Path, frames: range, *, first: int = 0, key: str = "pose_keypoints_2d") -> Path:
    poses = folder / "poses"
    poses.mkdir()
    for frame in frames:
        body = (np.array(flat(frame)).reshape(17, 3)[[0] * 18]).ravel().tolist()
        document = {"version": 1.0, "people": [{key: body, "face_keypoints": []}]}
        (poses / f"take_{frame + first:012d}_keypoints.json").write_text(json.dumps(document))
    return poses


def write_film(folder: Path, rate: Fraction | int = 25) -> Path:
    """A film of 12 frames; at 24 frames per second on average the pauses between them differ."""
    steps = [100, 250, 50] if rate == 24 else [round(3000 / rate)] * 3
    pts = np.cumsum([0, *(steps * FRAMES)])[:FRAMES].tolist()
    return make_clip(folder / "film.mp4", frames=FRAMES, pts=pts, time_base=Fraction(1, 3000))


def aligned(poses: Path, video: Path, **options: Any) -> tuple[list[int | None], PoseTrack, list[str]]:
    """The frame that each selected frame's pose tells, None for nobody; the track; and what was noted."""
    progress = NotesProgress()
    config = AnimateConfig(Path("source.png"), video, keypoints=str(poses), **options)
    selection = {name: getattr(config, name) for name in ("start", "end", "max_frames", "fps")}
    with open_video(video, **selection) as source:
        found = find_driving_track(config, source, NO_DETECTOR, TrackCache(), progress)
    told = [round(float(frame.people[0, 0, 0]) - 10) if len(frame.people) else None for frame in found.frames]
    return told, found, progress.notes


@pytest.mark.parametrize("rate", [Fraction(25, 2), 24, 25, 30, 50, Fraction(30000, 1001)])
@pytest.mark.parametrize("late", [0, 3])
def test_poses_without_times_belong_to_the_frames_that_their_numbers_say(
    rate: Fraction | int, late: int, tmp_path: Path
) -> None:
    film, poses = write_film(tmp_path, rate), write_alphapose(tmp_path, range(late, 10))
    everybody = [None] * late + list(range(late, 10)) + [None] * 2
    told, found, _ = aligned(poses, film)
    assert told == everybody
    assert [frame.pts for frame in found.frames] == [frame.pts for frame in open_video(film)]
    for frames in (1, 2, 5, 7):
        assert aligned(poses, film, max_frames=frames)[0] == everybody[:frames]
    fifth = [frame.pts * found.time_base for frame in found.frames][5]
    assert aligned(poses, film, start=fifth, max_frames=3)[0] == everybody[5:8]


def test_a_resampled_video_takes_the_poses_of_the_frames_it_shows(tmp_path: Path) -> None:
    film, poses = write_film(tmp_path, 50), write_alphapose(tmp_path, range(FRAMES))
    assert aligned(poses, film, fps=25, max_frames=6)[0] == [0, 2, 4, 6, 8, 10]
    assert aligned(poses, film, fps=100, max_frames=5)[0] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("frames", "first", "said"),
    [
        (range(FRAMES), 0, []),
        (range(FRAMES), 1, []),
        (range(FRAMES), 500, []),
        (range(10), 0, []),
        (range(10), 1, ["begins with frame 1, the video is taken to begin with frame 1"]),
        (range(3, FRAMES), 0, ["begins with frame 3, the video is taken to begin with frame 0"]),
        (range(3, FRAMES), 1, ["begins with frame 4, the video is taken to begin with frame 1"]),
    ],
)
def test_frames_are_numbered_from_0_or_1_or_as_many_as_the_video_has(
    frames: range, first: int, said: list[str], tmp_path: Path
) -> None:
    film = write_film(tmp_path)
    for number, poses in enumerate(
        (write_alphapose(tmp_path, frames, first=first), write_openpose(tmp_path, frames, first=first))
    ):
        told, _, notes = aligned(poses, film)
        assert [frame for frame in told if frame is not None] == list(frames), number
        assert [note.removeprefix(f"{poses} ") for note in notes] == said
        assert aligned(poses, film, max_frames=5)[0] == told[:5]


def test_pictures_are_known_by_their_names(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(0, 5 * FRAMES, 5):
        write_picture(pictures / f"shot_{100 + number}.png")
    names = [f"shot_{100 + number}.png" for number in range(15, 50, 5)]
    entries = [{"image_id": name, "keypoints": flat(index)} for index, name in enumerate(names, 3)]
    (tmp_path / "poses.json").write_text(json.dumps(entries))
    told, _, notes = aligned(tmp_path / "poses.json", pictures, max_frames=6)
    assert told == [None, None, None, 3, 4, 5]
    assert notes == []


@pytest.mark.parametrize("first", [0, 1])
def test_poses_of_a_part_of_the_video_are_counted_from_its_beginning(first: int, tmp_path: Path) -> None:
    poses = write_alphapose(tmp_path, range(4), first=first)
    assert aligned(poses, write_film(tmp_path), start=Fraction(4, 25), max_frames=4)[0] == [0, 1, 2, 3]


def test_poses_beyond_the_end_are_of_another_video(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"poses.json has poses up to frame 19, .*film.mp4 has 12 frames: extract it again"
    ):
        aligned(write_alphapose(tmp_path, range(5, 20)), write_film(tmp_path))


def test_names_that_do_not_count_need_a_pose_for_every_frame(tmp_path: Path) -> None:
    film = write_film(tmp_path)
    poses = tmp_path / "poses.json"
    for count in (FRAMES, 7):
        poses.write_text(json.dumps([{"image_id": f"{chr(97 + n)}.jpg", "keypoints": flat(n)} for n in range(count)]))
        if count == FRAMES:
            assert aligned(poses, film)[0] == list(range(FRAMES))
            assert aligned(poses, film, max_frames=3)[0] == [0, 1, 2]
    with pytest.raises(
        InputError, match=r"poses.json has 7 frames, .*film.mp4 has 12, and the names of the poses do not count"
    ):
        aligned(poses, film, max_frames=3)


def test_the_size_is_the_videos(tmp_path: Path) -> None:
    """So that --retarget none puts the person where the video shows it, not where the joints' box would."""
    film = write_film(tmp_path)
    info = open_video(film).info
    assert aligned(write_alphapose(tmp_path, range(FRAMES)), film)[1].size == (info.width, info.height)
    assert load_track(tmp_path / "poses.json").size != (info.width, info.height)


@pytest.mark.parametrize("form", ["tracked", "pose_keypoints", "pose_keypoints_2d"])
def test_all_forms_of_both_programs_are_aligned_alike(form: str, tmp_path: Path) -> None:
    if form == "tracked":
        poses = write_alphapose(tmp_path, range(3, 10), tracked=True)
    else:
        poses = write_openpose(tmp_path, range(3, 10), key=form)
    assert aligned(poses, write_film(tmp_path), max_frames=5)[0] == [None, None, None, 3, 4]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("rate", [Fraction(25, 2), 30, 50])
def test_landmark_files_belong_to_the_frames_that_their_numbers_say(
    rate: Fraction | int, first: int, tmp_path: Path
) -> None:
    film = write_film(tmp_path, rate)
    for frame in range(FRAMES):
        (tmp_path / f"{frame + first:05d}.txt").write_text(f"{frame},20\n" * 68)
    landmarks = load_landmarks(tmp_path, size=(96, 96))
    for options, expected in (({}, list(range(FRAMES))), ({"max_frames": 4}, [0, 1, 2, 3])):
        found = align_track(landmarks, open_video(film, **options), "landmarks")
        assert [int(people[0, 0, 0]) for people in found.people] == expected
    fifth = list(open_video(film))[5].pts * open_video(film).info.time_base
    found = align_track(landmarks, open_video(film, start=fifth, max_frames=3), "landmarks")
    assert [int(people[0, 0, 0]) for people in found.people] == [5, 6, 7]
