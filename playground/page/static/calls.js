// The drawer that shows what the model was sent: the recorder's calls, newest first.

import { element } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const STATES = { open: "running", broken: "broken", cancelled: "cancelled" };
const MEASURABLE_SECONDS = 0.2;
// So many letters in a row are no chance: where a message shares them with an answer, it was made of it.
const SHARED_LETTERS = 24;
const FIRST_WORDS = 80, COMPARED = 200;
const KEPT = 200;

export class Calls {
  constructor(list, app) {
    this.list = list;
    this.app = app;
    this.calls = new Map();
    this.none = element("p", { className: "none", tabIndex: -1, hidden: true });
    list.before(this.none);
  }

  clear() {
    this.list.replaceChildren();
    this.none.hidden = true;
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
    this.title(call, null);
    this.none.hidden = true;
    if (this.calls.size > KEPT) this.forget(Math.min(...this.calls.keys()));
  }

  forget(id) {
    this.calls.delete(id);
    this.list.querySelector(`[data-id="${id}"]`)?.remove();
  }

  /** Who asked what, of each call that a run made; of others the words that the model was sent last. */
  name(runs) {
    const made = new Map(runs.map((run) => [this.behind(run, runs)?.id, run]));
    for (const call of this.calls.values()) this.title(call, made.get(call.id) ?? null);
  }

  title(call, run) {
    const asked = run ? `${this.app.world.person(run.user_id)}: ${this.app.asked(run)}` : lastAsked(call);
    const text = asked.replace(/\s+/g, " ").slice(0, FIRST_WORDS) || say("callTitle", { id: call.id });
    const node = this.node(call).querySelector("strong");
    if (node.textContent !== text) node.textContent = text;
  }

  node(call) {
    return this.list.querySelector(`[data-id="${call.id}"]`);
  }

  /** The call that a run seen from outside made: between its question and its answer, best with its words in it. */
  behind(run, runs) {
    const words = wordsOf(run);
    const near = this.near(run);
    if (words) return near.find((call) => lastAsked(call).includes(words)) ?? null;
    const others = runs.filter((other) => other !== run).map(wordsOf).filter(Boolean);
    return near.find((call) => !others.some((each) => lastAsked(call).includes(each))) ?? null;
  }

  near(run) {
    const until = run.edited ?? run.shown ?? Infinity;
    return [...this.calls.values()].filter((call) => call.started_at >= run.asked && call.started_at <= until);
  }

  /** The call that a message was made of; null where none was: its words are in the answer, or it tells of a failure. */
  making(message, runs) {
    const answered = runs.filter((run) => run.message_ids.includes(message.id));
    const near = new Set(answered.flatMap((run) => this.near(run)));
    const written = new Date(message.edited_timestamp ?? message.timestamp) / 1000;
    const others = [...this.calls.values()].filter((call) => !near.has(call) && call.started_at <= written).reverse();
    const shown = lettersOf(writtenIn(message));
    const made = shown && [...near, ...others].find((call) => shares(shown, lettersOf(call.answer)));
    if (made) return made;
    const asked = [message.message_reference?.message_id, message.interaction_metadata?.id];
    const direct = answered.filter((run) => !shown || run.kind === "component" || asked.includes(run.id));
    return direct.map((run) => this.behind(run, runs)).find((call) => call && (!shown || unanswered(call))) ?? null;
  }

  /** Opens one call and closes the others; says so where there is none. */
  reveal(call) {
    for (const node of this.list.querySelectorAll(":scope > li > details")) node.open = node.parentNode.dataset.id === String(call?.id);
    this.none.hidden = !!call;
    this.none.textContent = say("noCall");
    if (!call) return this.none.focus();
    this.node(call).scrollIntoView({ block: "start" });
    this.node(call).querySelector("summary").focus({ preventScroll: true });
  }
}

/** It has not answered, or not well: what the bot says then is its own. */
const unanswered = (call) => call.state !== "done" || !!call.error || call.status >= 400;

/** The longest of the person's own words in a run: without mentions and the names of commands, options and buttons. */
function wordsOf({ kind, text }) {
  if (kind !== "message" && kind !== "command") return "";
  const pieces = kind === "command" ? text.split(/\s[\p{L}\p{N}_-]+:/u).slice(1) : text.split(/<[@#][!&]?\d+>/);
  const longest = pieces.reduce((one, other) => (other.length > one.length ? other : one), "");
  return longest.trim().slice(0, COMPARED);
}

const lastAsked = (call) => textOf(call.messages.findLast((message) => message.role === "user") ?? call.messages.at(-1));

/** All text of a message: its content, embeds and components. */
function writtenIn(message) {
  const inside = (part) => [part.content, part.component, part.accessory, ...(part.components ?? [])].flatMap((each) => (each && typeof each === "object" ? inside(each) : [each]));
  return [message.content, ...message.embeds.flatMap((each) => [each.title, each.description]), ...message.components.flatMap(inside)].filter(Boolean).join(" ");
}

/** What stays the same however a text is marked up and broken into pages. */
const lettersOf = (text) => text.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();

function shares(shown, answer) {
  if (shown.length <= SHARED_LETTERS) return answer.startsWith(shown) || answer.endsWith(shown);
  const last = shown.length - SHARED_LETTERS;
  return [0, Math.floor(last / 2), last].some((at) => answer.includes(shown.slice(at, at + SHARED_LETTERS)));
}

const textOf = (message) => (typeof message?.content === "string" ? message.content : JSON.stringify(message?.content ?? ""));

function entry(call, open) {
  const facts = element("span", { className: "facts" }, ...summary(call));
  const about = [clockTime(call.started_at * 1000), call.model].filter(Boolean).join(" · ");
  const heading = element("summary", {}, element("strong"), element("small", {}, about), facts);
  const told = call.noticed ? say("noticed") : call.adapted ? say("adapted") : "";
  const note = told && element("p", { className: "note" }, told);
  const messages = element("ol", { className: "prompt" }, ...call.messages.map(message));
  const parameters = element("details", {}, element("summary", {}, say("parameters")), code(JSON.stringify(call.parameters, null, 2)));
  const details = element("details", { open }, heading, note, messages, section(say("answer"), answerOf(call)), parameters);
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
  if (call.finish_reason && call.finish_reason !== "stop") facts.push(say(`finish_${call.finish_reason}`) ?? call.finish_reason);
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
