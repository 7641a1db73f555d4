"""doctor: is this machine and workspace fit for work? Every fault comes with its fix."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement

from wreck_core import dvcio, files, images, provenance
from wreck_core.errors import WreckError
from wreck_core.inference import fastest
from wreck_core.labeling import window
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary
from wreck_core.training import weights
from wreck_core.training.backbones import Download

FREE_DISK_GB = 5.0


class Check(NamedTuple):
    """One line of the doctor: what was looked at, what was found, and the fix when it is wrong."""

    name: str
    found: str
    fix: str = ""


def run(params: Params, layout: Layout, more: Sequence[Check]) -> Summary:
    """Check versions, OpenCV, display, DVC, git, disk, weights and runtimes; add what others have checked."""
    models = [*_weights(params, layout), *_runtimes(params, layout)]
    checks = [*_packages(), *_opencv(), *_workspace(layout), *models, *more]
    faults = [check for check in checks if check.fix]
    return Summary(
        headline=f"{len(faults)} of {len(checks)} checks need a fix" if faults else "all is well",
        rows=tuple((check.name, f"{'✗' if check.fix else '✓'} {check.found}") for check in checks),
        notes=tuple(f"{check.name}: {check.fix}" for check in faults),
        ok=not faults,
        data={"checks": [check._asdict() for check in checks]},
    )


def _packages() -> Iterator[Check]:
    """Each direct dependency against its pin: two wrong ones break every flow without a word."""
    yield Check("python", sys.version.split()[0])
    for line in metadata.requires("wreck-detect") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Check(requirement.name, "not installed", "run `make venv`")
            continue
        wrong = not requirement.specifier.contains(version, prereleases=True)
        fix = f"{requirement} is needed; run `make venv`" if wrong else ""
        yield Check(requirement.name, version, fix)


def _opencv() -> Iterator[Check]:
    build = images.opencv_build()
    names = [dist.metadata["Name"] for dist in metadata.distributions()]
    rivals = sorted({name for name in names if name and name.startswith("opencv-")} - {"opencv-python"})
    yield Check(
        "opencv build",
        f"{build['version']}, window system {build['ui'] or 'none'}",
        ""
        if build["ui"] and not rivals
        else f"remove {', '.join(rivals) or 'the headless build'} and reinstall opencv-python",
    )
    in_force = images.pixel_cap_in_force()
    yield Check(
        "pixel cap",
        f"{images.PIXEL_CAP:,} pixels {'in force' if in_force else 'NOT in force'}",
        "" if in_force else "something imported cv2 before wreck_core.images; import wreck_core first",
    )
    display = window.display_works()
    # Not a fault: servers have none, and only `wreck label` wants one.
    yield Check("display", "works" if display else "none (only `wreck label` needs one)")


def _workspace(layout: Layout) -> Iterator[Check]:
    sha = provenance.git_sha(layout.root)
    yield Check(
        "git", sha[:12] or "no commit", "" if sha else "run `git init` and commit, or clone the repository"
    )
    if not (layout.root / ".dvc").is_dir():
        yield Check("dvc stages", "not initialised", "run `dvc init`, or clone the repository")
    else:
        try:
            waiting = dvcio.stale(layout.root)
            todo = len(waiting.stages) + len(waiting.data)
            yield Check("dvc stages", f"{todo} to bring up to date by `dvc repro`" if todo else "up to date")
        except WreckError as error:
            yield Check("dvc stages", error.what, error.fix or "mend dvc.yaml")
    free_gb = shutil.disk_usage(layout.root).free / 1e9
    fix = "" if free_gb >= FREE_DISK_GB else f"free at least {FREE_DISK_GB:.0f} GB"
    yield Check("free disk", f"{free_gb:,.1f} GB", fix)


def _weights(params: Params, layout: Layout) -> Iterator[Check]:
    """Tell where the weights of each row come from. What would be downloaded is not, and is no fault."""
    places = weights.folders(params.weights, layout.root)
    for name, row in params.backbones.items():
        found, fix = weights.describe(name, row, params.weights, layout.root), ""
        try:
            backbone = weights.choose(name, row, layout.root)
            if not (row.weights == "imagenet" and isinstance(backbone.imagenet, Download)):
                weights.resolve(backbone, row.weights, places, layout.root)
        except WreckError as error:
            found, fix = error.reason, error.fix or "mend the row in params.yaml"
        yield Check(f"weights of {name}", found, fix)


def _runtimes(params: Params, layout: Layout) -> Iterator[Check]:
    """Tell what answers fastest, of the models that were used here."""
    for name in params.backbones:
        folder = layout.model(name)
        if not (folder / "model.keras").exists():
            continue
        measure = fastest.places(folder, layout.litert).measure
        if measure.exists():
            found = files.read_json(measure)
            ms = ", ".join(f"{way} {took:.1f} ms" for way, took in sorted(found["ms"].items()))
            why = f"; {found['why_not']}" if found["why_not"] else ""
            yield Check(f"runtime of {name}", f"{found['runtime']} ({ms} a picture){why}")
