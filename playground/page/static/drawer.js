// The drawer beside the log: what the model was sent, when the bot did what, how the rate limits are spent, what fails.

import { api } from "./api.js";
import { Calls } from "./calls.js";
import { Faults } from "./faults.js";
import { Meter } from "./meter.js";
import { Timeline } from "./timeline.js";

const POLL_MILLISECONDS = 1000;
const TABS = ["calls", "timeline", "meter", "faults"];
const POLLED = ["calls", "timeline"];
const $ = (id) => document.getElementById(id);

export class Drawer {
  constructor(root, button, app) {
    this.root = root;
    this.button = button;
    this.app = app;
    this.tab = TABS[0];
    this.timer = null;
    this.calls = new Calls($("call-list"), app);
    this.timeline = new Timeline($("run-list"), app);
    this.meter = new Meter($("meter"));
    this.faults = new Faults($("faults"), app);
    button.addEventListener("click", () => this.show(root.hidden));
    $("close-drawer").addEventListener("click", () => this.show(false));
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.show(false));
    for (const tab of TABS) $(`tab-${tab}`).addEventListener("click", () => this.choose(tab));
    root.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.key(event));
  }

  show(open) {
    this.root.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    clearInterval(this.timer);
    this.calls.none.hidden = true;
    if (open) {
      this.timer = setInterval(() => this.refresh(), POLL_MILLISECONDS);
      this.choose(this.tab);
      $(`tab-${this.tab}`).focus({ preventScroll: true });
    } else this.button.focus({ preventScroll: true });
  }

  choose(tab) {
    this.tab = tab;
    for (const each of TABS) {
      $(`tab-${each}`).setAttribute("aria-selected", String(each === tab));
      $(`tab-${each}`).tabIndex = each === tab ? 0 : -1;
      $(`panel-${each}`).hidden = each !== tab;
    }
    this.meter.shown = !this.root.hidden && tab === "meter";
    if (tab === "faults") this.app.tried(this.faults.show());
    this.refresh();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.choose(TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]);
    $(`tab-${this.tab}`).focus();
  }

  redraw() {
    this.calls.clear();
    this.timeline.clear();
    this.meter.draw();
    this.faults.redraw();
    if (!this.root.hidden) this.refresh();
  }

  /** The call and the run behind one answer. */
  async inspect(message) {
    this.show(true);
    this.choose("calls");
    await this.refresh();
    const { runs } = this.timeline;
    this.timeline.reveal(runs.find((each) => each.message_ids.includes(message.id)));
    this.calls.reveal(this.calls.making(message, runs));
  }

  async refresh() {
    if (this.root.hidden || !POLLED.includes(this.tab)) return;
    try {
      const [calls, { runs }] = await Promise.all([api.calls(this.calls.next), api.runs(this.app.me.id)]);
      this.calls.take(calls);
      this.calls.name(runs);
      this.timeline.take(runs, this.calls);
    } catch {
      // The line above the log says that the playground does not answer.
    }
  }
}
