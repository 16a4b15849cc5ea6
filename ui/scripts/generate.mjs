// Makes the types of the REST interface, and the forms' description of commands, from openapi.json.
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const ui = new URL("../", import.meta.url);
const source = new URL("openapi.json", ui);
const folder = new URL("src/generated/", ui);
const types = new URL("schema.d.ts", folder);

const document = JSON.parse(await readFile(source, "utf8"));
if (!(await isFresh())) {
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("commands.json", folder), JSON.stringify(commands(document)));
  await writeFile(
    types,
    astToString(await openapiTS(source, { alphabetize: true, defaultNonNullable: false })),
  );
}

async function isFresh() {
  try {
    return (await stat(types)).mtimeMs > (await stat(source)).mtimeMs;
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

/** Every command with its schema, and the schemas that it refers to. */
function commands({ paths, components }) {
  const operation = paths["/api/v1/stations/{station_id}/commands/{name}"].post;
  const named = operation["x-commands"];
  const schemas = {};
  const take = (node) => {
    if (Array.isArray(node)) node.forEach(take);
    else if (node && typeof node === "object") {
      const name = node.$ref?.split("/").at(-1);
      if (name && !(name in schemas)) {
        schemas[name] = components.schemas[name];
        take(schemas[name]);
      }
      Object.values(node).forEach(take);
    }
  };
  take(Object.values(named));
  return {
    commands: Object.fromEntries(
      Object.entries(named).map(([name, { $ref }]) => [name, $ref.split("/").at(-1)]),
    ),
    schemas,
  };
}
