// openai for Node.js, chat completions and responses.

import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.AGENTHOST_URL, apiKey: process.env.AGENTHOST_PASSWORD });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "weather", description: "The weather in a city", parameters };
const schema = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const user = (content) => ({ role: "user", content });
const ask = (messages, options) => client.chat.completions.create({ model: "shop", messages, ...options });
const respond = (input, options) => client.responses.create({ model: "shop", input, ...options });

export async function chat() {
  assert.equal((await ask([user("Hello")])).choices[0].message.content, "You have written 1 times.");
  assert.match((await respond("Order kite")).output_text, /kite, order number/);
}

export async function stream() {
  let said = "";
  for await (const chunk of await ask([user("Hello")], { stream: true })) said += chunk.choices[0]?.delta.content ?? "";
  assert.equal(said, "You have written 1 times.");
  const events = client.responses.stream({ model: "shop", input: "Hello" });
  assert.equal((await events.finalResponse()).output_text, "You have written 1 times.");
}

export async function tools() {
  const offered = { tools: [{ type: "function", function: weather }] };
  const message = (await ask([user("The weather?")], offered)).choices[0].message;
  const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "rain" };
  const answer = await ask([user("The weather?"), message, result], offered);
  assert.equal(answer.choices[0].message.content, "The result is: rain.");
  const first = await respond("The weather?", { tools: [{ type: "function", ...weather }] });
  const output = { type: "function_call_output", call_id: first.output[0].call_id, output: "rain" };
  assert.equal((await respond([output], { previous_response_id: first.id })).output_text, "The result is: rain.");
}

export async function structured() {
  const response_format = { type: "json_schema", json_schema: { name: "trip", schema, strict: true } };
  const answer = await client.chat.completions.parse({ model: "shop", messages: [user("A trip")], response_format });
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { city: "Oslo", days: 3 });
  const text = { format: { type: "json_schema", name: "trip", schema, strict: true } };
  assert.deepEqual(JSON.parse((await respond("A trip", { text })).output_text), { city: "Oslo", days: 3 });
}

export async function retry() {
  const answer = await ask([user("flaky openai npm")]);
  assert.equal(answer.choices[0].message.content, "You have written 1 times.");
}

export async function resend() {
  const first = (await ask([user("Hello")])).choices[0].message;
  const answer = await ask([user("Hello"), first, user("Again")]);
  assert.equal(answer.choices[0].message.content, "You have written 2 times.");
  const response = await respond("Hello");
  const next = await respond("Again", { previous_response_id: response.id });
  assert.equal(next.output_text, "You have written 2 times.");
}
