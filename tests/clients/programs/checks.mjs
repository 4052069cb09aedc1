// The checks of one client for Node.js, see checks.py.
//
// Usage: node checks.mjs PROGRAM PACKAGE...

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const CHECKS = ["chat", "stream", "tools", "structured", "retry", "resend"];
const [program, ...packages] = process.argv.slice(2);
const module = await import(pathToFileURL(program).href);
const results = {};
for (const check of CHECKS) {
  if (!(check in module)) continue;
  try {
    await module[check]();
    results[check] = "";
  } catch (error) {
    console.error(error);
    results[check] = String(error).slice(0, 300);
  }
}
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf-8")).version;
console.log(JSON.stringify({ versions: Object.fromEntries(packages.map((name) => [name, version(name)])), results }));
