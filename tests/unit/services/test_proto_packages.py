"""The .proto files for users of other languages: where what protoc makes of them belongs, and that their folder alone is enough."""
from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

PROTO = Path("proto").resolve()
FILES = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileDescriptorProto]:
    """As docs/serving.md says: the folder under the name that its imports have, and the folder above it as -I."""
    folder = tmp_path_factory.mktemp("protos")
    shutil.copytree(PROTO, folder / "opsledger" / "proto", ignore=shutil.ignore_patterns("*.py*", "*.binpb", "__pycache__"))
    code = protoc.main(["protoc", f"-I{folder}", f"-I{files('grpc_tools') / '_proto'}", f"--descriptor_set_out={folder / 'set'}",
                        *(f"opsledger/proto/{file}" for file in FILES)])
    assert code == 0
    return {file.name: file for file in FileDescriptorSet.FromString((folder / "set").read_bytes()).file}


@pytest.mark.parametrize("file", FILES)
def test_a_file_says_where_its_code_belongs(file: str, compiled: dict[str, FileDescriptorProto]) -> None:
    area, options = file.split("/")[0], compiled[f"opsledger/proto/{file}"].options
    assert options.go_package == f"opsledger/proto/{area}/v1;{area}v1"
    assert (options.java_package, options.java_multiple_files) == (f"opsledger.{area}.v1", True)
