"""A tool without our code reads what we publish: by the descriptor set and the mapping of topics to messages that we ship."""
from __future__ import annotations

from pathlib import Path

import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClassesForFiles

from opsledger.services.exchange.outbound import public_record
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.intake import Intake
from tests.kit.command import run
from tests.kit.events import event

MAPPING = Path(__file__).parents[3] / "deploy" / "kafka" / "redpanda-console.yaml"
TOPICS = Exchange(kafka=KafkaLink(bootstrap_servers=("127.0.0.1:9092",))).topics


def mapping() -> dict[str, str]:
    document = yaml.safe_load(MAPPING.read_text())
    return {pair["topicName"]: pair["valueProtoType"] for pair in document["serde"]["protobuf"]["mappings"]}


def test_the_mapping_names_every_topic_with_messages() -> None:
    assert mapping() == {topic.name: topic.holds for topic in TOPICS if topic.holds}


def test_the_descriptor_set_has_every_message_and_decodes_a_public_record(tmp_path: Path) -> None:
    from google.protobuf.descriptor_pool import DescriptorPool

    assert run("topics", "descriptors", tmp_path / "set.binpb").code == 0
    files = FileDescriptorSet.FromString((tmp_path / "set.binpb").read_bytes()).file
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    known = GetMessageClassesForFiles([file.name for file in files], pool)
    assert set(mapping().values()) <= set(known)
    journal = MemoryJournal()
    Intake(journal).record([event("e1").SerializeToString()])

    record = public_record(journal.read()[0], TOPICS)

    assert record is not None
    assert MessageToDict(known[mapping()[record.topic]].FromString(record.value)) == MessageToDict(event("e1"))
