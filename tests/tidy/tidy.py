#!/usr/bin/env python3
"""Style that no compiler checks: layers, owners of libraries, honest READMEs, banned constructs.

Usage: tidy.py [SOURCE_DIR]      prints `file:line: message` for each finding, exits 1 on any.

Each check is a function from files to findings; tidy_test.py proves that each of them fires.
"""

import itertools
import re
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

LINES_MAX = 700
COLUMNS_MAX = 100

# A file includes only from its own folder and from folders of a lower number.
LIB_LAYERS = {
    "base": 0,
    "access": 1, "audit": 1, "event": 1, "yaml": 1, "scan": 1,
    "framing": 2, "parse": 2, "rule": 2,
    "normalise": 3, "match": 3, "correlate": 3,
    "incident": 4,
    "store": 5, "report": 5,
    "engine": 6,
}
DAEMON_ROOT = 7  # files of daemon/ itself that the folders share, such as the queue
DAEMON_LAYERS = {
    "config": 8, "http": 8, "metrics": 8,  # what every listener and sender needs
    "source": 9, "api": 9, "notify": 9, "console": 9,
    "app": 10,
    "cli": 11,
}
DAEMON_TOP_FILES = {"main": 12}  # by stem

# Include prefix of a library -> the folders that may name it. Longest prefix wins.
ANYWHERE = ("lib/", "daemon/")
OWNERS = {
    "argon2.h": ("lib/access/",),
    "boost/": ("daemon/",),
    "CLI/": ("daemon/cli/", "daemon/main.cc"),
    "curl/": ("daemon/notify/", "daemon/cli/"),
    "date/": ANYWHERE,
    "fmt/": ANYWHERE,
    "hs/": ("lib/scan/",),
    "hs.h": ("lib/scan/",),
    "hs_common.h": ("lib/scan/",),
    "hs_compile.h": ("lib/scan/",),
    "hs_runtime.h": ("lib/scan/",),
    "openssl/": ("lib/access/", "lib/audit/", "daemon/"),
    "pcre2.h": ("lib/match/",),
    "prometheus/": ("daemon/metrics/",),
    "re2/": ("lib/normalise/",),
    "rocksdb/": ("lib/store/",),
    "simdjson.h": ("lib/parse/",),
    "spdlog/": ("daemon/",),
    "systemd/": ("daemon/",),
    "tl/": ANYWHERE,
    "xxhash.h": ("lib/base/",),
    "yaml-cpp/": ("lib/yaml/",),
    "zlib.h": ("daemon/",),
    "zstd.h": ("lib/store/", "daemon/source/", "daemon/api/"),
}
# Headers of the operating system: the daemon's business, and the store's, which has files; but for
# these, which only describe bytes.
SYSTEM_OWNERS = ("daemon/", "lib/store/")
SYSTEM_PREFIXES = ("sys/", "netinet/", "arpa/", "net/", "linux/", "asm/")
SYSTEM_IN_LIB = {"emmintrin.h", "immintrin.h", "arpa/inet.h"}
# The library waits for nobody and has no thread of its own.
NOT_IN_LIB = {"mutex", "shared_mutex", "condition_variable", "future", "semaphore",
              "latch", "barrier", "stop_token", "iostream"}

CODE_SUFFIXES = {".cc", ".h"}
SCRIPT_SUFFIXES = {".py", ".sh", ".cmake"}
SKIPPED_FOLDERS = {".git", ".cache", "node_modules", "__pycache__", "dist"}


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class File(NamedTuple):
    path: str   # relative to the root, with '/'
    text: str
    code: str   # C++ only: the text with comments and literals blanked, line by line the same


TOKEN = re.compile(
    r"""(?P<include>^[ \t]*\#[ \t]*include[^\n]*)"""
    r"""|//[^\n]*(?:\\\n[^\n]*)*"""
    r"""|/\*.*?\*/"""
    r'''|R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)"'''
    r'''|"(?:\\.|[^"\\\n])*"'''
    r"""|(?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.MULTILINE)


def blank(text: str) -> str:
    """C++ with the inside of comments and literals replaced by spaces."""

    def spaces(match: re.Match) -> str:
        token = match.group(0)
        if match.group("include"):
            return token  # the layer check reads its path
        if token.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", token)
        return '"' + re.sub(r"[^\n]", " ", token[1:-1]) + '"'

    return TOKEN.sub(spaces, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def read_tree(root: Path) -> list[File]:
    files = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if any(part in SKIPPED_FOLDERS or part.startswith("build") and index == 0
               for index, part in enumerate(relative.parts)):
            continue
        wanted = (path.suffix in CODE_SUFFIXES | SCRIPT_SUFFIXES | {".md"}
                  or relative.as_posix() in ("CMakeLists.txt", ".ci/run"))
        if not wanted or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        code = blank(text) if path.suffix in CODE_SUFFIXES else ""
        files.append(File(relative.as_posix(), text, code))
    return files


def is_code(file: File) -> bool:
    return file.path.endswith((".cc", ".h"))


# Layers -------------------------------------------------------------------------------------------


def layer_of(path: str) -> tuple[str, int] | None:
    """Folder and layer of a file of lib/ or daemon/; None where it has none."""
    parts = path.split("/")
    if parts[0] == "lib" and len(parts) > 2 and parts[1] in LIB_LAYERS:
        return f"lib/{parts[1]}", LIB_LAYERS[parts[1]]
    if parts[0] == "daemon" and len(parts) > 2 and parts[1] in DAEMON_LAYERS:
        return f"daemon/{parts[1]}", DAEMON_LAYERS[parts[1]]
    if parts[0] == "daemon" and len(parts) == 2:
        return "daemon", DAEMON_TOP_FILES.get(parts[1].rsplit(".", 1)[0], DAEMON_ROOT)
    return None


def include_target(file: File, name: str, paths: set[str]) -> str | None:
    candidates = [f"lib/{name}"]
    if file.path.startswith("daemon/"):
        candidates.append(f"daemon/{name}")
    return next((c for c in candidates if c in paths), None)


def check_layers(files: list[File]) -> Iterator[Finding]:
    paths = {f.path for f in files}
    for file in files:
        if not is_code(file) or not file.path.startswith(("lib/", "daemon/")):
            continue
        own = layer_of(file.path)
        if own is None:
            yield Finding(file.path, 1, "this folder has no layer: name it in DAEMON_LAYERS or "
                          "LIB_LAYERS of tests/tidy/tidy.py")
            continue
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', file.code, re.M):
            line, name = line_of(file.code, match.start()), match.group(1)
            target = include_target(file, name, paths)
            if target is None:
                root = "lib/ or daemon/" if file.path.startswith("daemon/") else "lib/"
                yield Finding(file.path, line, f'"{name}" is not a path from {root}')
                continue
            folder, layer = layer_of(target) or (target, -1)
            if folder != own[0] and layer >= own[1]:
                yield Finding(file.path, line, f'{own[0]} must not include from {folder}: '
                              + ("it is a sibling" if layer == own[1] else "it is a layer above"))


# Owners -------------------------------------------------------------------------------------------


def owners_of(header: str) -> tuple[str, ...] | None:
    fitting = [p for p in OWNERS if header == p or p.endswith("/") and header.startswith(p)]
    return OWNERS[max(fitting, key=len)] if fitting else None


def check_owners(files: list[File]) -> Iterator[Finding]:
    for file in files:
        if not is_code(file) or not file.path.startswith(("lib/", "daemon/")):
            continue
        for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]+<([^>]+)>", file.code, re.M):
            line, header = line_of(file.code, match.start()), match.group(1)
            owners = owners_of(header)
            if owners is not None:
                if not file.path.startswith(owners):
                    yield Finding(file.path, line, f"<{header}> belongs to {', '.join(owners)}: "
                                  "go through its types")
            elif header in NOT_IN_LIB:
                if file.path.startswith("lib/"):
                    yield Finding(file.path, line, f"<{header}> has no place here: lib has no "
                                  "threads, locks or consoles")
            elif "/" in header and not header.startswith(SYSTEM_PREFIXES):
                yield Finding(file.path, line, f"<{header}> has no owner: name its folder in "
                              "OWNERS of tests/tidy/tidy.py")
            elif (not file.path.startswith(SYSTEM_OWNERS) and header.endswith(".h")
                  and header not in SYSTEM_IN_LIB):
                yield Finding(file.path, line, f"<{header}>: lib does not talk to the operating "
                              "system (for C headers use <cstring> and the like)")


# Banned constructs --------------------------------------------------------------------------------

# Written in two pieces, so that this file does not find itself.
WORDS = ("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")
BANNED_WORDS = re.compile(r"\b(?:" + "|".join(WORDS) + r")\b")
BANNED_CODE = (
    (re.compile(r"\bsleep_(?:for|until)\b|\b(?:u|nano)sleep\s*\(|(?<![\w.:>])sleep\s*\("),
     "no sleeps: wait for the event itself, with a deadline"),
    (re.compile(r"\busing\s+namespace\s+std\s*;"), "no `using namespace std`"),
)
# A test may take its expectation from it; the product must not run it.
STANDARD_REGEX = (
    (re.compile(r"\bstd::(?:w?regex|regex_\w+)\b|^[ \t]*#[ \t]*include[ \t]*<regex>", re.M),
     "std::regex is slow and recursive: use RE2 or scan"),
)
BANNED_IN_LIB = (
    (re.compile(r"_clock::now\s*\(|\bgettimeofday\s*\(|\bclock_gettime\s*\("
                r"|(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)"),
     "lib reads no clock: time is an argument"),
    (re.compile(r"\bstd::random_device\b|(?<![\w.>:])s?rand\s*\("),
     "lib has no randomness of its own: seeds are arguments"),
    (re.compile(r"\bstd::(?:jthread|thread(?!::id)|mutex|shared_mutex|recursive_mutex)\b"),
     "lib has no threads and no locks"),
)
LAMBDA_WITH_CAPTURES = re.compile(
    r"(?<![\w)\]\"\[])\s*(?<!\[)\[(?!\[)[^\]\[]*[^\]\[\s][^\]\[]*\]\s*[({]")


def check_words(files: list[File]) -> Iterator[Finding]:
    for file in files:
        for match in BANNED_WORDS.finditer(file.text):
            yield Finding(file.path, line_of(file.text, match.start()),
                          f"{match.group(0)}: do it now, or leave it out and say so in the docs")
        if not is_code(file):
            continue
        rules = BANNED_CODE + (BANNED_IN_LIB if file.path.startswith("lib/") else ())
        rules += () if file.path.startswith("tests/") else STANDARD_REGEX
        for pattern, message in rules:
            for match in pattern.finditer(file.code):
                yield Finding(file.path, line_of(file.code, match.start()), message)


def closing(code: str, start: int) -> int:
    """Offset of the parenthesis that closes the one at `start`."""
    depth = 0
    for offset in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[offset], 0)
        if depth == 0:
            return offset
    return len(code)


def statement_end(code: str, start: int) -> int:
    """End of the expression at `start`: its semicolon, or the bracket around it."""
    depth = 0
    for offset in range(start, len(code)):
        character = code[offset]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if depth < 0 or (character == ";" and depth == 0):
            return offset
    return len(code)


def check_coroutine_lambdas(files: list[File]) -> Iterator[Finding]:
    """g++ 12 destroys the captures of a lambda inside a co_await expression twice."""
    for file in files:
        if not is_code(file):
            continue
        code, lines = file.code, set()
        spans = [(m.end(), statement_end(code, m.end()), "co_await")
                 for m in re.finditer(r"\bco_await\b", code)]
        spans += [(m.end(), closing(code, m.end() - 1), "co_spawn(")
                  for m in re.finditer(r"\bco_spawn\s*\(", code)]
        for start, end, what in spans:
            match = LAMBDA_WITH_CAPTURES.search(code, start, end)
            if match is None:
                continue
            line = line_of(code, code.index("[", match.start()))
            if line not in lines:
                lines.add(line)
                yield Finding(file.path, line, f"a lambda with captures inside {what} is "
                              "miscompiled by g++ 12: pass parameters to a named coroutine, or "
                              "name the lambda first and move it in")


# Shape --------------------------------------------------------------------------------------------


def raw_string_lines(file: File) -> set[int]:
    lines: set[int] = set()
    for match in TOKEN.finditer(file.text):
        if match.group(0).startswith('R"'):
            first = line_of(file.text, match.start())
            lines.update(range(first, first + match.group(0).count("\n") + 1))
    return lines


def check_shape(files: list[File]) -> Iterator[Finding]:
    for file in files:
        if file.path.endswith(".md"):
            continue
        lines = file.text.split("\n")
        count = len(lines) - (lines[-1] == "")
        if count > LINES_MAX:
            yield Finding(file.path, LINES_MAX + 1,
                          f"{count} lines: a file has one idea and at most {LINES_MAX} lines")
        raw = raw_string_lines(file) if is_code(file) else set()
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and number not in raw and "http" not in line:
                yield Finding(file.path, number, f"{len(line)} columns, at most {COLUMNS_MAX}")
        if file.path.endswith(".h") and not re.search(r"^#pragma once$", file.text, re.M):
            yield Finding(file.path, 1, "a header starts with `#pragma once`")


# READMEs ------------------------------------------------------------------------------------------

TOP_FOLDERS = {"lib", "daemon", "rules", "deploy", "bench", "tests", ".ci"}
FILE_NAME = re.compile(r"\.(?:cc|h|py|sh|cmake|md|yml|yaml|service|json|jsonnet|scenario)$")


def inline_code(text: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            for match in re.finditer(r"`([^`]+)`", line):
                yield number, match.group(1)


def braces(word: str) -> list[str]:
    match = re.search(r"\{([^{}]*,[^{}]*)\}", word)
    if match is None:
        return [word]
    parts = (word[:match.start()] + part + word[match.end():] for part in match.group(1).split(","))
    return list(itertools.chain.from_iterable(braces(p) for p in parts))


def names_a_path(word: str, folder: Path, root: Path) -> bool:
    """Is this word meant as a path of this repository?"""
    if re.search(r"[<>$@=()\"'|%\\]|://|^[-/~]|\.\.\.|…", word):
        return False
    first, slash, _ = word.partition("/")
    if not slash:
        return word not in OWNERS and bool(re.search(r"^[\w-]+\.(?:cc|h|py|cmake)$", word))
    if first in TOP_FOLDERS or first in (".", ".."):
        return True
    known = first in LIB_LAYERS or first in DAEMON_LAYERS or (folder / first).is_dir()
    return known and (word.endswith("/") or bool(FILE_NAME.search(word)))


def exists(word: str, folder: Path, root: Path) -> bool:
    for base in (folder, root, root / "lib", root / "daemon"):
        if "*" in word or "?" in word:
            if not word.startswith("..") and any(base.glob(word)):
                return True
        elif (base / word).exists():
            return True
    # A name alone may be that of a file anywhere: the reader finds it.
    return "/" not in word and any(root.glob(f"*/**/{word}"))


def check_readmes(root: Path, files: list[File]) -> Iterator[Finding]:
    for file in files:
        if not file.path.endswith("README.md"):
            continue
        folder = (root / file.path).parent
        for line, span in inline_code(file.text):
            for word in itertools.chain.from_iterable(map(braces, span.split())):
                word = re.sub(r":\d+$", "", word.strip(",;"))
                if names_a_path(word, folder, root) and not exists(word, folder, root):
                    yield Finding(file.path, line, f"names `{word}`, which does not exist")


def check_folders(root: Path) -> Iterator[Finding]:
    lib = root / "lib"
    for folder in sorted(p for p in lib.iterdir() if p.is_dir()) if lib.is_dir() else []:
        if not (folder / "README.md").is_file():
            yield Finding(f"lib/{folder.name}/README.md", 1, "missing: purpose, data in and out, "
                          "invariants, decisions")
        if folder.name not in LIB_LAYERS:
            yield Finding(f"lib/{folder.name}", 1, "this folder has no layer: name it in "
                          "LIB_LAYERS of tests/tidy/tidy.py")


def check_tree(root: Path) -> list[Finding]:
    files = read_tree(root)
    return sorted(itertools.chain(
        check_layers(files), check_owners(files), check_words(files),
        check_coroutine_lambdas(files), check_shape(files), check_readmes(root, files),
        check_folders(root)))


def main(arguments: list[str]) -> int:
    if any(a in ("-h", "--help") for a in arguments) or len(arguments) > 1:
        print(__doc__)
        return 2 if len(arguments) > 1 else 0
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    if not (root / "lib").is_dir():
        print(f"tidy: {root} is not the source directory: it has no lib/", file=sys.stderr)
        return 2
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
