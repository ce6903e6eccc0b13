// The log of one place. It holds a window of the place's messages, follows the newest as long as its end is in sight,
// and draws what changed once a frame, so that neither a flood nor a long history makes it slow.
//
// The window is a slice of the ids that are known, from `first` on; while `last` is null it reaches to the newest.
// It never holds more than LIMIT: who follows loses messages at its start, who reads far above loses them at its end.

import { Bar } from "./actions.js";
import { linked } from "./address.js";
import { draw, excerpt, frame, nameOf, sameDay } from "./message.js";
import { element } from "./markdown.js";
import { place } from "./parts.js";
import { day, number, say } from "./words.js";

const LIMIT = 300, STEP = 50, OPENED = 80;
const NEAR_END = 80, NEAR_START = 300;
const SETTLED_MILLISECONDS = 2500, TOLD_MILLISECONDS = 700;
const TOLD_SINGLY = 3;

export class Log {
  constructor(root, jump, told, app) {
    this.root = root;
    this.jump = jump;
    this.app = app;
    this.nodes = new Map();
    this.current = null;
    this.dirty = new Set();
    this.frame = null;
    this.following = true;
    this.inner = element("div", { className: "inner" });
    root.append(this.inner);
    this.announcer = new Announcer(told, app);
    this.bar = new Bar(app.context({ goTo: (id) => this.goTo(id) }));
    root.addEventListener("scroll", () => this.scrolled());
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("click", (event) => this.follow(event));
    for (const happened of ["pointerover", "focusin"]) root.addEventListener(happened, (event) => this.pointed(event.target));
    root.addEventListener("focusin", (event) => event.target.closest(".message") && this.enter(event.target.closest(".message")));
    root.addEventListener("grown", (event) => {
      const node = event.target.closest(".message");
      if (node) reachable(node, node === this.current);
    });
    jump.addEventListener("click", () => this.toNewest());
    // Images and previews arrive after their message.
    const sizes = new ResizeObserver(() => this.following && this.toEnd());
    for (const node of [root, this.inner]) sizes.observe(node);
  }

  get ids() {
    return this.app.world.ids(this.app.here.id);
  }

  reset() {
    this.dirty.clear();
    this.announcer.clear();
    this.nodes.clear();
    this.current = null;
    this.inner.replaceChildren();
    this.first = this.ids.at(-OPENED) ?? this.ids[0] ?? null;
    this.last = null;
    this.following = true;
    this.draw();
  }

  /** Many changes of one moment are drawn once. */
  changed(id, isNew) {
    this.dirty.add(id);
    if (isNew !== undefined) this.announcer.heard(id, isNew);
    this.soon();
  }

  removed(ids) {
    for (const id of ids) this.dirty.add(id);
    this.soon();
  }

  /** What messages mention may be called otherwise than before. */
  renamed() {
    for (const id of this.nodes.keys()) this.changed(id);
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw(keep = this.following ? "end" : "start") {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    const shown = this.window(keep);
    const anchor = this.following ? null : this.anchor(new Set(shown));
    this.reconcile(shown);
    this.dirty.clear();
    this.jump.hidden = this.following || (this.last === null && this.nearEnd());
    if (this.following) this.toEnd();
    else if (anchor) this.root.scrollTop += anchor.node.offsetTop - anchor.top;
  }

  /** The ids to show; more than the limit are cut at the end that is not to be kept. */
  window(keep) {
    const ids = this.ids;
    let from = this.first === null ? 0 : position(ids, this.first);
    let to = this.last === null ? ids.length : position(ids, this.last) + 1;
    if (to - from > LIMIT) {
      if (keep === "end") from = to - LIMIT;
      else to = from + LIMIT;
    }
    this.first = ids[from] ?? null;
    this.last = to >= ids.length ? null : ids[to - 1];
    return ids.slice(from, to);
  }

  /** A message in sight that stays: the others are drawn around it. */
  anchor(staying) {
    for (const [id, { node }] of this.nodes) {
      if (staying.has(id) && node.offsetTop + node.offsetHeight > this.root.scrollTop) return { node, top: node.offsetTop };
    }
    return null;
  }

  reconcile(shown) {
    const { world, here } = this.app;
    const staying = new Set(shown);
    for (const [id, { node }] of this.nodes) {
      if (staying.has(id)) continue;
      if (node.contains(document.activeElement)) this.root.focus({ preventScroll: true });
      node.remove();
    }
    const before = this.nodes;
    this.nodes = new Map();
    let previous = null;
    const children = [];
    for (const id of shown) {
      const message = world.message(here.id, id);
      const known = before.get(id);
      const node = known?.node ?? frame(id);
      if (!known || known.previous !== previous?.id || this.dirty.has(id)) this.redraw(node, message, previous);
      if (!previous || !sameDay(message, previous)) children.push(this.divider(message));
      children.push(node);
      this.nodes.set(id, { node, previous: previous?.id });
      previous = message;
    }
    if (!shown.length) children.push(welcome(this.app));
    place(this.inner, children);
  }

  divider(message) {
    const text = day(message.timestamp);
    const found = [...this.inner.querySelectorAll(":scope > .day")].find((node) => node.textContent === text);
    return found ?? element("h2", { className: "day" }, text);
  }

  redraw(node, message, previous) {
    const kept = keptState(node);
    draw(node, message, previous, this.bar.context);
    if (this.bar.node.parentNode === node) this.bar.attach(node, message, nameOf(message));
    reachable(node, node === this.current);
    kept();
  }

  /** Tab leads through the message that has the focus, and not through the hundreds before it. */
  enter(node) {
    if (this.current === node) return;
    if (this.current) reachable(this.current, false);
    this.current = node;
    reachable(node, true);
  }

  // Moving about

  nearEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR_END;
  }

  scrolled() {
    this.following = this.last === null && this.nearEnd();
    if (this.following) this.jump.hidden = true;
    if (this.last !== null && this.nearEnd()) this.later();
    else if (this.root.scrollTop < NEAR_START) this.earlier();
  }

  later() {
    const ids = this.ids;
    this.last = ids[position(ids, this.last) + STEP] ?? null;
    this.draw("end");
  }

  async earlier() {
    if (this.loading || this.first === null) return;
    const [place, at] = [this.app.here, position(this.ids, this.first)];
    if (at === 0) {
      this.loading = true;
      const more = await this.app.loadOlder(place).finally(() => (this.loading = false));
      if (!more || this.app.here !== place) return;
    }
    const ids = this.ids;
    this.first = ids[Math.max(0, position(ids, this.first) - STEP)];
    this.following = false;
    this.draw("start");
  }

  async goTo(id) {
    const place = this.app.here;
    while (!this.app.world.message(place.id, id)) {
      const gone = position(this.ids, id) > 0;
      if (gone || !(await this.app.loadOlder(place)) || this.app.here !== place) return;
    }
    if (!this.nodes.has(id)) {
      const ids = this.ids;
      this.first = ids[Math.max(0, position(ids, id) - STEP / 2)];
      this.following = false;
      this.draw("start");
    }
    const { node } = this.nodes.get(id);
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  /** A link to what lies in this world leads there; others lead to where they say. */
  follow(event) {
    const place = linked(event.target.closest("a")?.href, this.app.world);
    if (!place) return;
    event.preventDefault();
    this.app.tried(this.visit(place));
  }

  async visit({ channel, message }) {
    if (channel !== this.app.here.id) await this.app.enter(channel);
    if (message && channel === this.app.here.id) await this.goTo(message);
  }

  /** The message itself, if it is drawn. */
  focus(id) {
    this.nodes.get(id)?.node.focus({ preventScroll: true });
  }

  toNewest() {
    this.last = null;
    this.following = true;
    this.draw("end");
  }

  toEnd() {
    this.following = true;
    this.jump.hidden = true;
    this.root.scrollTop = this.root.scrollHeight;
  }

  // Pointer and keys

  pointed(target) {
    const node = target.closest(".message");
    const message = node && this.app.world.message(this.app.here.id, node.id.slice("message-".length));
    if (message) this.bar.attach(node, message, nameOf(message));
  }

  key(event) {
    const node = event.target.closest(".message");
    if (event.defaultPrevented || (!node && event.target !== this.root)) return;
    // A long line of code is read with the same keys.
    if (event.target.tagName === "PRE" && event.key.startsWith("Arrow")) return;
    const all = [...this.nodes.values()].map((each) => each.node);
    const at = all.indexOf(node);
    const to = { ArrowUp: node ? at - 1 : all.length - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) {
      if (node) this.bar.key(event, this.app.world.message(this.app.here.id, node.id.slice("message-".length)));
      return;
    }
    event.preventDefault();
    if (event.key === "ArrowDown" && (!node || to >= all.length)) this.app.write();
    else all[Math.max(0, to)]?.focus();
    if (to <= 0) this.earlier();
  }
}

function welcome({ world, here }) {
  const title = element("h2", {}, say("beginning", { place: world.title(here) }));
  const about = element("p", {}, say("about", { drawer: say("drawer") }));
  return element("div", { className: "none welcome" }, title, element("p", {}, document.getElementById("place-topic").textContent), about);
}

/** Where an id stands among sorted ones, or where it would. */
function position(ids, id) {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle].length < id.length || (ids[middle].length === id.length && ids[middle] < id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const CONTROLS = ".drawing :is(a, button, pre, audio, video)";

function reachable(node, on) {
  for (const control of node.querySelectorAll(CONTROLS)) control.tabIndex = on ? 0 : -1;
}

/** Takes note of the focus and of open spoilers within a message; the function returned restores what was drawn anew. */
function keptState(node) {
  const controls = () => [...node.querySelectorAll(CONTROLS)];
  const focused = controls().indexOf(document.activeElement);
  const open = [...node.querySelectorAll(".spoiler")].map((each) => each.getAttribute("aria-expanded"));
  return () => {
    node.querySelectorAll(".spoiler").forEach((each, index) => open[index] === "true" && each.getAttribute("aria-expanded") === "false" && each.click());
    if (focused >= 0 && !node.contains(document.activeElement)) (controls()[focused] ?? node).focus({ preventScroll: true });
  };
}

/** Tells a screen reader of messages: a person's at once, an answer, which grows by many edits, once it rests. */
class Announcer {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.timers = new Map();
    this.heardNow = [];
  }

  clear() {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.heardNow = [];
  }

  heard(id, isNew) {
    const message = this.app.world.message(this.app.here.id, id);
    if (!message || message.author.id === this.app.me.id || message.loading) return;
    if (!message.author.bot && !isNew) return;
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.settled(id), message.author.bot ? SETTLED_MILLISECONDS : 0));
  }

  settled(id) {
    this.timers.delete(id);
    this.heardNow.push(id);
    this.telling ??= setTimeout(() => this.tell(), TOLD_MILLISECONDS);
  }

  tell() {
    this.telling = null;
    const messages = this.heardNow.map((id) => this.app.world.message(this.app.here.id, id)).filter(Boolean);
    this.heardNow = [];
    const texts = messages.map((message) => `${nameOf(message)}: ${excerpt(message.content, this.app.names, 1000)}`);
    if (texts.length) this.root.textContent = texts.length > TOLD_SINGLY ? say("manyNew", { count: number(texts.length) }) : texts.join(". ");
  }
}
