// fhir-kit-client at work with the server: over mutual TLS, with a person's session. Everything it needs comes in the environment:
// BASE, CA, CERT, KEY (files), TOKEN and AUDITOR (sessions). Exits 1 at the first thing that is not as it should be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client } from "fhir-kit-client";
import { Agent, setGlobalDispatcher } from "undici";

const file = (name) => readFileSync(process.env[name]);
// Node's own fetch takes the certificate from here.
setGlobalDispatcher(new Agent({ connect: { ca: file("CA"), cert: file("CERT"), key: file("KEY") } }));

const baseUrl = process.env.BASE;
const nurse = new Client({ baseUrl, bearerToken: process.env.TOKEN });
const auditor = new Client({ baseUrl, bearerToken: process.env.AUDITOR });
const matches = (bundle) => (bundle.entry ?? []).filter((entry) => entry.search?.mode === "match");

async function refused(status, asked) {
  await assert.rejects(asked, (error) => {
    assert.equal(error.response.status, status);
    assert.equal(error.response.data.resourceType, "OperationOutcome");
    return true;
  });
}

const statement = await nurse.capabilityStatement();
assert.equal(statement.resourceType, "CapabilityStatement");

const ada = await nurse.read({ resourceType: "Patient", id: "ada" });
assert.equal(ada.name[0].family, "Sample");
assert.equal((await nurse.vread({ resourceType: "Patient", id: "ada", version: "1" })).meta.versionId, "1");
await refused(404, nurse.read({ resourceType: "Condition", id: "c-bo" }));

const found = await nurse.search({ resourceType: "Patient", searchParams: { name: "sample" }, options: { postSearch: true } });
assert.deepEqual(matches(found).map((entry) => entry.resource.id), ["ada"]);
await refused(400, nurse.search({ resourceType: "Patient", searchParams: { name: "sample" } }));

let page = await nurse.search({ resourceType: "Observation", searchParams: { patient: "ada", _count: 2 } });
let observations = 0;
while (page) {
  observations += matches(page).length;
  page = await nurse.nextPage({ bundle: page });
}
assert.equal(observations, 5);

const beside = await nurse.search({ resourceType: "Observation", searchParams: { patient: "ada", _include: "Observation:patient" } });
const included = beside.entry.filter((entry) => entry.search.mode === "include");
assert.deepEqual(included.map((entry) => entry.resource.id), ["ada"]);
const born = { birthdate: ["ge1950-02-03", "lt1961"] };
const span = await nurse.search({ resourceType: "Patient", searchParams: born, options: { postSearch: true } });
assert.deepEqual(matches(span).map((entry) => entry.resource.id), ["ada"]);

const history = await nurse.history({ resourceType: "Patient", id: "ada" });
assert.equal(history.type, "history");
assert.equal(history.entry[0].request.method, "PUT");
assert.ok((await nurse.systemHistory()).entry.length > 0);
assert.ok((await nurse.typeHistory({ resourceType: "Patient" })).entry.length > 0);

const answers = await nurse.batch({
  body: {
    resourceType: "Bundle",
    type: "batch",
    entry: [{ request: { method: "GET", url: "Patient/ada" } }, { request: { method: "GET", url: "Patient/nobody" } }],
  },
});
assert.deepEqual(answers.entry.map((entry) => entry.response.status), ["200", "404"]);
await refused(405, nurse.create({ resourceType: "Patient", body: { resourceType: "Patient" } }));
await refused(405, nurse.delete({ resourceType: "Patient", id: "ada" }));

const event = JSON.parse(process.env.EVENT);
const sent = await nurse.create({ resourceType: "AuditEvent", body: event });
assert.equal(Client.httpFor(sent).response.status, 201);
const trail = await auditor.search({
  resourceType: "AuditEvent",
  searchParams: { date: ["ge2020-01-01", "le2040-01-01"], "source.identifier": "archive" },
});
assert.equal(matches(trail).length, 1);
await refused(403, nurse.search({ resourceType: "AuditEvent", searchParams: { date: ["ge2020", "le2040"] } }));
console.log("fhir-kit-client: read, search, includes, pages, histories, batch, audit events: as they should be");
