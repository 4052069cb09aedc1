// The AI SDK with @ai-sdk/openai: responses, its default, and chat completions.

import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({ baseURL: process.env.AGENTHOST_URL, apiKey: process.env.AGENTHOST_PASSWORD });
const models = [openai("shop"), openai.chat("shop")];
const weather = tool({
  description: "The weather in a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `rain in ${city}`,
});

export async function chat() {
  for (const model of models) {
    assert.equal((await generateText({ model, prompt: "Hello" })).text, "You have written 1 times.");
    assert.match((await generateText({ model, prompt: "Order kite" })).text, /kite, order number/);
  }
}

export async function stream() {
  for (const model of models) {
    const pieces = [];
    for await (const piece of streamText({ model, prompt: "Hello" }).textStream) pieces.push(piece);
    assert.ok(pieces.length > 3);
    assert.equal(pieces.join(""), "You have written 1 times.");
  }
}

export async function tools() {
  for (const model of models) {
    const options = { model, prompt: "The weather?", tools: { weather }, stopWhen: stepCountIs(3) };
    assert.equal((await generateText(options)).text, 'The result is: rain in Oslo.');
    let said = "";
    for await (const piece of streamText(options).textStream) said += piece;
    assert.equal(said, "The result is: rain in Oslo.");
  }
}

export async function structured() {
  const schema = z.object({ city: z.string(), days: z.number().int() });
  for (const model of models) {
    const { object } = await generateObject({ model, schema, prompt: "A trip" });
    assert.deepEqual(object, { city: "Oslo", days: 3 });
  }
}

export async function retry() {
  for (const [number, model] of models.entries()) {
    const { text } = await generateText({ model, prompt: `flaky ai sdk ${number}` });
    assert.equal(text, "You have written 1 times.");
  }
}

export async function resend() {
  for (const model of models) {
    const messages = [{ role: "user", content: "Hello" }];
    const first = await generateText({ model, messages });
    messages.push(...first.response.messages, { role: "user", content: "Again" });
    assert.equal((await generateText({ model, messages })).text, "You have written 2 times.");
  }
}
