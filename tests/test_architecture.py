"""The layout of docs/architecture.md: packages and rooms in one order, no circles, small files, light imports."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gfla_cli", "pipelines", "models")
MAY_IMPORT = {
    "gfla_cli": {"gfla_cli", "pipelines", "models", "typer", "rich"},
    "models": {"models", "torch", "numpy", "safetensors", "triton"},
}
PAGE = {"gradio", "fastapi", "starlette", "uvicorn"}  # what `gfla_cli.ui` may import as well
# The rooms of pipelines from top to bottom: each may import from those below it. The chains share a room.
CHAINS = (
    "animation",
    "pose_transfer",
    "face_animation",
    "view_synthesis",
    "keypoint_extraction",
    "diagnostics",
    "preview",
    "rerun",
)
ROOMS: tuple[tuple[str, ...], ...] = (
    ("__init__",),
    ("batch",),
    ("preflight",),
    CHAINS,
    ("training",),
    ("generation",),
    ("object_views",),
    ("evaluation",),
    ("datasets",),
    ("faces",),
    ("keypoints",),
    ("compositing",),
    ("synthetic",),
    ("weights",),
    ("media",),
    ("configs",),
    ("option_groups",),
    ("runtime",),
)
FLOORS = {name: floor for floor, names in enumerate(ROOMS) for name in names}
FOLDERS = (*PACKAGES, "tests", "examples", "benchmarks")
FILES = [path.relative_to(ROOT) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@cache
def imported(path: Path) -> list[tuple[str, bool]]:
    """Modules that a file imports, and whether it does so only when a function runs, or for type checkers."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, bool]]:
    for node, late in statements(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno} imports relatively"
            yield node.module or "", late


def statements(node: ast.AST, *, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """All statements below a node, and whether each runs late; expressions, which are most nodes, hold no imports."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            inner = late or _is_late(child)
            yield child, inner
            yield from statements(child, late=inner)


def _is_late(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def tops(path: Path) -> set[str]:
    return {module.partition(".")[0] for module, _ in imported(path)}


def name_of(path: Path) -> str:
    """Dotted name of a module; a package has that of its `__init__`."""
    return ".".join(path.with_suffix("").parts)


SHIPPED = {name_of(path): path for path in FILES if path.parts[0] in PACKAGES}


@cache
def dependencies(path: Path) -> set[str]:
    """The shipped modules that a file names in imports: at its top, in functions, or for type checkers."""
    found = set[str]()
    for node, _ in statements(parse(path)):
        if isinstance(node, ast.ImportFrom):
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & SHIPPED.keys()
            found |= submodules or {str(node.module), f"{node.module}.__init__"}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & SHIPPED.keys() - {name_of(path)}


def floor(module: str) -> int:
    return FLOORS[module.split(".")[1]]


def test_no_module_imports_itself_through_others() -> None:
    graph = {name: dependencies(path) for name, path in SHIPPED.items() if name != "pipelines.__init__"}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_the_rooms_of_pipelines_import_downwards() -> None:
    inside = [name for name in SHIPPED if name.startswith("pipelines.")]
    upwards = {
        f"{name} -> {other}"
        for name in inside
        for other in dependencies(SHIPPED[name])
        if other.startswith("pipelines.") and floor(other) < floor(name)
    }
    assert not upwards


def test_every_room_exists() -> None:
    assert {name.split(".")[1] for name in SHIPPED if name.startswith("pipelines.")} == set(FLOORS)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    allowed = MAY_IMPORT[package] | sys.stdlib_module_names
    more = {path: PAGE if path.parts[:2] == ("gfla_cli", "ui") else set[str]() for path in FILES}
    wrong = {
        str(path): extra for path in FILES if path.parts[0] == package and (extra := tops(path) - allowed - more[path])
    }
    assert not wrong


def test_triton_stays_in_the_files_named_after_it() -> None:
    assert not [str(path) for path in FILES if "triton" in tops(path) and "triton" not in path.stem]


def test_pipelines_never_import_the_command_line() -> None:
    outer = {"gfla_cli", "typer", "rich", "tests", "examples"}
    wrong = {str(path): extra for path in FILES if path.parts[0] == "pipelines" and (extra := tops(path) & outer)}
    assert not wrong


def test_the_training_side_imports_no_video_or_detection_library() -> None:
    sides = {("pipelines", "synthetic"), ("pipelines", "training")}
    wrong = [str(path) for path in FILES if path.parts[:2] in sides and tops(path) & {"av", "ultralytics"}]
    assert not wrong


def test_ultralytics_is_imported_by_its_detector_only() -> None:
    shipped = [path for path in FILES if path.parts[0] in PACKAGES]
    found = [(path, late) for path in shipped for module, late in imported(path) if module.startswith("ultralytics")]
    assert {path.parts[:2] for path, _ in found} <= {("pipelines", "keypoints")}
    assert len({path for path, _ in found}) <= 1
    assert all(late for _, late in found)


def test_spandrel_is_imported_by_the_upscaler_only() -> None:
    found = [(path, late) for path in FILES for module, late in imported(path) if module.startswith("spandrel")]
    assert {str(path) for path, _ in found} <= {"pipelines/generation/upscaling.py"}
    assert all(late for _, late in found)


def test_what_runs_networks_of_others_is_imported_by_their_detector_only() -> None:
    homes = {"ai_edge_litert": "mediapipe", "onnxruntime": "rtm"}
    shipped = [path for path in FILES if path.parts[0] in PACKAGES]
    found = {(path, name.split(".")[0], late) for path in shipped for name, late in imported(path)}
    found = {each for each in found if each[1] in homes}
    folder = Path("pipelines/keypoints/detectors")
    assert found == {(folder / home / "networks.py", name, True) for name, home in homes.items()}


def test_options_can_be_read_without_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; import pipelines.configs; from pipelines import AnimateConfig"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_offers_its_type_hints(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data["*"]


@pytest.mark.parametrize("package", PACKAGES)
def test_files_beside_the_modules_are_installed(package: str) -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    patterns = [f"{name.replace('.', '/')}/{each}" for name, many in data.items() if name != "*" for each in many]
    others = [each for each in (ROOT / package).rglob("*") if each.is_file() and each.suffix not in (".py", ".pyc")]
    names = {str(each.relative_to(ROOT)) for each in others if each.name not in ("py.typed", "README.md")}
    assert not {name for name in names if not any(fnmatch(name, each) for each in patterns)}


def test_nobody_imports_click() -> None:
    assert not [str(path) for path in FILES if "click" in tops(path)]


def test_files_are_small() -> None:
    lines = {str(path): len((ROOT / path).read_text().splitlines()) for path in FILES}
    assert not {path: count for path, count in lines.items() if count > 300}


def test_training_and_the_program_import_without_what_only_files_and_people_need() -> None:
    trained = [p for p in FILES if p.parts[:2] in {("pipelines", "synthetic"), ("pipelines", "training")}]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in trained]
    program = f"""
import importlib, sys
missing = ("av", "ultralytics", "ai_edge_litert", "onnxruntime", "dlib", "h5py", "skimage", "tensorboard", "tqdm")
for missing in (*missing, "gradio", "fastapi", "starlette", "uvicorn"):
    sys.modules[missing] = None
for name in {["gfla_cli.app", *modules]!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
