"""Compiles the data plane while the package is built; everything else is in pyproject.toml.

LEVERET_PURE=1 builds without compiling.
LEVERET_REQUIRE_COMPILED=1 makes a failed compile an error instead of an uncompiled install.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

COMPILED_PACKAGES = ["src/leveret/engine", "src/leveret/bench/frames"]
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
}


def compiled_modules():
    for package in COMPILED_PACKAGES:
        for path in sorted(Path(package).rglob("*.py")):
            if path.name != "__init__.py":
                yield ".".join(path.with_suffix("").parts[1:]), str(path)


def extensions():
    if os.environ.get("LEVERET_PURE") == "1":
        return []
    from Cython.Build import cythonize

    modules = [
        Extension(name, [path], extra_compile_args=["-O3", "-fno-strict-aliasing"])
        for name, path in compiled_modules()
    ]
    annotate = os.environ.get("LEVERET_ANNOTATE") == "1"
    return cythonize(modules, build_dir="build/cython", include_path=["src"],
                     compiler_directives=DIRECTIVES, annotate=annotate)


class BuildExtensions(build_ext):
    def run(self):
        try:
            super().run()
        except Exception as error:
            if os.environ.get("LEVERET_REQUIRE_COMPILED") == "1":
                raise
            print(f"leveret: installing uncompiled, and slow: {error}", file=sys.stderr)
            self.extensions = []


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExtensions})
