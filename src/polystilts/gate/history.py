"""What git remembers: which came first, the design or the results, and what was published before.

Git is the only witness that lies outside the files themselves, and a weak one: whoever may rewrite it can set
any date. Where there is none, or it is cut short, nothing is concluded from it, and the gate says so.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

# Whatever a repository configures, nothing of it is run.
PLAIN = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "core.quotePath=false")


@dataclass(frozen=True)
class History:
    """The history of a repository, asked by path; every answer is read from git when it is asked for."""

    root: Path

    def git(self, *arguments: str) -> bytes | None:
        """What git answers, or nothing where it refuses."""
        return _git(self.root, *arguments)

    def commits(self, path: str) -> list[str]:
        """The commits that changed a file or folder, the oldest first."""
        told = self.git("log", "--reverse", "--format=%H", "--", path)
        return (told or b"").decode().split()

    def content(self, commit: str, path: str) -> bytes | None:
        """A file as a commit has it; nothing where that commit has none."""
        return self.git("show", "--no-textconv", f"{commit}:{path}")

    def committed(self, path: str) -> bytes | None:
        """A file as the last commit has it."""
        return self.content("HEAD", path)

    def precedes(self, one: str, other: str) -> bool:
        """Whether one commit lies before another, and is not the same."""
        return one != other and self.git("merge-base", "--is-ancestor", one, other) is not None

    def day(self, commit: str) -> str:
        """The day of a commit, as it says itself."""
        return (self.git("show", "--no-patch", "--format=%cs", commit) or b"").decode().strip()


def history_of(repository: Path) -> tuple[History | None, str]:
    """The history of a repository; or nothing, and why it cannot be asked."""
    top = _git(repository, "rev-parse", "--show-toplevel")
    if top is None:
        return None, "there is no git history here"
    if Path(top.decode().strip()).resolve() != repository.resolve():
        return None, "the git history here is another repository's"
    if _git(repository, "rev-parse", "--verify", "HEAD") is None:
        return None, "the git history here has no commit yet"
    if (_git(repository, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true":
        return None, "the git history here is cut short (a shallow clone)"
    return History(repository), ""


def is_committed(file: Path, repository: Path) -> bool:
    """Whether a file is, byte for byte, the one of the last commit: somebody has put a name to it."""
    history, _ = history_of(repository.resolve())
    file = file.resolve()
    if history is None or not file.is_file() or not file.is_relative_to(history.root):
        return False
    return history.committed(file.relative_to(history.root).as_posix()) == file.read_bytes()


def _git(root: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(
            ["git", *PLAIN, "--no-pager", *arguments], cwd=root, capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
