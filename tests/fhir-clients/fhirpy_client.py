"""fhirpy at work with the server, as its synchronous and its asynchronous client: over mutual TLS, with a person's session.

Everything it needs comes in the environment: BASE, CA, CERT, KEY (files), TOKEN and AUDITOR (sessions). Ends with an error at
the first thing that is not as it should be.
"""

import asyncio
import os
import ssl

from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

BASE, CA, CERT, KEY = (os.environ[name] for name in ("BASE", "CA", "CERT", "KEY"))


def client(token):
    config = {"verify": CA, "cert": (CERT, KEY)}
    return SyncFHIRClient(BASE, authorization=f"Bearer {os.environ[token]}", requests_config=config)


def refused(kind, work):
    try:
        work()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was to be raised")


def synchronous():
    nurse, auditor = client("TOKEN"), client("AUDITOR")
    ada = nurse.reference("Patient", "ada").to_resource()
    assert ada.get_by_path(["name", 0, "family"]) == "Sample"
    refused(ResourceNotFound, lambda: nurse.reference("Condition", "c-bo").to_resource())

    observations = nurse.resources("Observation").search(patient="ada").limit(2).fetch_all()
    assert len(observations) == 5, len(observations)
    assert nurse.resources("Observation").search(patient="ada").count() == 5
    assert nurse.resources("Patient").search(_id="ada").first().id == "ada"
    refused(OperationOutcome, lambda: nurse.resources("Patient").search(name="sample").fetch())

    def included(found):
        return [entry["resource"]["id"] for entry in found["entry"] if entry["search"]["mode"] == "include"]

    beside = nurse.resources("Observation").search(patient="ada").include("Observation", "patient").fetch_raw()
    assert included(beside) == ["ada"]
    about = nurse.resources("Patient").search(_id="ada").revinclude("Observation", "subject").fetch_raw()
    assert len(included(about)) == 5

    # What is read out of a record goes into a body: here, into the address of an entry of a batch.
    entries = [{"request": {"method": "GET", "url": url}} for url in ("Patient?name=sample", "Patient/nobody")]
    answers = nurse.execute("", data={"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [entry["response"]["status"] for entry in answers["entry"]] == ["200", "404"]
    assert answers["entry"][0]["resource"]["entry"][0]["resource"]["id"] == "ada"

    history = nurse.execute("Patient/ada/_history", method="get")
    assert history["type"] == "history" and history["entry"][0]["request"]["method"] == "PUT"
    refused(OperationOutcome, lambda: nurse.resource("Patient", name=[{"family": "New"}]).save())

    dates = {"date": ["ge2020-01-01", "le2040-01-01"]}
    events = auditor.resources("AuditEvent").search(**dates).limit(20).fetch()
    assert events and all(event["resourceType"] == "AuditEvent" for event in events)


async def asynchronous():
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(CERT, KEY)
    token = f"Bearer {os.environ['TOKEN']}"
    nurse = AsyncFHIRClient(BASE, authorization=token, aiohttp_config={"ssl": context})
    found = 0
    async for observation in nurse.resources("Observation").search(patient="ada").limit(2):
        assert observation.resource_type == "Observation"
        found += 1
    assert found == 5, found


synchronous()
asyncio.run(asynchronous())
print("fhirpy: read, search, pages, batch, history, audit events: as they should be")
