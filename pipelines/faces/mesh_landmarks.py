"""The 68 landmarks of faces from MediaPipe's face mesh, and their irises; a `KeypointDetector` of such points.

P faces of a picture. The landmarks are points of the mesh at the same places of a face as iBUG 300-W has them. K = 70
where MediaPipe's network of irises was fetched, which finds lids as well, otherwise 68.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from models.joints import FACE_IRISES
from pipelines.faces.face_maps import LANDMARKS
from pipelines.keypoints.detectors.mediapipe.faces import FaceMesh, mesh_region
from pipelines.keypoints.detectors.mediapipe.irises import IrisNetwork
from pipelines.keypoints.detectors.mediapipe.regions import Region, search_regions
from pipelines.keypoints.tracking import CONFIDENT

SEARCH_INTERVAL = 12  # frames between two searches for faces that are not followed yet
MAX_LOOKS = 8  # at a new face, until its region stays where it is: small faces are found by the wrong region first
CLOSER = 2.0  # side of the square in which the detector looks again, in sides of the region that it found
SETTLED = 0.02  # change of a region that stays where it is, in units of its side
EYES = slice(36, 48)  # of the landmarks
SAME_FACE = 0.5  # regions whose centres are so near to each other are of one face, in sides of the larger one
MESH_TO_IBUG68 = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # lips outside
    *(78, 82, 13, 312, 308, 317, 14, 87),  # lips inside
)


class MeshLandmarks:
    """Every face of every frame; faces are followed by the region of the frame before.

    Raises:
        BackendUnavailable: LiteRT is missing, or the networks were not fetched or are damaged.
    """

    name = "mediapipe"

    def __init__(self, mesh: FaceMesh | None = None, irises: IrisNetwork | None = None) -> None:
        self.mesh = mesh or FaceMesh.load()
        self.irises = irises if mesh else IrisNetwork.load()

    @property
    def points(self) -> int:
        """K."""
        return LANDMARKS + len(FACE_IRISES) * (self.irises is not None)

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Picture uint8 RGB [H, W, 3] -> faces float32 [P, K, 3]: x, y in its pixels, confidence 0..1.

        If no face is found, smaller ones are searched for in parts of the picture.
        """
        return self._describe(image, self._search(image, []))

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`; one pass of the mesh network per face as long as no face is lost."""
        faces: list[tuple[np.ndarray, float]] = []
        for number, image in enumerate(images):
            before, faces = faces, self._read(image, [mesh_region(mesh) for mesh, _ in faces], [])
            if number % SEARCH_INTERVAL == 0 or len(faces) < max(len(before), 1):
                faces += self._search(image, faces)
            yield self._describe(image, faces)

    def _describe(self, image: np.ndarray, faces: list[tuple[np.ndarray, float]]) -> np.ndarray:
        """Meshes [468, 3] with their presence -> float32 [P, K, 3]; a face that is there is confident."""
        result = np.empty((len(faces), self.points, 3), np.float32)
        for landmarks, (mesh, presence) in zip(result, faces, strict=True):
            landmarks[:LANDMARKS, :2] = mesh[list(MESH_TO_IBUG68), :2]
            landmarks[:, 2] = max(presence, CONFIDENT)
            if self.irises:
                lids, landmarks[list(FACE_IRISES), :2] = self.irises.read(image, mesh)
                landmarks[EYES, :2] = lids.reshape(-1, 2)
        return result

    def _search(self, image: np.ndarray, known: list[tuple[np.ndarray, float]]) -> list[tuple[np.ndarray, float]]:
        """Meshes [468, 3] with their presence of the faces that are not among the known ones."""
        for part in search_regions(*image.shape[:2], thorough=True):
            regions = [self._find_closer(image, region) for region in self.mesh.find(image, part)]
            found = self._read(image, regions, known, looks=MAX_LOOKS)
            if known or found:
                return found
        return []

    def _find_closer(self, image: np.ndarray, region: Region) -> Region:
        """The region of a face as the detector sees it from close by, where it is less mistaken in place and tilt."""
        found = self.mesh.find(image, Region(region.x, region.y, CLOSER * region.side))
        return min(found, key=lambda each: _distance(region, each), default=region)

    def _read(
        self, image: np.ndarray, regions: list[Region], known: list[tuple[np.ndarray, float]], *, looks: int = 1
    ) -> list[tuple[np.ndarray, float]]:
        """The faces in regions, each once."""
        faces: list[tuple[np.ndarray, float]] = []
        for region in regions:
            face = self._look(image, region, looks)
            if face and not any(_is_same(face[0], mesh) for mesh, _ in (*known, *faces)):
                faces.append(face)
        return faces

    def _look(self, image: np.ndarray, region: Region, looks: int) -> tuple[np.ndarray, float] | None:
        """The face in a region, which moves to where the face is seen, in as many looks as it needs."""
        face = self.mesh.read(image, region)
        for _ in range(looks - 1):
            before, region = region, mesh_region(face[0]) if face else region
            if face is None or _distance(before, region) < SETTLED:
                break
            face = self.mesh.read(image, region)
        return face


def _distance(first: Region, second: Region) -> float:
    """How far apart two regions are, or how much larger one is, in sides of the first."""
    return max(math.hypot(first.x - second.x, first.y - second.y), abs(first.side - second.side)) / first.side


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    one, other = mesh_region(first), mesh_region(second)
    return math.hypot(one.x - other.x, one.y - other.y) < SAME_FACE * max(one.side, other.side) / 2
