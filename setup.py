"""Compiles the data plane while the package is built; everything else is in pyproject.toml.

The engine's .py files are the source: Cython turns each into C, here and nowhere else. All that is
made on the way lands in build/, never in src/, where a stale library would win the import.

LEVERET_PURE=1              builds without compiling, and needs no Cython.
LEVERET_REQUIRE_COMPILED=1  makes a failed compile an error instead of an uncompiled install.
LEVERET_C_WARNINGS=error    makes warnings of the C compiler errors (compilers vary: not for users).
LEVERET_ANNOTATE=1          writes Cython's annotated HTML beside the C, in build/cython.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

SOURCE = Path("src")
COMPILED_PACKAGES = ["leveret/engine", "leveret/bench/frames", "leveret/log/native"]
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "nonecheck": True,
}
COMPILE = ["-O3", "-g0", "-fno-strict-aliasing"]
WARNINGS_ARE_ERRORS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    # What Cython itself writes and what its C API asks for:
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
]


def is_set(name):
    return os.environ.get(name) == "1"


def compile_arguments():
    strict = os.environ.get("LEVERET_C_WARNINGS") == "error"
    return COMPILE + (WARNINGS_ARE_ERRORS if strict else [])


def extensions():
    """One for each module of the compiled packages; its source is still the .py file."""
    if is_set("LEVERET_PURE"):
        return []
    paths = [path for package in COMPILED_PACKAGES for path in (SOURCE / package).rglob("*.py")]
    return [
        Extension(
            ".".join(path.relative_to(SOURCE).with_suffix("").parts),
            [str(path)],
            extra_compile_args=compile_arguments(),
        )
        for path in sorted(paths)
        if path.name != "__init__.py"
    ]


def translate(modules):
    """Have Cython write the C of each, and make that its source. An error here is a bug of ours."""
    from Cython.Build import cythonize

    translated = cythonize(
        [Extension(module.name, list(module.sources)) for module in modules],
        build_dir="build/cython",
        include_path=[str(SOURCE)],
        compiler_directives=DIRECTIVES,
        annotate=is_set("LEVERET_ANNOTATE"),
    )
    sources = {module.name: module.sources for module in translated}
    for module in modules:
        module.sources = sources[module.name]


class BuildPython(build_py):
    """Starts from an empty build directory, or the wheel would hold modules that are gone."""

    def run(self):
        libraries = {Path(path) for path in self.get_finalized_command("build_ext").get_outputs()}
        for path in Path(self.build_lib).rglob("*"):
            if path.is_file() and path not in libraries:
                path.unlink()
        super().run()


class BuildExtensions(build_ext):
    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        if not self.extensions:
            return
        translate(self.extensions)
        try:
            super().run()
        except Exception as error:
            if is_set("LEVERET_REQUIRE_COMPILED"):
                raise
            self.leave_uncompiled(error)

    def leave_uncompiled(self, error):
        """All or nothing: a half compiled engine is one that nobody has tested."""
        for path in self.get_outputs():
            Path(path).unlink(missing_ok=True)
        self.extensions = []
        print(f"leveret: installing uncompiled, and slow: {error}", file=sys.stderr)


setup(
    ext_modules=extensions(),
    cmdclass={"build_py": BuildPython, "build_ext": BuildExtensions},
)
