"""Packages of Debian and npm: downloaded into a cache, checked, unpacked there, never installed."""
import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parent.parent / "packages.toml"
MB = 1_000_000


class BuildError(Exception):
    """A set could not be built; the message says why and what to do."""


@dataclass(frozen=True)
class Package:
    """An unpacked package."""
    registry: str
    name: str
    version: str
    root: Path

    def record(self) -> dict:
        """What a manifest says of it."""
        return {"registry": self.registry, "name": self.name, "version": self.version}


def table() -> dict:
    """packages.toml."""
    return tomllib.loads(TABLE.read_text())


def size_mb(name: str) -> int:
    """Download size of a package, in MB."""
    known = table()
    return known["debian"].get(name) or known["npm"][name]["mb"]


class Cache:
    """CACHE/debian/*.deb, CACHE/npm/*.tgz, CACHE/unpacked/NAME_VERSION/."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        self.table = table()

    def get(self, name: str, say=lambda line: None) -> Package:
        """Downloads what is not there yet, and unpacks it."""
        return self._debian(name, say) if name in self.table["debian"] else self._npm(name, say)

    def version(self, name: str) -> str | None:
        """The version a set would be built from: pinned for npm; for Debian what lies in the cache, or None."""
        if name in self.table["npm"]:
            return self.table["npm"][name]["version"]
        archive = self._deb(name)
        return _deb_version(archive) if archive else None

    def _deb(self, name: str) -> Path | None:
        found = sorted((self.folder / "debian").glob(name + "_*.deb"), key=lambda path: path.stat().st_mtime)
        return found[-1] if found else None

    def _debian(self, name: str, say) -> Package:
        archive = self._deb(name)
        if not archive:
            say(f"downloading {name}, {self.table['debian'][name]} MB")
            limit = _limit(self.table["debian"][name])
            size = _debian_size(name)
            if size and size > limit:
                raise BuildError(f"{name} is {size // MB} MB now; packages.toml allows {limit // MB} MB")
            command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name]
            archive = self._download("debian", command, ".deb", limit, name, "no network? else try apt-get update")
        version = _deb_version(archive)
        return Package("debian", name, version, self._unpack(archive, f"{name}_{version}", _unpack_deb))

    def _npm(self, name: str, say) -> Package:
        pin = self.table["npm"][name]
        archive = self.folder / "npm" / f"{name.lstrip('@').replace('/', '-')}-{pin['version']}.tgz"
        if not archive.exists():
            say(f"downloading {name} {pin['version']}, {pin['mb']} MB")
            patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=2000"]   # without a network: seconds, not minutes
            command = ["npm", "pack", "--silent", *patience, f"{name}@{pin['version']}"]
            archive = self._download("npm", command, ".tgz", _limit(pin["mb"]), name, "no network?")
        if _sha512(archive) != pin["sha512"]:
            archive.unlink()
            raise BuildError(f"{name} {pin['version']}: checksum differs from packages.toml; the download was removed")
        label = archive.name.removesuffix(".tgz")
        return Package("npm", name, pin["version"], self._unpack(archive, label, _unpack_tgz))

    def _download(self, registry: str, command: list[str], suffix: str, limit: int, name: str, hint: str) -> Path:
        """Runs `command` in a folder of its own and moves the one file it leaves into the cache."""
        part = self.folder / registry / f".part-{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            done = subprocess.run(command, cwd=part, capture_output=True, text=True, check=False)
            files = list(part.glob("*" + suffix))
            if done.returncode or len(files) != 1:
                lines = (done.stderr.strip() or done.stdout.strip() or "no file came").splitlines()
                raise BuildError(f"cannot fetch {name}: {lines[0]} ({hint}; finished sets and downloads stay)")
            if files[0].stat().st_size > limit:
                raise BuildError(f"{name} is larger than packages.toml allows")
            return files[0].rename(part.parent / files[0].name)
        except FileNotFoundError:
            raise BuildError(f"cannot fetch {name}: there is no {command[0]} here") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _unpack(self, archive: Path, label: str, unpack) -> Path:
        target = self.folder / "unpacked" / label.replace(":", "%")
        if not target.exists():
            part = target.with_name(f"{target.name}.part-{os.getpid()}")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            unpack(archive, part)
            part.rename(target)
        return target


def _limit(mb: int) -> int:
    return (2 * mb + 10) * MB


def _debian_size(name: str) -> int | None:
    done = subprocess.run(["apt-cache", "show", "--no-all-versions", name], capture_output=True, text=True, check=False)
    sizes = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Size: ")]
    return int(sizes[0]) if sizes else None


def _deb_version(archive: Path) -> str:
    command = ["dpkg-deb", "--field", str(archive), "Version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _sha512(path: Path) -> str:
    with open(path, "rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def _unpack_deb(archive: Path, target: Path) -> None:
    done = subprocess.run(["dpkg", "-x", str(archive), str(target)], capture_output=True, text=True, check=False)
    if done.returncode:
        archive.unlink()
        raise BuildError(f"{archive.name} is damaged and was removed: {done.stderr.strip()}")


def _unpack_tgz(archive: Path, target: Path) -> None:
    """Plain files only, none outside `target`, without the leading folder "package"."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts[1:]
            if not member.isfile() or not parts:
                continue
            if ".." in parts or Path(member.name).is_absolute():
                raise BuildError(f"{archive.name}: {member.name} would leave its folder")
            path = target.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with tar.extractfile(member) as source, open(path, "wb") as file:
                shutil.copyfileobj(source, file)
