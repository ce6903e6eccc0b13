// The drawer that shows what the model was sent: the recorder's calls, newest first.

import { element } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const STATES = { open: "running", broken: "broken", cancelled: "cancelled" };
const CLOCKS_APART = 1, MEASURABLE_SECONDS = 0.2;

export class Calls {
  constructor(list) {
    this.list = list;
    this.calls = new Map();
  }

  clear() {
    this.list.replaceChildren();
    this.calls.clear();
  }

  /** Calls after this one may be new or may have changed: one that still runs can, those before it cannot. */
  get next() {
    const running = [...this.calls.values()].filter((call) => call.state === "open").map((call) => call.id);
    return running.length ? Math.min(...running) - 1 : Math.max(0, ...this.calls.keys());
  }

  take({ calls, recording }) {
    for (const call of calls) this.show(call);
    if (!this.calls.size) this.list.replaceChildren(element("li", { className: "none" }, say(recording ? "calls" : "noRecorder")));
  }

  show(call) {
    const known = this.calls.get(call.id);
    if (known && JSON.stringify(known) === JSON.stringify(call)) return;
    if (!this.calls.size) this.list.replaceChildren();
    this.calls.set(call.id, call);
    const before = this.node(call);
    const node = entry(call, before?.querySelector("details")?.open ?? this.calls.size === 1);
    if (before) before.replaceWith(node);
    else this.list.prepend(node);
  }

  node(call) {
    return this.list.querySelector(`[data-id="${call.id}"]`);
  }

  /** The call that a run seen from outside made: between its question and its answer, best with its words in it. */
  behind(run) {
    const until = run.edited ?? run.shown ?? Infinity;
    const near = [...this.calls.values()].filter((call) => call.started_at >= run.asked - CLOCKS_APART && call.started_at <= until);
    const words = run.text.replace(/<[@#][!&]?\d+>/g, "").replace(/^\/\S+/, "").trim();
    return near.find((call) => words && textOf(call.messages.at(-1)).includes(words)) ?? (words ? null : near[0]) ?? null;
  }

  saying(text) {
    const start = text.slice(0, 40).trim();
    return [...this.calls.values()].findLast((call) => start && call.answer.includes(start)) ?? null;
  }

  /** Opens one call and closes the others; the newest where there is none. */
  reveal(call) {
    const chosen = call ?? [...this.calls.values()].at(-1);
    if (!chosen) return;
    for (const node of this.list.querySelectorAll(":scope > li > details")) node.open = node.parentNode.dataset.id === String(chosen.id);
    this.node(chosen).scrollIntoView({ block: "start" });
    this.node(chosen).querySelector("summary").focus({ preventScroll: true });
  }
}

const textOf = (message) => (typeof message?.content === "string" ? message.content : JSON.stringify(message?.content ?? ""));

function entry(call, open) {
  const facts = element("span", { className: "facts" }, ...summary(call));
  const heading = element("summary", {}, element("strong", {}, call.model ?? say("callTitle", { id: call.id })), " ", clockTime(call.started_at * 1000), facts);
  const messages = element("ol", { className: "prompt" }, ...call.messages.map(message));
  const parameters = element("details", {}, element("summary", {}, say("parameters")), code(JSON.stringify(call.parameters, null, 2)));
  const details = element("details", { open }, heading, messages, section(say("answer"), answerOf(call)), parameters);
  const node = element("li", { className: `call ${call.state}` }, details);
  node.dataset.id = call.id;
  return node;
}

function summary(call) {
  const usage = call.usage;
  const facts = [];
  if (STATES[call.state]) facts.push(say(STATES[call.state]));
  if (call.status && call.status !== 200) facts.push(`HTTP ${call.status}`);
  if (usage) {
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    facts.push(say("prompt", { count: number(usage.prompt_tokens) }));
    facts.push(say("cached", { share: Math.round((100 * cached) / Math.max(1, usage.prompt_tokens)) }));
    facts.push(say("completion", { count: number(usage.completion_tokens) }));
  } else facts.push(say("messages", { count: number(call.messages.length) }));
  if (call.first_text != null) facts.push(say("first", { seconds: call.first_text.toFixed(2) }));
  if (call.duration != null) facts.push(say("whole", { seconds: call.duration.toFixed(2) }));
  const writing = call.duration - call.first_text;
  if (usage && writing > MEASURABLE_SECONDS) facts.push(say("speed", { count: number(Math.round(usage.completion_tokens / writing)) }));
  if (call.finish_reason && call.finish_reason !== "stop") facts.push(call.finish_reason);
  return facts.map((fact) => element("span", {}, fact));
}

function message(one) {
  const content = textOf(one);
  const role = element("span", { className: "role" }, one.role);
  const size = element("span", { className: "size" }, say("characters", { count: number([...content].length) }));
  return element("li", { className: one.role }, element("header", {}, role, size), code(content));
}

function answerOf(call) {
  if (call.error) return typeof call.error === "string" ? call.error : JSON.stringify(call.error, null, 2);
  return call.answer;
}

const section = (title, content) => element("section", { className: "answer" }, element("header", {}, title), code(content || "…"));
const code = (content) => element("pre", { tabIndex: 0 }, content);
