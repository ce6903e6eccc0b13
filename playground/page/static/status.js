// The bot as a program: whether it is online and, where the page may, its end and its start.

import { api } from "./api.js";
import { element } from "./markdown.js";
import { say } from "./words.js";

const POLL_MILLISECONDS = 2000;
const $ = (id) => document.getElementById(id);

export class Status {
  constructor(app) {
    this.app = app;
    $("bot-restart").addEventListener("click", (event) => this.control(event.target, "restart"));
    $("bot-kill").addEventListener("click", (event) => this.control(event.target, "kill"));
    setInterval(() => this.watch(), POLL_MILLISECONDS);
  }

  show() {
    const { world } = this.app;
    const node = $("bot-state");
    const text = say(world.online ? "online" : "offline", { name: world.bot.name });
    node.classList.toggle("online", world.online);
    if (node.textContent !== text) node.textContent = text;
  }

  async watch() {
    let state;
    try {
      state = await api.bot();
    } catch {
      return;
    }
    $("bot-controls").hidden = !state.managed;
    $("bot-kill").disabled = !state.running;
    $("bot-ended").hidden = !state.ended;
    if (state.ended) this.showEnd(state.ended);
  }

  /** What was asked for is no failure, and needs no log. */
  showEnd({ status, signal, asked, lines }) {
    const how = signal ?? say("exitStatus", { status });
    const [about, output] = [say(asked ? "killed" : "ended", { how }), asked ? "" : lines.join("\n")];
    if ($("bot-ended").textContent === about + output) return;
    $("bot-ended").classList.toggle("asked", asked);
    $("bot-ended").replaceChildren(about);
    if (asked) return;
    const node = element("pre", { tabIndex: 0 }, output);
    $("bot-ended").append(node);
    node.scrollTop = node.scrollHeight;
  }

  async control(button, what) {
    button.disabled = true;
    await this.app.tried(api.control(what));
    button.disabled = false;
    this.watch();
  }
}
