"""Programs on files: test, ls, stat, du, df, chmod, rm, mkdir, sync, find, gzip, sha256sum..."""

from __future__ import annotations

import hashlib
import stat as modes

from ..world import File, matching
from .base import Call, Result
from .text import read

_FREE = 40 * 1024**3  # bytes free on every simulated disk; assumed
_TOTAL = 100 * 1024**3
_DATABASE = 3 * 1024**3  # what the databases take; assumed
_OF_CHARM = ("hooks/update-status",)  # in the charm's directory, where commands start


def exists(call: Call, path: str) -> bool:
    """Whether a path is a file, or a directory with a file below it."""
    return call.file(path) is not None or is_directory(call, path)


def is_directory(call: Call, path: str) -> bool:
    """Whether a path is a directory: one that all have, that was made, or with a file in it."""
    start = path.rstrip("/") + "/"
    known = ("/", "/tmp/", "/var/", "/var/lib/", "/var/lib/mysql/", "/var/backups/", "/etc/")
    made = start.rstrip("/") in call.site.machine.directories
    return (
        made or start in known or any(name.startswith(start) for name in call.site.machine.files)
    )


async def test(call: Call) -> Result:
    """Evaluate one condition, perhaps negated."""
    args = list(call.args)
    if call.name == "[":
        if args[-1:] != ["]"]:
            return Result(2, "", "bash: line 1: [: missing `]'\n")
        args.pop()
    negate = args[:1] == ["!"]
    if negate:
        args.pop(0)
    try:
        value = _condition(call, args)
    except ValueError:
        return Result(2, "", "bash: line 1: [: integer expression expected\n")
    return Result(0 if value is not negate else 1)


def _condition(call: Call, args: list[str]) -> bool:
    if len(args) == 1:
        return args[0] != ""
    if len(args) == 2:
        return _unary(call, args[0], args[1])
    if len(args) == 3:
        left, operator, right = args
        if operator in ("=", "=="):
            return left == right
        if operator == "!=":
            return left != right
        compared = int(left) - int(right)
        return {
            "-eq": compared == 0,
            "-ne": compared != 0,
            "-gt": compared > 0,
            "-ge": compared >= 0,
            "-lt": compared < 0,
            "-le": compared <= 0,
        }.get(operator, False)
    return False


def _unary(call: Call, operator: str, value: str) -> bool:
    if operator in ("-e", "-f", "-r", "-x") and value.removeprefix("./") in _OF_CHARM:
        return True
    file = call.file(value)
    if operator == "-n":
        return value != ""
    if operator == "-z":
        return value == ""
    if operator in ("-f", "-r", "-w"):
        return file is not None
    if operator == "-s":
        return file is not None and file.bytes > 0
    if operator == "-x":
        return file is not None and bool(file.mode & 0o111)
    return is_directory(call, value) if operator == "-d" else exists(call, value)


async def ls(call: Call) -> Result:
    """List files; -l and -1."""
    out = err = ""
    for path in call.plain() or ["/"]:
        if not exists(call, path):
            err += f"ls: cannot access '{path}': No such file or directory\n"
            continue
        inside = path.rstrip("/") + "/*"
        names = [path] if call.file(path) else matching(call.site.machine, inside)
        for name in names:
            file = call.file(name)
            shown = name if call.file(path) else name.rpartition("/")[2]
            rights = modes.filemode(modes.S_IFREG | file.mode) if file else "drwxr-xr-x"
            long = f"{rights} 1 root root {file.bytes if file else 4096} Jan  1 00:00 "
            out += (long if call.flag("-l") else "") + shown + "\n"
    return Result(2 if err else 0, out, err)


async def stat(call: Call) -> Result:
    """Show size, mode, name or owner by ``-c FORMAT``."""
    args = list(call.args)
    pattern = "%n %s"
    for option in ("-c", "--format"):
        if option in args:
            place = args.index(option)
            pattern = args[place + 1]
            del args[place : place + 2]
    for arg in list(args):
        if arg.startswith(("--format=", "--printf=")):
            pattern = arg.partition("=")[2]
            args.remove(arg)
    out = err = ""
    for path in (arg for arg in args if not arg.startswith("-")):
        file = call.file(path)
        if file is None:
            err += f"stat: cannot statx '{path}': No such file or directory\n"
            continue
        now = int(call.site.place.model.clock.now().timestamp())
        line = pattern.replace("%s", str(file.bytes)).replace("%n", path)
        line = line.replace("%a", f"{file.mode:o}").replace("%U", "root").replace("%G", "root")
        out += line.replace("%Y", str(now)) + "\n"
    return Result(1 if err else 0, out, err)


async def du(call: Call) -> Result:
    """Show sizes: bytes with -b, else KiB; the databases' directory has their size."""
    out = err = ""
    for path in call.plain():
        below = [f.bytes for n, f in call.site.machine.files.items() if n.startswith(path)]
        size = sum(below) + (_DATABASE if path.rstrip("/") == "/var/lib/mysql" else 0)
        if not exists(call, path):
            err += f"du: cannot access '{path}': No such file or directory\n"
            continue
        out += f"{size if call.flag('-b') else -(-size // 1024)}\t{path}\n"
    return Result(1 if err else 0, out, err)


async def df(call: Call) -> Result:
    """Show the one disk: KiB, or bytes with -B1; ``--output=avail`` alone is known."""
    unit = 1 if {"-B1", "--block-size=1"} & set(call.args) else 1024
    free, total = _FREE // unit, _TOTAL // unit
    if any(arg.startswith("--output=avail") for arg in call.args):
        return Result(0, f"     Avail\n{free}\n")
    blocks = "1B-blocks" if unit == 1 else "1K-blocks"
    return Result(
        0,
        f"Filesystem     {blocks} Used Available Use% Mounted on\n"
        f"/dev/sda1      {total} {total - free} {free}  60% /\n",
    )


async def chmod(call: Call) -> Result:
    """Change modes; only octal ones change anything."""
    mode, *paths = call.plain() or [""]
    for path in paths:
        file = call.file(path)
        if file is not None and mode.isdigit():
            file.mode = int(mode, 8)
        elif file is None and not is_directory(call, path):
            return Result(1, "", f"chmod: cannot access '{path}': No such file or directory\n")
    return Result(0)


async def rm(call: Call) -> Result:
    """Remove files."""
    for path in call.plain():
        if call.site.machine.files.pop(path, None) is None and not call.flag("-f", "--force"):
            return Result(1, "", f"rm: cannot remove '{path}': No such file or directory\n")
    return Result(0)


async def mkdir(call: Call) -> Result:
    """Make directories, as the kernel does: for one caller only, unless -p takes what is there."""
    args = list(call.args)
    while "-m" in args:
        del args[args.index("-m") : args.index("-m") + 2]
    parents = call.flag("-p", "--parents")
    paths = [arg.rstrip("/") for arg in args if not arg.startswith("-")]
    for path in paths:
        there, why = exists(call, path), ""
        if there and not (parents and is_directory(call, path)):
            why = "File exists"
        elif not there and call.site.machine.read_only:
            why = "Read-only file system"
        elif not parents and not is_directory(call, path.rpartition("/")[0] or "/"):
            why = "No such file or directory"
        if why:
            return Result(1, "", f"mkdir: cannot create directory ‘{path}’: {why}\n")
        call.site.machine.directories.add(path)
    return Result(0 if paths else 1)


async def nothing(call: Call) -> Result:
    """Do nothing: chown, and sync and find as far as they are asked for."""
    return Result(0 if call.plain() else 1)


async def sha256sum(call: Call) -> Result:
    """Print digests."""
    out = err = ""
    for path in call.plain():
        file = call.file(path)
        if file is None:
            err += call.missing(path)
        else:
            out += f"{hashlib.sha256(file.text.encode()).hexdigest()}  {path}\n"
    return Result(1 if err else 0, out, err)


async def gzip(call: Call) -> Result:
    """Test (-t) or print (-dc, zcat) compressed files."""
    tool = call.name.rpartition("/")[2]
    out = err = ""
    for path in call.plain():
        file = call.file(path)
        if file is None:
            err += f"gzip: {path}: No such file or directory\n"
        elif not file.compressed:
            err += f"\ngzip: {path}: not in gzip format\n"
        else:
            out += file.text
            err += f"\ngzip: {path}: unexpected end of file\n" if file.damaged else ""
    if tool == "zcat" or call.flag("-c", "-d", "--stdout"):
        return Result(1 if err else 0, out, err)
    return Result(1 if err else 0, "", err)


async def cp(call: Call) -> Result:
    """Copy a file, or rename it (mv)."""
    source, target = [*call.plain(), "", ""][:2]
    file = call.file(source)
    if file is None:
        return Result(1, "", f"{call.name}: cannot stat '{source}': No such file or directory\n")
    call.site.machine.files[target] = file
    if call.name.endswith("mv"):
        del call.site.machine.files[source]
    return Result(0)


async def tee(call: Call) -> Result:
    """Print the input and write it to files."""
    for path in call.plain():
        before = call.file(path)
        kept = before.text if before is not None and call.flag("-a") else ""
        call.site.machine.files[path] = File(kept + call.stdin)
    return Result(0, read(call, [])[0])


PROGRAMS = {
    "[": test,
    "test": test,
    "ls": ls,
    "stat": stat,
    "du": du,
    "df": df,
    "chmod": chmod,
    "chown": nothing,
    "find": nothing,
    "sync": nothing,
    "rm": rm,
    "mkdir": mkdir,
    "sha256sum": sha256sum,
    "gzip": gzip,
    "gunzip": gzip,
    "zcat": gzip,
    "cp": cp,
    "mv": cp,
    "tee": tee,
}
