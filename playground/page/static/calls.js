// The drawer that shows what the model was sent: the recorder's calls, newest first.

import { element } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const POLL_MILLISECONDS = 1000;
const STATES = { open: "running", broken: "broken", cancelled: "cancelled" };

export class Calls {
  constructor(list, fetchCalls) {
    this.list = list;
    this.fetchCalls = fetchCalls;
    this.calls = new Map();
    this.timer = null;
  }

  get open() {
    return this.timer !== null;
  }

  start() {
    if (!this.open) this.timer = setInterval(() => this.refresh(), POLL_MILLISECONDS);
    this.refresh();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  redraw() {
    this.list.replaceChildren();
    this.calls.clear();
    if (this.open) this.refresh();
  }

  async refresh() {
    // A call that still runs may change; those before it cannot.
    const running = [...this.calls.values()].filter((call) => call.state === "open").map((call) => call.id);
    const after = running.length ? Math.min(...running) - 1 : Math.max(0, ...this.calls.keys());
    let answer;
    try {
      answer = await this.fetchCalls(after);
    } catch {
      return;
    }
    for (const call of answer.calls) this.show(call);
    if (!this.calls.size) {
      this.list.replaceChildren(element("li", { className: "none" }, say(answer.recording ? "calls" : "noRecorder")));
    }
  }

  show(call) {
    const known = this.calls.get(call.id);
    if (known && JSON.stringify(known) === JSON.stringify(call)) return;
    if (!this.calls.size) this.list.replaceChildren();
    this.calls.set(call.id, call);
    const before = this.list.querySelector(`[data-id="${call.id}"]`);
    const node = entry(call, before?.querySelector("details")?.open ?? this.calls.size === 1);
    if (before) before.replaceWith(node);
    else this.list.prepend(node);
  }
}

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
  if (call.finish_reason && call.finish_reason !== "stop") facts.push(call.finish_reason);
  return facts.map((fact) => element("span", {}, fact));
}

function message(one) {
  const content = typeof one.content === "string" ? one.content : JSON.stringify(one.content, null, 2);
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
