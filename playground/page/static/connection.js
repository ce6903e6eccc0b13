// The line above the log that tells of connections lost and found again: the page's own, and the bot's to the gateway.

import { say } from "./words.js";

const SHOWN_MILLISECONDS = 6000;

export class Connection {
  /** `node` is a live region: it stays, and is told of by a screen reader whenever its text changes. */
  constructor(node) {
    this.node = node;
    this.lost = { page: null, bot: null };
    this.timer = null;
  }

  page(connected) {
    const back = this.changed("page", connected);
    if (connected && !back) return;
    this.show(say(connected ? "connected" : "reconnecting"), connected);
  }

  bot(online, name) {
    const since = this.lost.bot;
    const back = this.changed("bot", online);
    if (online && !back) return;
    // A bot is soon back: what was lost must be told with the return, or nobody reads it.
    const seconds = Math.max(0.1, (performance.now() - since) / 1000).toFixed(1);
    this.show(say(online ? "botReturned" : "botLost", { name, seconds }), online);
  }

  /** Whether it was lost and is no more. */
  changed(what, connected) {
    const was = this.lost[what];
    this.lost[what] = connected ? null : (was ?? performance.now());
    return connected && was !== null;
  }

  show(text, good) {
    clearTimeout(this.timer);
    this.node.textContent = text;
    this.node.classList.toggle("good", good);
    if (good) this.timer = setTimeout(() => (this.node.textContent = ""), SHOWN_MILLISECONDS);
  }
}
