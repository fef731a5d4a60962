"""Faces: boxes with 6 points by a detector, then a mesh of 468 points, x, y and depth in pixels of the frame."""

import numpy as np

from pipelines.keypoints.detectors.mediapipe.boxes import BoxDetector
from pipelines.keypoints.detectors.mediapipe.networks import Network, load_network, sigmoid
from pipelines.keypoints.detectors.mediapipe.regions import Region

LAYERS = ((8, 2), (16, 6))
MIN_SCORE = 0.5  # sureness from which on the detector has found a face
MIN_PRESENCE = 0.5  # sureness from which on the region shows a face
LEVEL = 0.0  # degrees: the eyes are level in a face's region
DETECTION_MARGIN, MESH_MARGIN, POSE_MARGIN = 2.0, 1.5, 3.0  # sides of regions in units of what they are made of
DETECTION_SHIFT = -0.1  # the region of a detection reaches so far beyond the forehead, in units of its side
RIGHT_EYE, LEFT_EYE = 33, 263  # outer corners in the mesh
POSE_EYES = (5, 2)  # right and left eye among the 33 points of a pose


class FaceMesh:
    """Finds faces in frames, or the face of a person whose pose is known."""

    def __init__(self, detector: Network, mesh: Network) -> None:
        self.detector = BoxDetector(detector, LAYERS, least=MIN_SCORE)
        self.mesh = mesh

    @classmethod
    def load(cls) -> "FaceMesh":
        """With MediaPipe's networks.

        Raises:
            BackendUnavailable: LiteRT is missing, or the networks were not fetched or are damaged.
        """
        return cls(load_network("face_detection_short_range"), load_network("face_landmark"))

    def find(self, image: np.ndarray, region: Region | None = None) -> list[Region]:
        """Regions of the faces in a frame uint8 [H, W, 3], or in one region of it, the surest first."""
        return [detection_region(box) for box in self.detector.find(image, region)]

    def read(self, image: np.ndarray, region: Region) -> tuple[np.ndarray, float] | None:
        """Mesh float32 [468, 3] of the face in a region, and how sure it is, 0..1; None if there is no face."""
        square = region.sample(image, self.mesh.size)
        values, presence = self.mesh(square / np.float32(255))
        if not (sure := float(sigmoid(presence.reshape(-1))[0])) >= MIN_PRESENCE:
            return None
        points = values.reshape(-1, 3) / self.mesh.size  # [468, 3]
        return region.to_frame(points).astype(np.float32), sure

    def find_of_pose(self, image: np.ndarray, points: np.ndarray) -> np.ndarray | None:
        """The mesh of a person's face, from the pose's points of eyes, ears, nose and mouth [11, 2 or more]."""
        regions = self.find(image, pose_region(points[:, :2]))
        found = self.read(image, regions[0]) if regions else None
        return found[0] if found else None


def detection_region(box: np.ndarray) -> Region:
    """The region of a face that the detector found, a row of `BoxDetector.find`; the eyes are its first two points."""
    points = box[4:-1].reshape(-1, 2)
    return _around(points, points[0], points[1], DETECTION_MARGIN).shifted(0, DETECTION_SHIFT)


def mesh_region(mesh: np.ndarray) -> Region:
    """The region of the face in the next frame, if nothing moves; mesh [468, 2 or more]."""
    return _around(mesh[:, :2], mesh[RIGHT_EYE, :2], mesh[LEFT_EYE, :2], MESH_MARGIN)


def pose_region(points: np.ndarray) -> Region:
    """Where the detector looks for the face of a pose with the points [11, 2]."""
    right_eye, left_eye = points[list(POSE_EYES)]
    return _around(points, right_eye, left_eye, POSE_MARGIN)


def _around(points: np.ndarray, right_eye: np.ndarray, left_eye: np.ndarray, margin: float) -> Region:
    """The square around the box of points [K, 2], turned so that the eyes are level."""
    low, high = points.min(0), points.max(0)
    angle = Region.between(right_eye, left_eye, direction=LEVEL, scale=1.0).angle
    x, y = ((low + high) / 2).tolist()
    return Region(x, y, float((high - low).max()) * margin, angle)
