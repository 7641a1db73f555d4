"""Every path of a workspace, once. The repository is the workspace (`--workspace` names another)."""

from pathlib import Path

from wreck_core.errors import InputError


class Layout:
    """The paths below one workspace root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        data, reports, state = root / "data", root / "reports", root / ".wreck"

        # What the user writes.
        self.params = root / "params.yaml"
        self.dvc_yaml = root / "dvc.yaml"
        self.url_lists = data / "urls"

        # What the stages write and others read.
        self.images = data / "images"
        self.candidates = data / "candidates.parquet"
        self.scrape_json = data / "scrape.json"
        self.duplicates = data / "duplicates.parquet"
        self.dedup_json = data / "dedup.json"
        self.labels = data / "labels.csv"
        self.label_events = data / "label_events.jsonl"
        self.decisions = data / "decisions.csv"
        self.takedowns = data / "takedown.csv"
        self.manifest = data / "manifest.parquet"
        self.folds = data / "folds.csv"
        self.dataset_json = data / "dataset.json"
        self.models = root / "models"
        self.exports = root / "exports"
        self.reports = reports
        self.previous_report = reports / "previous.json"

        # Live state: never a DVC dependency or output, never in git.
        self.ledger = data / "ledger.db"
        self.label_db = data / "labels.db"
        self.state = state
        self.arrivals = state / "arrivals"
        self.features = state / "features"
        self.litert = state / "litert"
        self.checkpoints = state / "ckpt"
        self.backups = state / "backups"
        self.logs = state / "logs"
        self.locks = state / "locks"
        self.prefect_home = state / "prefect"
        self.robots = state / "robots"

    @property
    def report_json(self) -> Path:
        """All that the page says, for programs."""
        return self.reports / "report.json"

    @property
    def leaderboard_json(self) -> Path:
        """The board alone, for programs."""
        return self.reports / "leaderboard.json"

    def image(self, sha256: str, extension: str) -> Path:
        """Content-addressed place of an image; `extension` without the dot."""
        return self.images / sha256[:2] / f"{sha256}.{extension}"

    def model(self, backbone: str) -> Path:
        """Folder of one backbone's outputs."""
        return self.models / backbone

    def failure(self, backbone: str) -> Path | None:
        """Why one backbone failed the last time, unless there is a result: one that DVC has put back, say."""
        folder = self.model(backbone)
        failed = folder / "failed.json"
        return failed if failed.exists() and not (folder / "metrics.json").exists() else None

    def require_pictures(self) -> None:
        """Raise InputError before anything was scraped."""
        if not self.candidates.exists():
            raise InputError(
                "no pictures yet", where=str(self.candidates), fix="run `wreck scrape LIST` first"
            )

    def relative(self, path: Path) -> str:
        """`path` as it is written into files: relative to the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()
