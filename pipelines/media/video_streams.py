"""Which video stream of a file is read, if it has several.

Called by `pipelines.media.reader`.
"""

from pathlib import Path
from typing import cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from models.errors import InputError

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image  # covers and previews


def find_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The default one of `list_video_streams`; of several that are default, or if none is, the largest.

    Raises:
        InputError: there is none.
    """
    if streams := list_video_streams(container):
        return max(streams, key=_preference)  # the first of those that are equal
    kind = "only sound" if container.streams.audio else "no video stream that can be decoded"
    raise InputError(f"{path} has {kind}: use a video")


def list_video_streams(container: InputContainer) -> list[VideoStream]:
    """The video streams that have a decoder and are no cover pictures."""
    return [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & STILL
    ]


def find_alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """The decoder of a WebM stream with an alpha channel, which FFmpeg's own decoders leave out; None for others."""
    name = ALPHA_DECODERS.get(stream.codec_context.codec.canonical_name)
    if name not in av.codecs_available or stream.metadata.get("alpha_mode") != "1":
        return None
    return cast(VideoCodecContext, CodecContext.create(name, "r"))


def describe_choice(container: InputContainer, chosen: VideoStream) -> tuple[str, ...]:
    """A note that begins with the file if it has several video streams."""
    streams = list_video_streams(container)
    if len(streams) == 1:
        return ()
    number = 1 + [stream.index for stream in streams].index(chosen.index)
    others = [stream for stream in streams if stream.index != chosen.index]
    is_default = [bool(stream.disposition & Disposition.default) for stream in (chosen, *others)]
    reason = "the default one" if is_default[0] and not any(is_default[1:]) else "the first of the largest"
    return (
        f"has {len(streams)} video streams: number {number} ({chosen.width}x{chosen.height}) is used, {reason}; "
        "for another one save it to a file",
    )


def _preference(stream: VideoStream) -> tuple[bool, int]:
    return bool(stream.disposition & Disposition.default), stream.width * stream.height
