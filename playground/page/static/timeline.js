// The steps of each run as they can be seen from outside, in seconds since its question.

import { element } from "./markdown.js";
import { clockTime, say } from "./words.js";

const SHOWN = 30;
const RESTED_SECONDS = 2;

export class Timeline {
  constructor(list, app) {
    this.list = list;
    this.app = app;
    this.clear();
  }

  clear() {
    this.runs = [];
    this.drawn = new Map();
    this.list.replaceChildren();
  }

  take(runs, calls) {
    this.runs = runs;
    const shown = runs.slice(0, SHOWN);
    const nodes = shown.map((run, index) => this.node(run, calls.behind(run, runs), index === 0));
    this.drawn = new Map(shown.map(({ id }) => [id, this.drawn.get(id)]));
    if (!nodes.length) nodes.push(element("li", { className: "none" }, say("noRuns")));
    if (nodes.some((node, index) => this.list.children[index] !== node)) this.list.replaceChildren(...nodes);
  }

  /** Drawn again only if something of it changed: it may be being read. */
  node(run, call, first) {
    const steps = stepsOf(run, call);
    const state = JSON.stringify([run, steps]);
    const known = this.drawn.get(run.id);
    if (known?.state === state) return known.node;
    const open = known ? known.node.querySelector("details").open : first;
    const node = this.draw(run, steps, open);
    this.drawn.set(run.id, { state, node });
    return node;
  }

  draw(run, steps, open) {
    const whole = Math.max(...steps.map((step) => step.at), 0.001);
    const asked = this.app.asked(run) || say("attachment");
    const place = this.app.world.channels.get(run.channel_id);
    const about = [clockTime(run.asked * 1000, "withSeconds"), say(`run_${run.kind}`), this.app.world.person(run.user_id), place && this.app.world.title(place)].filter(Boolean).join(" · ");
    const heading = element("summary", {}, element("strong", {}, asked.slice(0, 80)), element("small", {}, about));
    const node = element("li", { className: "run" }, element("details", { open }, heading, element("ol", {}, ...steps.map((step) => row(step, whole)))));
    node.dataset.id = run.id;
    return node;
  }

  reveal(run) {
    for (const node of this.list.querySelectorAll(".run")) node.querySelector("details").open = run ? node.dataset.id === run.id : node === this.list.firstChild;
  }
}

/** `[{ name, at, note }]` in the order in which they happened; `at` in seconds since the question. */
function stepsOf(run, call) {
  const steps = [];
  const add = (name, moment, note = "") => moment != null && steps.push({ name, at: Math.max(0, moment - run.asked), note });
  add("stepAsked", run.asked);
  add("stepSign", run.sign);
  add("stepTyping", run.typing);
  if (call) {
    add("stepCalled", call.started_at, call.model ?? "");
    if (call.first_text != null) add("stepText", call.started_at + call.first_text);
    if (call.duration != null) add("stepModelEnd", call.started_at + call.duration, call.finish_reason ?? call.state);
  }
  add("stepForm", run.form);
  for (const { at, call, status, faulted } of run.refused) {
    add(faulted ? "stepFault" : "stepRefused", at, [status ?? say("noAnswer"), call.replace(/\{\w+\}/g, "…")].join(" · "));
  }
  add("stepShown", run.shown);
  if (run.edits) add("stepEdits", run.edited, String(run.edits));
  add("stepFailed", run.failed);
  const last = Math.max(run.edited ?? 0, run.shown ?? 0, call?.duration == null ? 0 : call.started_at + call.duration);
  const rested = Date.now() / 1000 - last > RESTED_SECONDS;
  if (run.shown != null && rested && call?.state !== "open") add("stepFinished", last);
  return steps.sort((one, other) => one.at - other.at);
}

function row({ name, at, note }, whole) {
  const track = element("span", { className: "track" }, element("i"));
  track.firstChild.style.left = `${(100 * at) / whole}%`;
  track.setAttribute("aria-hidden", "true");
  const node = element("li", {}, element("span", { className: "step" }, say(name), " ", note ? element("small", {}, note) : null), track, element("b", {}, say("seconds", { count: at.toFixed(2) })));
  node.dataset.step = name;
  return node;
}
