from pathlib import Path

import pytest
from tiny import git

from wreck_core import gitio
from wreck_core.errors import WreckError

ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on a machine where git knows no identity."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.useConfigOnly", "true")
    for name in ("owned.txt", "staged.txt", "edited.txt"):
        (root / name).write_text("first\n")
    git(root, "add", "-A")
    git(root, *ADA, "commit", "-q", "-m", "first")
    return root


def files_of(root: Path, commit: str) -> list[str]:
    return git(root, "show", "--name-only", "--format=", commit).split()


def test_only_the_owned_files_are_committed_and_other_work_stays(repository: Path) -> None:
    (repository / "owned.txt").write_text("second\n")
    (repository / "new.txt").write_text("new\n")
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "edited.txt").write_text("edited\n")
    (repository / "stray.txt").write_text("stray\n")

    commit = gitio.publish(repository, ["owned.txt", "new.txt", "never.txt"], "Nightly\n\nwhy\n")

    assert commit == git(repository, "rev-parse", "main")
    assert files_of(repository, commit) == ["new.txt", "owned.txt"]
    # The first column of each line is the index: what was staged is staged still.
    assert git(repository, "status", "--porcelain").splitlines() == [
        "M edited.txt",  # git() strips the leading space of the first line
        "M  staged.txt",
        "?? stray.txt",
    ]
    assert git(repository, "log", "-1", "--format=%an <%ae>%n%B").split("\n")[:2] == [
        "Wreck Detect <wreck-detect@localhost>",
        "Nightly",
    ]


def test_nothing_new_makes_no_commit(repository: Path) -> None:
    assert gitio.publish(repository, ["owned.txt"], "Nightly") is None


def test_a_deleted_owned_file_is_deleted_in_the_commit(repository: Path) -> None:
    (repository / "owned.txt").unlink()
    commit = gitio.publish(repository, ["owned.txt"], "Nightly")
    assert commit is not None
    assert git(repository, "show", "--name-status", "--format=", commit) == "D\towned.txt"
    assert git(repository, "status", "--porcelain") == ""


def test_the_users_identity_is_kept(repository: Path) -> None:
    git(repository, "config", "user.name", "Ada")
    git(repository, "config", "user.email", "ada@localhost")
    (repository / "owned.txt").write_text("second\n")
    commit = gitio.publish(repository, ["owned.txt"], "Nightly")
    assert git(repository, "log", "-1", "--format=%an", str(commit)) == "Ada"


def test_another_branch_moves_without_the_checkout(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    (repository / "owned.txt").write_text("second\n")
    first = gitio.publish(repository, ["owned.txt"], "one", branch="nightly")
    assert git(repository, "rev-parse", "nightly") == first
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "branch", "--show-current") == "main"
    assert gitio.publish(repository, ["owned.txt"], "again", branch="nightly") is None

    # The next night also carries what was committed by hand meanwhile, and joins it.
    (repository / "edited.txt").write_text("by hand\n")
    git(
        repository,
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@localhost",
        "commit",
        "-q",
        "-m",
        "hand",
        "edited.txt",
    )
    second = gitio.publish(repository, ["owned.txt"], "two", branch="nightly")
    assert git(repository, "show", "nightly:edited.txt") == "by hand"
    assert git(repository, "show", "nightly:owned.txt") == "second"
    assert git(repository, "log", "-1", "--format=%P", str(second)).split() == [
        first,
        git(repository, "rev-parse", "HEAD"),
    ]


def by_hand(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text)
    git(repository, "add", name)
    git(repository, *ADA, "commit", "-q", "-m", "hand", name)


def a_night_that_a_person_follows(repository: Path, name: str, text: str) -> None:
    """Make a commit of a night on the branch `nightly`, one by hand after it, and go back to main."""
    (repository / "owned.txt").write_text("second\n")
    gitio.publish(repository, ["owned.txt"], "one", branch="nightly")
    git(repository, "checkout", "-q", "--", "owned.txt")
    git(repository, "checkout", "-q", "nightly")
    by_hand(repository, name, text)
    git(repository, "checkout", "-q", "main")


def test_what_people_commit_on_the_branch_of_the_nights_stays(repository: Path) -> None:
    a_night_that_a_person_follows(repository, "review.txt", "of a person\n")
    for text in ("third", "fourth"):  # first beside an unchanged main, then with a commit there
        (repository / "owned.txt").write_text(f"{text}\n")
        assert gitio.publish(repository, ["owned.txt"], text, branch="nightly")
        assert git(repository, "show", "nightly:review.txt") == "of a person"
        assert git(repository, "show", "nightly:owned.txt") == text
        by_hand(repository, "main.txt", f"{text}\n")
    (repository / "owned.txt").write_text("fifth\n")
    assert gitio.publish(repository, ["owned.txt"], "fifth", branch="nightly")
    assert git(repository, "show", "nightly:main.txt") == "fourth"
    assert git(repository, "show", "nightly:review.txt") == "of a person"


def test_a_file_that_people_changed_on_both_sides_is_named(repository: Path) -> None:
    a_night_that_a_person_follows(repository, "edited.txt", "there\n")
    by_hand(repository, "edited.txt", "here\n")
    (repository / "owned.txt").write_text("third\n")
    with pytest.raises(WreckError, match=r"both changed edited\.txt"):
        gitio.publish(repository, ["owned.txt"], "two", branch="nightly")


def test_without_a_branch_nothing_is_pushed(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(repository, "remote", "add", "origin", str(bare))
    gitio.push(repository)
    git(repository, "branch", "wip")
    git(repository, "push", "-q", "origin", "wip")
    git(repository, "checkout", "-q", "wip")
    by_hand(repository, "edited.txt", "not to be seen yet\n")
    git(repository, "checkout", "-q", "--detach")
    with pytest.raises(WreckError, match="no branch is checked out"):
        gitio.push(repository)
    assert git(bare, "rev-parse", "wip") == git(repository, "rev-parse", "main")


def test_outside_git_nothing_is_published(tmp_path: Path) -> None:
    assert gitio.publish(tmp_path, ["owned.txt"], "Nightly") is None


def test_push_sends_the_branch_to_the_remote_if_there_is_one(repository: Path, tmp_path: Path) -> None:
    assert gitio.push(repository) is False
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(repository, "remote", "add", "origin", str(bare))
    assert gitio.push(repository) is True
    assert git(bare, "rev-parse", "main") == git(repository, "rev-parse", "main")
