// How Discord's rate limits are being spent: the windows that are open, and what was refused.

import { element } from "./markdown.js";
import { clockTime, locale, number, say } from "./words.js";

/** The words for what calls are counted by. */
export const NAMES = {
  "message.create": "limitCreate", "message.edit": "limitEdit", "message.delete": "limitDelete", typing: "limitTyping",
  reaction: "limitReaction", "channel.edit": "limitChannel", attachment: "limitFile", "interaction.webhook": "limitAnswer", "interaction.channel": "limitHidden", global: "limitGlobal",
};
const LINGER_MILLISECONDS = 4000;
const SHOWN_REFUSALS = 12;
const NEARLY = 0.79;

export class Meter {
  constructor(root) {
    this.root = root;
    this.limits = null;
    this.windows = new Map();
    this.nodes = new Map();
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
    for (const [key, window] of this.windows) {
      if (window.until >= now) continue;
      this.windows.delete(key);
      this.nodes.delete(key);
    }
    const bars = [...this.windows].sort(([, one], [, other]) => rank(one) - rank(other)).map(([key, window]) => this.bar(key, window, now));
    if (!bars.length) bars.push(this.none ??= element("li", { className: "none" }));
    if (this.none) this.none.textContent = say("quiet");
    if (bars.length !== this.bars.children.length || bars.some((node, index) => this.bars.children[index] !== node)) this.bars.replaceChildren(...bars);
    if (!this.limits) return;
    const { total_calls: calls, total_refused: refused, refusals } = this.limits;
    this.totals.textContent = say("totals", { calls: number(calls), refused: number(refused) });
    this.totals.classList.toggle("refused", refused > 0);
    const newest = refusals.slice(0, SHOWN_REFUSALS);
    const told = JSON.stringify([locale, newest]);
    if (told !== this.told) this.refusals.replaceChildren(...newest.map(refusal));
    this.told = told;
  }

  /** The same node for the same window: it may be being read. */
  bar(key, window, now) {
    const [open, name] = [window.closes > now, NAMES[window.name] ? say(NAMES[window.name]) : window.name];
    const node = this.nodes.get(key) ?? blank(window);
    this.nodes.set(key, node);
    const [what, count, meter, left] = node.children;
    const used = open ? window.used : 0;
    what.textContent = [name, window.kept_by].filter(Boolean).join(" · ");
    count.textContent = `${used} / ${number(window.calls)}`;
    Object.assign(meter, { max: window.calls, high: window.calls * NEARLY, value: used, ariaLabel: what.textContent });
    left.textContent = open ? say("closes", { seconds: ((window.closes - now) / 1000).toFixed(1) }) : say("free");
    node.classList.toggle("full", used >= window.calls);
    return node;
  }
}

/** The global limit first, then in the order in which they were first spent. */
const rank = (window) => (window.name === "global" ? 0 : 1);

function blank(window) {
  const node = element("li", {}, element("span"), element("b"), element("meter", { min: 0 }), element("small"));
  node.dataset.name = window.name;
  return node;
}

function refusal({ at, route, scope, retry_after: seconds }) {
  const text = say("refusal", { scope, seconds: seconds.toFixed(2) });
  return element("li", {}, element("b", {}, "429"), element("code", {}, route.replace(/\{\w+\}/g, "*")), element("span", {}, `${clockTime(at * 1000, "withSeconds")} · ${text}`));
}
