// The official client of the Model Context Protocol for Node.js.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const host = process.env.AGENTHOST_URL;
const requestInit = { headers: { authorization: `Bearer ${process.env.AGENTHOST_PASSWORD}` } };

async function connected(work, url = `${host.replace(/\/v1$/, "")}/shop/mcp`) {
  const client = new Client({ name: "checks", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const call = (client, name, args) => client.callTool({ name, arguments: args });

export async function chat() {
  const answer = await connected((client) => call(client, "shop.ask", { text: "Hello" }), `${host}/mcp`);
  assert.equal(answer.content[0].text, "You have written 1 times.");
}

export async function tools() {
  await connected(async (client) => {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.deepEqual(names.sort(), ["ask", "order"]);
    assert.match((await call(client, "order", { item: "kite" })).content[0].text, /^kite, order number/);
    const refused = await call(client, "order", {});
    assert.ok(refused.isError);
    assert.equal(refused.content[0].text, "item is missing; it must be text");
  });
}

export async function structured() {
  const answer = await connected((client) => call(client, "order", { item: "kite" }));
  assert.match(answer.structuredContent.text, /^kite, order number/);
}

export async function resend() {
  await connected(async (client) => {
    const { conversation } = (await call(client, "ask", { text: "Hello" })).structuredContent;
    const again = await call(client, "ask", { text: "Again", conversation });
    assert.equal(again.content[0].text, "You have written 2 times.");
  });
}
