// How Discord's rate limits are being spent: the windows that are open, and what was refused.

import { element } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const NAMES = {
  "message.create": "limitCreate", "message.edit": "limitEdit", "message.delete": "limitDelete", typing: "limitTyping",
  reaction: "limitReaction", "interaction.webhook": "limitAnswer", "interaction.channel": "limitHidden", global: "limitGlobal",
};
const LINGER_MILLISECONDS = 4000;
const SHOWN_REFUSALS = 12;

export class Meter {
  constructor(root) {
    this.root = root;
    this.limits = null;
    this.windows = new Map();
    this.frame = null;
    this.isShown = false;
    this.bars = element("ul", { className: "bars" });
    this.totals = element("p", { className: "totals" });
    this.refusals = element("ul", { className: "refusals" });
    root.append(this.bars, this.totals, this.refusals);
  }

  set shown(on) {
    this.isShown = on;
    this.draw();
  }

  take(limits) {
    const now = performance.now();
    this.limits = limits;
    for (const window of limits.windows) {
      const key = `${window.name} ${window.kept_by}`;
      const closes = now + window.closes_in * 1000;
      this.windows.set(key, { ...window, closes, until: closes + LINGER_MILLISECONDS });
    }
    this.draw();
  }

  /** Windows close by themselves: it goes on as long as one is open. */
  draw() {
    if (!this.isShown || this.frame) return;
    this.frame = setTimeout(() => requestAnimationFrame(() => {
      this.frame = null;
      this.show();
      if (this.windows.size) this.draw();
    }), 80);
  }

  show() {
    const now = performance.now();
    for (const [key, window] of this.windows) if (window.until < now) this.windows.delete(key);
    const open = [...this.windows].sort(([, one], [, other]) => (other.name === "global") - (one.name === "global") || (one.name < other.name ? -1 : 1));
    this.bars.replaceChildren(...open.map(([, window]) => bar(window, now)));
    if (!open.length) this.bars.append(element("li", { className: "none" }, say("quiet")));
    if (!this.limits) return;
    const { total_calls: calls, total_refused: refused, refusals } = this.limits;
    this.totals.textContent = say("totals", { calls: number(calls), refused: number(refused) });
    this.totals.classList.toggle("refused", refused > 0);
    this.refusals.replaceChildren(...refusals.slice(0, SHOWN_REFUSALS).map(refusal));
  }
}

function bar(window, now) {
  const open = window.closes > now;
  const used = open ? window.used : 0;
  const name = NAMES[window.name] ? say(NAMES[window.name]) : window.name;
  const meter = element("meter", { min: 0, max: window.calls, value: used, high: window.calls * 0.79 });
  meter.setAttribute("aria-label", name);
  const place = window.kept_by ? element("span", { className: "at" }, window.kept_by) : null;
  const left = open ? say("closes", { seconds: ((window.closes - now) / 1000).toFixed(1) }) : say("free");
  const node = element("li", {}, element("span", { className: "what" }, name, " ", place), element("b", {}, `${used} / ${number(window.calls)}`), meter, element("small", {}, left));
  node.classList.toggle("full", used >= window.calls);
  node.dataset.name = window.name;
  return node;
}

function refusal({ at, route, scope, retry_after: seconds }) {
  const text = say("refusal", { scope, seconds: seconds.toFixed(2) });
  return element("li", {}, element("b", {}, "429"), element("code", {}, route), element("span", {}, `${clockTime(at * 1000, "withSeconds")} · ${text}`));
}
