// promptfoo: an evaluation with the agent as its provider.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const env = {
  ...process.env,
  OPENAI_API_KEY: process.env.AGENTHOST_PASSWORD,
  PROMPTFOO_CONFIG_DIR: `${process.cwd()}/promptfoo`,
  PROMPTFOO_DISABLE_TELEMETRY: "1",
  PROMPTFOO_DISABLE_UPDATE: "1",
  PROMPTFOO_RETRY_5XX: "true",
};

function evaluate(id, prompt, config = {}) {
  const provider = { id, config: { apiBaseUrl: process.env.AGENTHOST_URL, ...config } };
  writeFileSync("eval.json", JSON.stringify({ prompts: [prompt], providers: [provider], tests: [{ vars: {} }] }));
  const command = ["eval", "--no-cache", "--no-write", "-c", "eval.json", "-o", "out.json"];
  const done = spawnSync("node_modules/.bin/promptfoo", command, { env, encoding: "utf-8" });
  const [result] = JSON.parse(readFileSync("out.json", "utf-8")).results.results;
  assert.ok(result.success, `${result.error} ${done.stderr}`);
  return result.response.output;
}

export function chat() {
  assert.equal(evaluate("openai:chat:shop", "Hello"), "You have written 1 times.");
  assert.match(evaluate("openai:responses:shop", "Order kite"), /kite, order number/);
}

export function structured() {
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city", "days"],
    additionalProperties: false,
  };
  const response_format = { type: "json_schema", json_schema: { name: "trip", strict: true, schema } };
  const output = evaluate("openai:chat:shop", "A trip", { response_format });
  assert.deepEqual(typeof output === "string" ? JSON.parse(output) : output, { city: "Oslo", days: 3 });
}

export function retry() {
  assert.equal(evaluate("openai:chat:shop", "flaky promptfoo"), "You have written 1 times.");
}
