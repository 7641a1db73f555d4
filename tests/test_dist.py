"""The wheel and the sdist hold what the commands need, and nothing of a workspace."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, checkout_of_here: Path) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "uv", "build", "--quiet", "--no-build-isolation", "--offline"]
    subprocess.run([*words, "--python", sys.executable, "--out-dir", folder, checkout_of_here], check=True)
    return folder


@pytest.fixture(scope="module")
def checkout_of_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows, so that nothing that lies about gets in."""
    folder = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    return folder


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(built: Path, checkout_of_here: Path) -> None:
    (wheel,) = built.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for package in ("wreck_core", "flows"):
        needed = {
            path.relative_to(checkout_of_here).as_posix()
            for path in (checkout_of_here / package).rglob("*")
            if path.is_file()
        }
        assert needed
        assert needed - held == set()
    assert {name.split("/")[0].split("-")[0] for name in held} == {"wreck_core", "flows", "wreck_detect"}


@pytest.mark.slow
def test_the_sdist_from_which_the_wheel_was_built_holds_no_pictures(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/LICENSE") for name in names)
    assert any(name.endswith("/wreck_core/labeling/page/label.js") for name in names)
    assert not any("/data/images/" in name for name in names)


@pytest.mark.slow
def test_the_commands_work_from_the_wheel_and_say_that_a_workspace_is_a_clone(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)  # noqa: S202 - we have just built it

    def wreck(*words: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; sys.path.insert(0, {str(installed)!r}); from wreck_core.cli import app; app()"
        return subprocess.run(
            [sys.executable, "-P", "-c", code, *words],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert "URL lists in" in wreck("--help").stdout
    demo = wreck("demo")
    assert demo.returncode == 2
    assert "clone the repository" in demo.stderr
    status = wreck("status")
    assert status.returncode == 2
    assert "run in a clone of the repository" in status.stderr
