"""The Python client: typed calls over all services of a server. docs/client.md shows it at work.

    from opsledger.services.client import connect

    with connect("127.0.0.1:50051", tenant="acme", token=token) as client:
        client.recorder.record(events)
        session = client.coaching.PlanSession(program="desk", agent="ann").session

Calls are named as in the .proto files. They are tried again while the server asks for patience, carried out once however
often they are sent, and raise the errors of core/errors.py.
"""
from opsledger.services.client.client import Client, connect
from opsledger.services.client.recording import RecordingStream

__all__ = ["Client", "RecordingStream", "connect"]
