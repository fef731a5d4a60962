"""The one table of what `gfla animate` reads, by suffix; batch folders and folders of frames look for the same files.

A file that a user names is opened whatever it is called: these suffixes say which files of a folder are meant.
"""

ANIMATION_SUFFIXES = frozenset((".gif", ".apng", ".avifs"))
"""Animated pictures."""

PICTURE_SUFFIXES = ANIMATION_SUFFIXES.union(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".jpx", ".webp", ".avif", ".heic", ".heif"),
    (".tif", ".tiff", ".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".psd", ".qoi"),
)
"""Sources, and the frames of a folder. Animated WebP, PNG and AVIF are often named like pictures that do not move."""

MOTION_JPEG_SUFFIXES = frozenset((".mjpeg", ".mjpg"))
"""Videos that consist of JPEG pictures, so that they begin like one picture."""

VIDEO_SUFFIXES = MOTION_JPEG_SUFFIXES.union(
    (".mp4", ".m4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".divx", ".wmv", ".asf", ".flv"),
    (".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".mts", ".m2ts", ".m2t", ".mxf", ".ogv", ".ogm", ".dv"),
    (".h264", ".264", ".avc", ".hevc", ".h265", ".265", ".ivf", ".obu", ".y4m", ".nut"),  # without a container
)
"""Videos."""

DRIVING_SUFFIXES = VIDEO_SUFFIXES | ANIMATION_SUFFIXES
"""Drivings that are one file each; pictures that do not move are the frames of their folder."""
