#!/usr/bin/env python3
"""Proves that every check of tidy.py fires on a bad sample, and keeps quiet on a good one."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import tidy  # noqa: E402

GOOD_HEADER = "// What it is.\n#pragma once\n"
BAD_WORD = "TO" "DO"

# What it shows, the files, and part of the one message expected ("" for none), with its line.
ROWS = [
    ("lower layer", {"lib/rule/a.h": '#pragma once\n#include "event/e.h"\n',
                     "lib/event/e.h": GOOD_HEADER}, "", 0),
    ("own folder", {"lib/rule/a.cc": '#include "rule/a.h"\n', "lib/rule/a.h": GOOD_HEADER}, "", 0),
    ("layer above", {"lib/base/a.h": '#pragma once\n#include "event/e.h"\n',
                     "lib/event/e.h": GOOD_HEADER}, "it is a layer above", 2),
    ("sibling", {"lib/match/a.h": '#pragma once\n#include "correlate/c.h"\n',
                 "lib/correlate/c.h": GOOD_HEADER}, "it is a sibling", 2),
    ("daemon from lib", {"lib/engine/a.cc": '#include "source/tcp.h"\n',
                         "daemon/source/tcp.h": GOOD_HEADER}, "is not a path from lib/", 1),
    ("lib from daemon", {"daemon/api/a.cc": '#include "engine/e.h"\n',
                         "lib/engine/e.h": GOOD_HEADER}, "", 0),
    ("sibling in daemon", {"daemon/api/a.cc": '#include "source/tcp.h"\n',
                           "daemon/source/tcp.h": GOOD_HEADER}, "it is a sibling", 1),
    ("main includes app", {"daemon/main.cc": '#include "app/app.h"\n',
                           "daemon/app/app.h": GOOD_HEADER}, "", 0),
    ("queue includes source", {"daemon/queue.h": '#pragma once\n#include "source/tcp.h"\n',
                               "daemon/source/tcp.h": GOOD_HEADER}, "it is a layer above", 2),
    ("relative include", {"lib/rule/a.cc": '#include "a.h"\n', "lib/rule/a.h": GOOD_HEADER},
     "is not a path from lib/", 1),
    ("include in a comment", {"lib/base/a.cc": '/*\n#include "event/e.h"\n*/\n',
                              "lib/event/e.h": GOOD_HEADER}, "", 0),
    ("new folder of daemon", {"daemon/novel/a.cc": "int a;\n"}, "has no layer", 1),
    ("new folder of lib", {"lib/novel/README.md": "x\n"}, "has no layer", 1),

    ("owner", {"lib/store/a.cc": "#include <rocksdb/db.h>\n"}, "", 0),
    ("not the owner", {"lib/engine/a.cc": "#include <string>\n#include <rocksdb/db.h>\n"},
     "<rocksdb/db.h> belongs to lib/store/", 2),
    ("Hyperscan's other name", {"lib/match/a.cc": "#include <hs.h>\n"}, "belongs to lib/scan/", 1),
    ("simdjson", {"lib/normalise/a.cc": "#include <simdjson.h>\n"}, "belongs to lib/parse/", 1),
    ("Boost in lib", {"lib/base/a.cc": "#include <boost/asio.hpp>\n"}, "belongs to daemon/", 1),
    ("prometheus outside metrics", {"daemon/api/a.cc": "#include <prometheus/registry.h>\n"},
     "belongs to daemon/metrics/", 1),
    ("unknown library", {"daemon/api/a.cc": "#include <websocketpp/server.hpp>\n"},
     "has no owner", 1),
    ("socket in lib", {"lib/framing/a.cc": "#include <sys/socket.h>\n"}, "operating system", 1),
    ("socket in daemon", {"daemon/source/a.cc": "#include <sys/socket.h>\n"}, "", 0),
    ("files in the store", {"lib/store/a.cc": "#include <fcntl.h>\n"}, "", 0),
    ("thread in lib", {"lib/store/a.cc": "std::thread t;\n"}, "no threads", 1),
    ("id of a thread in lib", {"lib/store/a.cc": "std::thread::id t;\n"}, "", 0),
    ("mutex in lib", {"lib/engine/a.cc": "#include <mutex>\n"}, "no threads", 1),
    ("intrinsics in lib", {"lib/parse/a.cc": "#include <immintrin.h>\n"}, "", 0),

    ("unfinished", {"lib/base/a.cc": f"int a;  // {BAD_WORD}: later\n"}, BAD_WORD, 1),
    ("unfinished script", {"deploy/a.sh": f"# {BAD_WORD}\n"}, BAD_WORD, 1),
    ("part of a word", {"deploy/a.sh": "mktemp /tmp/a.XXXXXX\n"}, "", 0),
    ("sleep", {"tests/a.cc": "std::this_thread::sleep_for(x);\n"}, "no sleeps", 1),
    ("usleep", {"daemon/api/a.cc": "void f() {\n  usleep(5);\n}\n"}, "no sleeps", 2),
    ("sleep in a comment", {"tests/a.cc": "// no sleep_for(x) here\n"}, "", 0),
    ("sleep in a string", {"tests/a.cc": 'auto a = "sleep_for";\n'}, "", 0),
    ("regex", {"lib/base/a.cc": "std::regex pattern;\n"}, "std::regex", 1),
    ("regex in a test", {"tests/a.cc": "std::regex pattern;\n"}, "", 0),
    ("regex header", {"daemon/cli/a.cc": "#include <regex>\n"}, "std::regex", 1),
    ("using namespace", {"bench/a.cc": "using namespace std;\n"}, "using namespace std", 1),
    ("literals", {"bench/a.cc": "using namespace std::chrono_literals;\n"}, "", 0),
    ("clock in lib", {"lib/base/a.cc": "auto t = std::chrono::system_clock::now();\n"},
     "reads no clock", 1),
    ("C clock in lib", {"lib/base/a.cc": "auto t = time(nullptr);\n"}, "reads no clock", 1),
    ("clock in daemon", {"daemon/app/a.cc": "auto t = steady_clock::now();\n"}, "", 0),
    ("randomness in lib", {"lib/base/a.cc": "std::random_device d;\n"}, "randomness", 1),
    ("lock in lib", {"lib/base/a.cc": "std::mutex m;\n"}, "no locks", 1),

    ("lambda after co_await", {"daemon/api/a.cc":
                               "int a;\nco_await run(executor,\n  [name] { use(name); });\n"},
     "inside co_await", 3),
    ("lambda in co_spawn", {"daemon/api/a.cc":
                            "co_spawn(io, [self, x]() -> awaitable<void> {\n  f();\n}, d);\n"},
     "inside co_spawn(", 1),
    ("by reference", {"daemon/api/a.cc": "co_await run([&] { f(); });\n"}, "inside co_await", 1),
    ("capture-less lambda", {"daemon/api/a.cc": "co_await run([](int) { f(); });\n"}, "", 0),
    ("subscript after co_await", {"daemon/api/a.cc": "co_await read(buffers[i] (x));\n"}, "", 0),
    ("lambda in the next statement", {"daemon/api/a.cc":
                                      "co_await read(b);\nauto f = [x](int) { g(x); };\n"}, "", 0),
    ("named lambda", {"daemon/api/a.cc":
                      "auto f = [x](int) { g(x); };\nco_spawn(io, std::move(f), detached);\n"},
     "", 0),
    ("if around co_await", {"daemon/api/a.cc":
                            "if (co_await ready()) g([x](int) { h(x); });\n"}, "", 0),

    ("long file", {"lib/base/a.cc": "int a;\n" * 701}, "701 lines", 701),
    ("not too long", {"lib/base/a.cc": "int a;\n" * 700}, "", 0),
    ("long line", {"lib/base/a.cc": "int a;\n" + "//" + "x" * 99 + "\n"}, "101 columns", 2),
    ("long in bytes only", {"lib/base/a.cc": "//" + "å" * 98 + "\n"}, "", 0),
    ("long raw string", {"tests/a.cc": 'auto a = R"(\n' + "x" * 150 + '\n)";\n'}, "", 0),
    ("long README line", {"lib/base/README.md": "x" * 150 + "\n"}, "", 0),
    ("unguarded header", {"lib/base/a.h": "int a();\n"}, "#pragma once", 1),
    ("pragma in a comment", {"lib/base/a.h": "// #pragma once\n"}, "#pragma once", 1),

    ("README names a file", {"lib/base/README.md": "See `time.h`, `base/time.h`, `lib/base`.\n",
                             "lib/base/time.h": GOOD_HEADER}, "", 0),
    ("README names a ghost", {"lib/base/README.md": "a\nSee `lib/base/gone.h`.\n"},
     "names `lib/base/gone.h`", 2),
    ("ghost from lib/", {"lib/base/README.md": "See `base/gone.h`.\n"}, "names `base/gone.h`", 1),
    ("ghost by name", {"lib/base/README.md": "See `gone.cc`.\n"}, "names `gone.cc`", 1),
    ("ghost in a command", {"README.md": "Run `bash tests/gone.sh --quick`.\n"},
     "names `tests/gone.sh`", 1),
    ("ghost in braces", {"lib/base/README.md": "See `base/time.{h,cc}`.\n",
                         "lib/base/time.h": GOOD_HEADER}, "names `base/time.cc`", 1),
    ("glob", {"README.md": "See `lib/*/time.h`.\n", "lib/base/time.h": GOOD_HEADER}, "", 0),
    ("glob of nothing", {"README.md": "See `tests/*.sh`.\n"}, "names `tests/*.sh`", 1),
    ("no path", {"README.md": "`host.name`, `a/b`, `/var/lib`, `application/json`, `<dir>/x.h`\n"},
     "", 0),
    ("a library's header", {"lib/base/README.md": "Only here: `hs.h`.\n"}, "", 0),
    ("fenced code", {"README.md": "```\n`lib/base/gone.h`\n```\n"}, "", 0),
    ("lib folder without README", {"lib/yaml/a.cc": "int a;\n"}, "missing", 1),
]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class TidyTest(unittest.TestCase):
    def test_rows(self) -> None:
        for name, files, message, line in ROWS:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                write(root, {"lib/base/README.md": "Base.\n", **files})
                if "missing" not in message:  # every other sample has its READMEs
                    for path in list((root / "lib").iterdir()):
                        if not (path / "README.md").exists():
                            write(root, {f"lib/{path.name}/README.md": "Folder.\n"})
                findings = tidy.check_tree(root)
                if message:
                    self.assertEqual(len(findings), 1, findings)
                    self.assertIn(message, findings[0].message)
                    self.assertEqual(findings[0].line, line, findings)
                else:
                    self.assertEqual(findings, [])

    def test_blank_keeps_lines_and_columns(self) -> None:
        code = 'a("x // y"); // b\n/* c\n*/ d = \'"\'; R"z(\n")z" e 1\'000\n'
        blanked = tidy.blank(code)
        self.assertEqual([len(x) for x in blanked.split("\n")], [len(x) for x in code.split("\n")])
        for word in ("x", "b", "c"):
            self.assertNotIn(word, blanked)
        for word in ("a(", " d ", " e 1'000"):
            self.assertIn(word, blanked)

    def test_build_folders_are_skipped(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write(root, {"lib/base/README.md": "Base.\n", "build-x/a.h": "bad\n"})
            self.assertEqual(tidy.check_tree(root), [])


if __name__ == "__main__":
    unittest.main()
