"""Only what pyproject.toml cannot say: the folder map, the compiled protos and the C extensions."""
from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_namespace_packages, setup
from setuptools.command.build_py import build_py

IMPORT_NAME = "opsledger"
ROOTS = ("core", "services", "proto", "ext")
HERE = Path(__file__).parent


def package_map() -> dict[str, str]:
    """Import name of every package -> folder that holds it."""
    found = {f"{IMPORT_NAME}.{root}": root for root in ROOTS}
    for root in ROOTS:
        for sub in find_namespace_packages(root, exclude=["*__pycache__*"]):
            found[f"{IMPORT_NAME}.{root}.{sub}"] = f"{root}/{sub.replace('.', '/')}"
    return found


def link_tree() -> Path:
    """Give Cython, protoc and type checkers a folder where ``opsledger/<root>`` exists."""
    tree = HERE / "build" / "link"
    (tree / IMPORT_NAME).mkdir(parents=True, exist_ok=True)
    for root in ROOTS:
        link = tree / IMPORT_NAME / root
        if not link.is_symlink() or link.readlink() != HERE / root:
            link.unlink(missing_ok=True)
            link.symlink_to(HERE / root, target_is_directory=True)
    return tree


def compile_protos() -> None:
    """Write the message modules, their stubs and the service modules beside each .proto; and all messages as one descriptor set,
    by which tools that do not have the .proto files read what we publish."""
    from grpc_tools import protoc

    include = files("grpc_tools") / "_proto"  # google/protobuf/*.proto
    protos = sorted(f"{IMPORT_NAME}/{path.relative_to(HERE)}" for path in (HERE / "proto").rglob("*.proto"))
    out = str(link_tree())
    code = protoc.main([
        "protoc", f"-I{IMPORT_NAME}/proto={HERE / 'proto'}", f"-I{include}",
        f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}",
        f"--descriptor_set_out={HERE / 'proto' / 'opsledger.binpb'}", "--include_imports", *protos,
    ])
    if code != 0:
        sys.exit("protoc refused the .proto files; its message is above")


class BuildPy(build_py):
    """Compiles the protos first: the generated modules are ordinary modules of the package."""

    def run(self) -> None:
        compile_protos()
        super().run()


def extensions() -> list[Extension]:
    """One extension for every ext/**/_NAME.pyx."""
    return [
        Extension(f"{IMPORT_NAME}." + ".".join(path.relative_to(HERE).with_suffix("").parts), [str(path.relative_to(HERE))],
                  extra_compile_args=["-O3"])
        for path in sorted((HERE / "ext").rglob("*.pyx"))
    ]


PACKAGES = package_map()

setup(
    cmdclass={"build_py": BuildPy},
    packages=list(PACKAGES),
    package_dir=PACKAGES,
    package_data={"": ["py.typed", "*.pyi", "*.pxd", "*.proto", "*.binpb", "*.yaml"]},
    ext_modules=cythonize(extensions(), include_path=[str(link_tree())], build_dir="build/cython",
                          compiler_directives={"language_level": 3, "freethreading_compatible": False}),
)
