// What no compiler says: both languages have the same words and placeholders, and nothing is too big.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const SHELL_BYTES_MAX = 90_000;
const CHUNK_BYTES_MAX = 40_000;
const STATIC = new URL("../../src/chargeplane/web/static/", import.meta.url).pathname;
const faults = [];

const source = new URL("../src/", import.meta.url).pathname;
for (const name of await readdir(source, { recursive: true })) {
  if (name.endsWith("words.en.json")) await compareWords(join(source, name));
}
await namesCommands();
await namesActions();
await weigh();
for (const fault of faults) console.error(fault);
process.exitCode = faults.length ? 1 : 0;

async function compareWords(path) {
  const en = JSON.parse(await readFile(path, "utf8"));
  const de = JSON.parse(await readFile(path.replace(".en.json", ".de.json"), "utf8"));
  const place = path.slice(source.length);
  for (const key of new Set([...Object.keys(en), ...Object.keys(de)])) {
    if (!(key in en) || !(key in de)) faults.push(`${place}: ${key} is in one language alone`);
    else if (placeholders(en[key]) !== placeholders(de[key]))
      faults.push(`${place}: ${key} has other placeholders in German`);
    else if (!en[key].trim() || !de[key].trim()) faults.push(`${place}: ${key} is empty`);
  }
}

function placeholders(text) {
  return [...text.matchAll(/\{\w+\}/g)]
    .map(([name]) => name)
    .sort()
    .join();
}

/** A form without words would show the names of the interface. */
async function namesCommands() {
  const { commands } = JSON.parse(await readFile(join(source, "generated/commands.json"), "utf8"));
  const words = JSON.parse(await readFile(join(source, "blocks/station/words.en.json"), "utf8"));
  for (const name of Object.keys(commands))
    for (const key of [`c_${name}`, `d_${name}`])
      if (!(key in words)) faults.push(`blocks/station/words: ${key} is missing`);
}

/** The audit log names every change by its operation. */
async function namesActions() {
  const { paths } = JSON.parse(await readFile(new URL("../openapi.json", import.meta.url), "utf8"));
  const words = JSON.parse(await readFile(join(source, "blocks/audit/words.en.json"), "utf8"));
  for (const methods of Object.values(paths))
    for (const [method, { operationId }] of Object.entries(methods))
      if (method !== "get" && !(`a_${operationId}` in words))
        faults.push(`blocks/audit/words: a_${operationId} is missing`);
}

/** The shell is what the page loads at once; every other script is a chunk. */
async function weigh() {
  const page = await readFile(join(STATIC, "index.html"), "utf8");
  const shell = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name);
  let total = 0;
  for (const name of shell) total += await packed(name);
  if (total > SHELL_BYTES_MAX) faults.push(`the shell has ${total} bytes (gzip), ${SHELL_BYTES_MAX} at most`);
  for (const file of await readdir(join(STATIC, "assets"))) {
    const name = `assets/${file}`;
    if (!file.endsWith(".js") || shell.includes(name)) continue;
    const bytes = await packed(name);
    if (bytes > CHUNK_BYTES_MAX) faults.push(`${name} has ${bytes} bytes (gzip), ${CHUNK_BYTES_MAX} at most`);
  }
}

async function packed(name) {
  const path = join(STATIC, name);
  try {
    return (await stat(`${path}.gz`)).size;
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return gzipSync(await readFile(path)).length;
  }
}
