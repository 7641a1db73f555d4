"""Lay out what the documentation site is built from: `python -m scripts.site FOLDER`.

The pages of docs/, the repository's own pages (README and the like) and the generated reference, side by
side, with the links between them as they stand there.
"""

import re
import shutil
import sys
from pathlib import Path

from scripts.reference.__main__ import main as write_reference

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIG = "zensical.toml"
# Pages of the repository's root, under their names on the site.
ROOT_PAGES = {
    name: "index.md" if name == "README.md" else name.lower()
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
}
# Pages that `make results` and `make bench` write; without them the site does not list them.
MEASURED = ("results/index.md", "benchmarks.md")


def lay_out(folder: Path) -> None:
    """Fill `folder`, anew, with the site's configuration and its pages."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "docs"
    shutil.copytree(REPOSITORY / "docs", pages, ignore=shutil.ignore_patterns(CONFIG, "requirements.*"))
    for page in pages.rglob("*.md"):
        page.write_text(from_docs(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, here in ROOT_PAGES.items():
        if (REPOSITORY / name).exists():
            text = (REPOSITORY / name).read_text(encoding="utf-8")
            (pages / here).write_text(from_root(text), encoding="utf-8")
    write_reference(pages / "reference")
    (folder / CONFIG).write_text(contents(pages), encoding="utf-8")


def contents(pages: Path) -> str:
    """Give the configuration, less measured pages that are missing; exit when list and `pages` differ."""
    lines = (REPOSITORY / "docs" / CONFIG).read_text(encoding="utf-8").splitlines(keepends=True)
    there = {page.relative_to(pages).as_posix() for page in pages.rglob("*.md")}
    missing = [name for name in MEASURED if name not in there]
    lines = [line for line in lines if not any(f'"{name}"' in line for name in missing)]
    listed = set(re.findall(r'= "([a-z0-9/-]+\.md)"', "".join(lines)))
    if listed != there:
        sys.exit(f"docs/{CONFIG} lists other pages than there are: {', '.join(sorted(listed ^ there))}")
    return "".join(lines)


def from_docs(text: str) -> str:
    """Point links of a page of docs/ to the repository's pages at their new place."""
    for name, here in ROOT_PAGES.items():
        text = re.sub(rf"\]\(((?:\.\./)*)\.\./{re.escape(name)}", rf"](\g<1>{here}", text)
    return text


def from_root(text: str) -> str:
    """Point links of a page of the repository's root to where docs/ lies now."""
    text = text.replace("](docs/", "](")
    for name, here in ROOT_PAGES.items():
        text = text.replace(f"]({name}", f"]({here}")
    return text


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
