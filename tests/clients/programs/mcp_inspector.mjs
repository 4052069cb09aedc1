// The inspector of the Model Context Protocol, on the command line.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

const host = process.env.AGENTHOST_URL;
const header = `Authorization: Bearer ${process.env.AGENTHOST_PASSWORD}`;

function inspected(method, options = [], url = `${host.replace(/\/v1$/, "")}/shop/mcp`) {
  const command = ["--cli", url, "--transport", "http", "--header", header, "--method", method, ...options];
  const done = spawnSync("node_modules/.bin/mcp-inspector", command, { encoding: "utf-8" });
  assert.equal(done.status, 0, `${done.stdout} ${done.stderr}`);
  return JSON.parse(done.stdout);
}

function call(name, args, url) {
  const options = Object.entries(args).flatMap(([key, value]) => ["--tool-arg", `${key}=${value}`]);
  return inspected("tools/call", ["--tool-name", name, ...options], url);
}

export function chat() {
  assert.equal(call("shop.ask", { text: "Hello" }, `${host}/mcp`).content[0].text, "You have written 1 times.");
  assert.deepEqual(
    inspected("prompts/list").prompts.map((prompt) => prompt.name),
    ["shop"],
  );
}

export function tools() {
  assert.deepEqual(
    inspected("tools/list")
      .tools.map((tool) => tool.name)
      .sort(),
    ["ask", "order"],
  );
  assert.match(call("order", { item: "kite" }).content[0].text, /^kite, order number/);
}

export function structured() {
  assert.match(call("order", { item: "kite" }).structuredContent.text, /^kite, order number/);
}

export function resend() {
  const { conversation } = call("ask", { text: "Hello" }).structuredContent;
  assert.equal(call("ask", { text: "Again", conversation }).content[0].text, "You have written 2 times.");
}
