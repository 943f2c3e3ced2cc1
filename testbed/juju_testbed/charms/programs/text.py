"""Filters: grep, cat, head, tail, wc, sort, cut, tr, awk's simplest use, echo, printf."""

from __future__ import annotations

import re

from .base import Call, Result


def read(call: Call, paths: list[str]) -> tuple[str, str]:
    """Return the text of files, or of the input where none is named, and what was missing.

    A compressed file gives its bytes, which no filter can read: an unreadable stand-in.
    """
    if not paths or paths == ["-"]:
        return call.stdin, ""
    out = err = ""
    for path in paths:
        file = call.file(path)
        if file is None:
            err += call.missing(path)
        else:
            out += "\x1f\x8b(compressed)\n" if file.compressed else file.text
    return out, err


async def cat(call: Call) -> Result:
    """Print files."""
    out, err = read(call, call.plain())
    return Result(1 if err else 0, out, err)


async def grep(call: Call) -> Result:
    """Search lines; -E, -F, -q, -v, -c, -l, -h, -s, -i, -o, -x and -r are known."""
    plain = call.plain()
    if "-e" in call.args:
        pattern = call.args[call.args.index("-e") + 1]
        plain.remove(pattern)
    elif plain:
        pattern = plain.pop(0)
    else:
        return Result(2, "", "Usage: grep [OPTION]... PATTERNS [FILE]...\n")
    paths = _recursive(call, plain) if call.flag("-r", "-R", "--recursive") else plain
    regex = _regex(call, pattern)
    found = False
    out = err = ""
    for path in paths or ["-"]:
        text, missing = read(call, [path])
        err += "" if call.flag("-s") else missing
        lines = [ln for ln in text.splitlines() if bool(regex.search(ln)) != call.flag("-v")]
        found = found or bool(lines)
        prefix = f"{path}:" if len(paths) > 1 and not call.flag("-h") else ""
        out += _matches(call, regex, lines, prefix, path)
    code = 0 if found else 2 if err else 1
    return Result(code, "" if call.flag("-q", "--quiet") else out, err)


def _matches(call: Call, regex: re.Pattern[str], lines: list[str], prefix: str, path: str) -> str:
    if call.flag("-c", "--count"):
        return f"{prefix}{len(lines)}\n"
    if call.flag("-l"):
        return f"{path}\n" if lines else ""
    if call.flag("-o"):
        return "".join(f"{prefix}{m[0]}\n" for line in lines for m in regex.finditer(line))
    return "".join(f"{prefix}{line}\n" for line in lines)


def _recursive(call: Call, roots: list[str]) -> list[str]:
    """Return the files named or below the directories named."""
    files = sorted(call.site.machine.files)
    found: list[str] = []
    for root in roots or ["/"]:
        below = [path for path in files if path.startswith(root.rstrip("/") + "/")]
        found += [root] if root in files else below
    return found


def _regex(call: Call, pattern: str) -> re.Pattern[str]:
    """Turn a pattern into Python's; basic ones lose the backslash before + ? | ( ) { }."""
    if call.flag("-F"):
        pattern = re.escape(pattern)
    elif not call.flag("-E", "-P") and not call.name.endswith("egrep"):
        pattern = re.sub(r"(?<!\\)([+?|(){}])", r"\\\1\1", pattern)
        pattern = re.sub(r"\\([+?|(){}])\1", r"\\\1", pattern)
        pattern = re.sub(r"\\\\([+?|(){}])", r"\1", pattern)
    pattern = pattern.replace("[[:space:]]", r"\s").replace("[:space:]", r"\s")
    pattern = pattern.replace("[:digit:]", "0-9").replace("[:alpha:]", "A-Za-z")
    if call.flag("-x"):
        pattern = f"^(?:{pattern})$"
    return re.compile(pattern, re.IGNORECASE if call.flag("-i") else 0)


def _count_option(call: Call) -> tuple[int, list[str]]:
    """Return the number of ``-n 3``, ``-n3`` or ``-3`` (10 by default) and the files."""
    number, paths = 10, list[str]()
    args = iter(call.args)
    for arg in args:
        if arg == "-n":
            number = int(next(args, "10"))
        elif re.fullmatch(r"-n?\d+", arg):
            number = int(arg.lstrip("-n"))
        elif not arg.startswith("-"):
            paths.append(arg)
    return number, paths


async def head(call: Call) -> Result:
    """Print the first lines."""
    number, paths = _count_option(call)
    out, err = read(call, paths)
    return Result(1 if err else 0, "".join(out.splitlines(keepends=True)[:number]), err)


async def tail(call: Call) -> Result:
    """Print the last lines, or with -c the last characters."""
    if "-c" in call.args:
        number = int(call.args[call.args.index("-c") + 1])
        paths = [p for p in call.plain() if p != str(number)]
        out, err = read(call, paths)
        return Result(1 if err else 0, out[-number:], err)
    number, paths = _count_option(call)
    out, err = read(call, paths)
    return Result(1 if err else 0, "".join(out.splitlines(keepends=True)[-number:]), err)


async def wc(call: Call) -> Result:
    """Count lines, words and bytes."""
    out, err = read(call, call.plain())
    counts = {"-l": out.count("\n"), "-w": len(out.split()), "-c": len(out.encode())}
    wanted = [str(n) for flag, n in counts.items() if call.flag(flag)]
    name = f" {call.plain()[0]}" if call.plain() else ""
    shown = " ".join(wanted or [str(n) for n in counts.values()])
    return Result(1 if err else 0, f"{shown}{name}\n", err)


async def sort(call: Call) -> Result:
    """Sort lines; -u and -r."""
    out, err = read(call, call.plain())
    lines = sorted(set(out.splitlines()) if call.flag("-u") else out.splitlines())
    lines = lines[::-1] if call.flag("-r") else lines
    return Result(1 if err else 0, "".join(line + "\n" for line in lines), err)


async def cut(call: Call) -> Result:
    """Cut fields: ``-d X -f N``."""
    joined = " ".join(call.args)
    delimiter = re.search(r"-d\s*(\S| )", joined)
    field = re.search(r"-f\s*(\d+)", joined)
    if field is None:
        return Result(1, "", "cut: you must specify a list of bytes, characters, or fields\n")
    mark, number = (delimiter[1] if delimiter else "\t"), int(field[1])
    lines = [line.split(mark) for line in call.stdin.splitlines()]
    picked = [parts[number - 1] if len(parts) >= number else "" for parts in lines]
    return Result(0, "".join(text + "\n" for text in picked))


async def tr(call: Call) -> Result:
    """Delete or replace characters; no ranges."""
    plain = [arg.replace("\\n", "\n") for arg in call.plain()]
    if call.flag("-d"):
        return Result(0, "".join(c for c in call.stdin if c not in plain[0]))
    table = {ord(a): plain[1][min(i, len(plain[1]) - 1)] for i, a in enumerate(plain[0])}
    return Result(0, call.stdin.translate(table))


async def awk(call: Call) -> Result:
    """Print one field of each line: ``{print $N}``; nothing else."""
    match = re.fullmatch(r"\s*\{\s*print\s+\$(\d+|NF)\s*;?\s*\}\s*", (call.plain() or [""])[0])
    if match is None:
        return Result(2, "", "awk: only '{print $N}' is simulated\n")
    out, err = read(call, call.plain()[1:])
    rows = [line.split() for line in out.splitlines()]
    if match[1] == "NF":
        picked = [row[-1] if row else "" for row in rows]
    else:
        number = int(match[1])
        picked = [row[number - 1] if len(row) >= number else "" for row in rows]
    return Result(0, "".join(text + "\n" for text in picked), err)


async def echo(call: Call) -> Result:
    """Print the arguments."""
    args = call.args[1:] if call.args[:1] in (["-n"], ["-e"]) else call.args
    return Result(0, " ".join(args) + ("" if call.args[:1] == ["-n"] else "\n"))


async def printf(call: Call) -> Result:
    """Print by a format with %s, %d, \\n and \\t."""
    if not call.args:
        return Result(2, "", "bash: line 1: printf: usage: printf [-v var] format [arguments]\n")
    pattern, *args = call.args
    pattern = pattern.replace("\\n", "\n").replace("\\t", "\t")
    holes = len(re.findall(r"%[sd]", pattern))
    rounds = max(1, -(-len(args) // holes)) if holes else 1
    values = iter(args)
    text = "".join(
        re.sub(r"%[sd]", lambda _: next(values, ""), pattern).replace("%%", "%")
        for _ in range(rounds)
    )
    return Result(0, text)


PROGRAMS = {
    "cat": cat,
    "grep": grep,
    "egrep": grep,
    "head": head,
    "tail": tail,
    "wc": wc,
    "sort": sort,
    "cut": cut,
    "tr": tr,
    "awk": awk,
    "echo": echo,
    "printf": printf,
}
