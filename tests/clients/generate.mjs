// Write the types of an OpenAPI document: node generate.mjs openapi.json schema.d.ts
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [document, file] = process.argv.slice(2);
const types = await openapiTS(JSON.parse(readFileSync(document, "utf8")), {
  // A field with a default may be left out of a request. Responses require theirs.
  defaultNonNullable: false,
  // A file is a Blob, which FormData takes (https://openapi-ts.dev/node).
  transform: (schema) => (schema.format === "binary" ? ts.factory.createTypeReferenceNode("Blob") : undefined),
});
writeFileSync(file, astToString(types));
