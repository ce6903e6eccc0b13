// One message of the log as an element, and the menu of what can be done with it.

import { layout } from "./components.js";
import { element, render } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const REPLY = 19, THREAD_CREATED = 18, THREAD_STARTER = 21;
const GROUPED_MILLISECONDS = 7 * 60 * 1000;
const MESSAGE_MENU = 3;
const HUES = 6;
const NEAR_END = 80;
const SETTLED_MILLISECONDS = 2500;
const SHOWN_EMOJI = ["👍", "❤️", "😂", "🎉", "👀"];

/** `context` has me, bot, names, offers, commands(type) and what happens: act, reply, edit, remove, openThread, goTo… */
export function show(message, previous, context) {
  if (message.type === THREAD_STARTER && message.referenced_message) message = { ...message.referenced_message, id: message.id };
  const grouped = continues(message, previous);
  const node = element("article", { className: "message", id: `message-${message.id}`, tabIndex: -1 });
  node.classList.toggle("grouped", grouped);
  node.classList.toggle("private", message.private);
  node.classList.toggle("mine", message.author.id === context.me.id);
  node.classList.toggle("mentioned", message.mentions.some((person) => person.id === context.me.id));
  node.append(...above(message, context), avatar(message, grouped), body(message, grouped, context), menu(message, context));
  return node;
}

function continues(message, previous) {
  return !!previous && previous.author.id === message.author.id && message.type !== REPLY && !message.interaction
    && !message.interaction_metadata && message.private === previous.private
    && new Date(message.timestamp) - new Date(previous.timestamp) < GROUPED_MILLISECONDS;
}

function above(message, context) {
  if (message.interaction) {
    const values = { name: context.names.person(message.interaction.user.id), command: `/${message.interaction.name}` };
    return [element("div", { className: "above" }, say("used", values))];
  }
  if (message.type !== REPLY) return [];
  const other = message.referenced_message;
  if (!other) return [element("div", { className: "above gone" }, say("original"))];
  const jump = element("button", { type: "button", className: "above" }, element("b", {}, context.names.person(other.author.id)), " ", excerpt(other.content, context.names));
  jump.addEventListener("click", () => context.goTo(other.id));
  return [jump];
}

function excerpt(text, names, length = 140) {
  return render(text.replace(/\s+/g, " ").slice(0, length), names).textContent;
}

const nameOf = (message) => message.author_name ?? message.author.global_name ?? message.author.username;

function avatar(message, hidden) {
  const person = message.author;
  const node = element("div", { className: "avatar" }, hidden ? "" : [...nameOf(message)][0].toUpperCase());
  node.setAttribute("aria-hidden", "true");
  node.dataset.hue = String([...nameOf(message)].reduce((sum, each) => sum + each.codePointAt(0), 0) % HUES);
  if (person.bot) node.classList.add("bot");
  return node;
}

function body(message, grouped, context) {
  const node = element("div", { className: "body" });
  if (!grouped) node.append(head(message));
  node.append(content(message, context));
  for (const file of message.attachments) node.append(attachment(file));
  for (const each of message.embeds) node.append(embed(each, context));
  if (message.components.length) node.append(layout(message.components, { ...context, act: (component, values) => context.act(message, component, values) }));
  if (message.reactions?.length) node.append(reactions(message, context));
  if (message.thread) node.append(threadLink(message.thread, context));
  if (message.private) node.append(privacy(message, context));
  return node;
}

function head(message) {
  const time = element("time", { dateTime: message.timestamp }, clockTime(message.timestamp));
  const badge = message.author.bot ? element("span", { className: "badge" }, say("bot")) : null;
  return element("header", {}, element("strong", { className: "author" }, nameOf(message)), badge, time);
}

function content(message, context) {
  const node = element("div", { className: "content" });
  if (message.loading) {
    node.append(element("span", { className: "loading" }, say("thinking", { name: nameOf(message) })));
    return node;
  }
  if (message.type === THREAD_CREATED) node.append("↳ ");
  node.append(render(message.content, context.names));
  if (message.edited_timestamp && message.content) {
    const mark = element("small", { className: "edited", title: clockTime(message.edited_timestamp) }, say("edited"));
    const last = node.lastElementChild;
    (last?.tagName === "P" ? last : node).append(" ", mark);
  }
  return node;
}

function attachment(file) {
  const address = new URL(file.url, location.href);
  const local = address.pathname + address.search;
  if (file.content_type?.startsWith("image/")) {
    return element("a", { href: local, target: "_blank", className: "image" }, element("img", { src: local, alt: file.filename, loading: "lazy" }));
  }
  return element("a", { href: local, download: file.filename, className: "file" }, file.filename, element("small", {}, `${number(file.size)} B`));
}

function embed(each, context) {
  const node = element("div", { className: "embed" });
  if (each.color != null) node.style.borderLeftColor = `#${each.color.toString(16).padStart(6, "0")}`;
  if (each.author?.name) node.append(element("small", {}, each.author.name));
  if (each.title) node.append(element("strong", {}, render(each.title, context.names)));
  if (each.description) node.append(element("div", {}, render(each.description, context.names)));
  for (const part of each.fields ?? []) node.append(element("div", { className: "field" }, element("b", {}, part.name), render(part.value, context.names)));
  if (each.footer?.text) node.append(element("small", {}, each.footer.text));
  return node;
}

function reactions(message, context) {
  const chips = message.reactions.map(({ emoji, count, user_ids: users }) => {
    const mine = users.includes(context.me.id);
    const who = users.map((id) => context.names.person(id)).join(", ");
    const shown = emoji.split(":")[0];
    const chip = element("button", { type: "button", className: "chip", title: who }, shown, " ", String(count));
    chip.setAttribute("aria-label", `${say("reactions", { emoji: shown, count })} (${who})`);
    chip.setAttribute("aria-pressed", String(mine));
    chip.addEventListener("click", () => context.react(message, emoji, !mine));
    return chip;
  });
  return element("div", { className: "reactions" }, ...chips);
}

function threadLink(thread, context) {
  const node = element("button", { type: "button", className: "thread" }, `↳ ${say("openThread", { name: thread.name })}`);
  node.addEventListener("click", () => context.enter(thread.id));
  return node;
}

function privacy(message, context) {
  const dismiss = element("button", { type: "button", className: "link" }, say("dismiss"));
  dismiss.addEventListener("click", () => context.dismiss(message));
  return element("p", { className: "privacy" }, say("private"), " · ", dismiss);
}

function menu(message, context) {
  const node = element("details", { className: "menu" });
  const summary = element("summary", { title: say("actions", { name: nameOf(message) }) }, "⋯");
  summary.setAttribute("aria-label", say("actions", { name: nameOf(message) }));
  node.append(summary);
  // Filled when it is opened: a log holds many messages and few open menus.
  node.addEventListener("toggle", () => {
    if (!node.open) return;
    const list = element("div", { className: "actions" }, ...actions(message, context));
    list.addEventListener("click", () => (node.open = false));
    node.querySelector(".actions")?.remove();
    node.append(list);
    list.querySelector("button")?.focus({ preventScroll: true });
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    summary.focus();
  });
  node.addEventListener("focusout", (event) => {
    if (!node.contains(event.relatedTarget)) node.open = false;
  });
  return node;
}

function actions(message, context) {
  const choices = [];
  const add = (text, run) => {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", run);
    choices.push(button);
  };
  if (message.private) {
    add(say("dismiss"), () => context.dismiss(message));
    return choices;
  }
  choices.push(quickReactions(message, context));
  add(say("reply"), () => context.reply(message));
  if (message.author.id === context.me.id) add(say("edit"), () => context.edit(message));
  if (context.canOpenThread && !message.thread) add(say("thread"), () => context.openThread(message));
  for (const command of context.commands(MESSAGE_MENU)) {
    add(command.shown_name, () => context.useMenu(command, message));
  }
  if (message.author.id === context.me.id || context.mayManage) add(say("delete"), () => context.remove(message));
  return choices;
}

function quickReactions(message, context) {
  const buttons = SHOWN_EMOJI.map((emoji) => {
    const button = element("button", { type: "button" }, emoji);
    button.addEventListener("click", () => context.react(message, emoji, true));
    return button;
  });
  return element("div", { className: "quick" }, ...buttons);
}

/** The log of one place, following its end as long as that is in sight. */
export class Log {
  constructor(root, jump, settled, app) {
    this.root = root;
    this.jump = jump;
    this.settled = settled;
    this.app = app;
    this.dirty = new Set();
    this.frame = null;
    this.timers = new Map();
    this.following = true;
    root.addEventListener("scroll", () => {
      this.following = root.scrollHeight - root.scrollTop - root.clientHeight < NEAR_END;
      if (this.following) jump.hidden = true;
    });
    jump.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.following && this.toEnd()).observe(root);
  }

  reset() {
    this.dirty.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    const messages = this.app.world.messages(this.app.here.id);
    this.root.setAttribute("aria-busy", "true");
    this.root.replaceChildren(...messages.map((message, index) => this.build(message, messages[index - 1])));
    if (!messages.length) this.root.append(element("p", { className: "none" }, say("empty")));
    this.root.setAttribute("aria-busy", "false");
    this.toEnd();
  }

  /** Many changes of one moment are drawn once. */
  changed(id) {
    this.dirty.add(id);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    const messages = this.app.world.messages(this.app.here.id);
    this.root.querySelector(":scope > .none")?.remove();
    messages.forEach((message, index) => this.dirty.has(message.id) && this.place(message, messages[index - 1], messages[index + 1]));
    this.dirty.clear();
    if (this.following) this.toEnd();
  }

  place(message, previous, next) {
    const node = this.build(message, previous);
    const old = document.getElementById(node.id);
    if (old) {
      keepState(old, node);
      old.replaceWith(node);
    } else {
      const before = next && document.getElementById(`message-${next.id}`);
      this.root.insertBefore(node, before ?? null);
      if (!this.following) this.jump.hidden = false;
    }
    if (message.author.bot) this.announce(message);
  }

  build(message, previous) {
    return show(message, previous, { ...contextOf(this.app), goTo: (id) => this.goTo(id) });
  }

  /** An answer grows by many edits; a screen reader hears it once it rests. */
  announce(message) {
    clearTimeout(this.timers.get(message.id));
    this.timers.set(message.id, setTimeout(() => {
      this.settled.textContent = `${nameOf(message)}: ${excerpt(message.content, this.app.names, 1000)}`;
    }, SETTLED_MILLISECONDS));
  }

  removed(ids) {
    for (const id of ids) document.getElementById(`message-${id}`)?.remove();
    if (!this.root.children.length) this.reset();
  }

  goTo(id) {
    const node = document.getElementById(`message-${id}`);
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  toEnd() {
    this.following = true;
    this.jump.hidden = true;
    this.root.scrollTop = this.root.scrollHeight;
  }
}

function contextOf(app) {
  return {
    me: app.me,
    names: app.names,
    offers: app.offers,
    canOpenThread: app.canOpenThread,
    mayManage: app.mayManage,
    commands: (type) => app.commands().filter((command) => command.type === type),
    ...Object.fromEntries(["act", "reply", "edit", "remove", "react", "openThread", "useMenu", "dismiss", "enter"].map((name) => [name, (...all) => app[name](...all)])),
  };
}

/** A message that is drawn anew keeps its focus and its open menu. */
function keepState(old, node) {
  if (old === document.activeElement) requestAnimationFrame(() => node.focus({ preventScroll: true }));
  const menu = old.querySelector(":scope > .menu");
  if (menu.open || menu.contains(document.activeElement)) node.querySelector(":scope > .menu").replaceWith(menu);
}
