// One message of the log as an element.

import { attachment, besides, embed } from "./attachments.js";
import { layout } from "./components.js";
import { icon } from "./icons.js";
import { element, mentioned, render } from "./markdown.js";
import { partsOf, place } from "./parts.js";
import { clockTime, fullTime, say } from "./words.js";

const REPLY = 19, THREAD_CREATED = 18, THREAD_STARTER = 21;
const GROUPED_MILLISECONDS = 7 * 60 * 1000;
const HUES = 6;
const HOLDS_WORDS = "p, ul, ol, li, blockquote";
const COMPONENTS_V2 = 1 << 15;

/** Draws `message` into `node`, an article that stays. `context`: me, names, offers, and what happens. */
export function draw(node, message, previous, context) {
  if (message.type === THREAD_STARTER && message.referenced_message) message = { ...message, ...message.referenced_message, id: message.id };
  const grouped = continues(message, previous);
  const marks = {
    grouped,
    private: message.private,
    mine: message.author.id === context.me.id,
    mentioned: message.pings.includes(context.me.id) || message.mention_everyone,
  };
  for (const [name, on] of Object.entries(marks)) node.classList.toggle(name, !!on);
  node.setAttribute("aria-label", `${nameOf(message)}, ${clockTime(message.timestamp)}`);
  const part = partsOf(node);
  place(node.querySelector(":scope > .drawing"), [...above(message, context), avatar(message, grouped), body(part, message, grouped, context)]);
}

export function frame(id) {
  return element("article", { className: "message", id: `message-${id}`, tabIndex: -1 }, element("div", { className: "drawing" }));
}

function continues(message, previous) {
  return !!previous && previous.author.id === message.author.id && message.type !== REPLY && !message.interaction
    && !message.interaction_metadata && message.private === previous.private && sameDay(message, previous)
    && new Date(message.timestamp) - new Date(previous.timestamp) < GROUPED_MILLISECONDS;
}

export const sameDay = (one, other) => new Date(one.timestamp).toDateString() === new Date(other.timestamp).toDateString();

export const nameOf = (message) => message.author_name ?? message.author.global_name ?? message.author.username;

export function excerpt(text, names, length = 140) {
  return render(text.replace(/\s+/g, " ").slice(0, length), names).textContent;
}

/** Its first words, or what stands for them. */
export function beginning(message, names) {
  return excerpt(message.content, names) || say(message.attachments?.length ? "attachment" : "noText");
}

function above(message, context) {
  if (message.interaction) {
    const values = { name: context.names.person(message.interaction.user.id), command: `/${context.names.command(message.interaction.name)}` };
    return [element("div", { className: "above" }, icon("reply"), say("used", values))];
  }
  if (message.type !== REPLY) return [];
  const other = message.referenced_message;
  if (!other) return [element("div", { className: "above gone" }, icon("reply"), say("original"))];
  const jump = element("button", { type: "button", className: "above", title: say("goTo") }, icon("reply"), element("b", {}, context.names.person(other.author.id)), " ", beginning(other, context.names));
  jump.addEventListener("click", () => context.goTo(other.id));
  return [jump];
}

export function hueOf(name) {
  return String([...name].reduce((hash, each) => (hash * 33 + each.codePointAt(0)) % 2 ** 32, 0) % HUES);
}

function avatar(message, hidden) {
  if (hidden) {
    return element("time", { className: "beside", dateTime: message.timestamp, title: fullTime(message.timestamp) }, clockTime(message.timestamp, "timeOnly"));
  }
  const node = element("div", { className: "avatar" }, [...nameOf(message)][0].toUpperCase());
  node.setAttribute("aria-hidden", "true");
  node.dataset.hue = hueOf(nameOf(message));
  if (message.author.bot) node.classList.add("bot");
  return node;
}

function body(part, message, grouped, context) {
  const { content: text, loading, edited_timestamp, embeds, components, reactions: chips, thread } = message;
  const shown = message.flags & COMPONENTS_V2 ? [] : besides(message.attachments, embeds, components);
  const act = (component, values) => context.act(message, component, values);
  const children = [];
  const add = (kind, source, make) => children.push(part(kind, lasting(source, message.attachments, context.names), make));
  if (!grouped) add("head", [nameOf(message), message.timestamp], () => head(message));
  add("content", [text, loading, edited_timestamp, message.type, nameOf(message)], () => content(message, context));
  for (const file of shown) add("file", file, () => attachment(file));
  for (const each of embeds) add("embed", each, () => embed(each, context.names));
  if (components.length) add("components", [components, message.attachments], () => layout(components, { ...context, files: message.attachments, act }));
  if (chips?.length) children.push(reactions(message, context));
  if (thread) add("thread", thread, () => threadLink(thread, context));
  if (message.private) add("privacy", null, () => privacy(message, context));
  const node = part("body", null, () => element("div", { className: "body" }));
  place(node, children);
  renew(node, message.attachments);
  return node;
}

const addressOf = (file) => new URL(file.url, location.href);

/** What a part shows: with what is named in it as it is called now, and without what is signed anew at each telling. */
function lasting(source, files, names) {
  const text = JSON.stringify(source);
  return [files.reduce((rest, file) => rest.replaceAll(file.url, addressOf(file).pathname), text), mentioned(text, names)];
}

/** A link to a file is good for a day: what was kept gets the one that was told last. */
function renew(node, files) {
  const told = new Map(files.map(addressOf).map(({ pathname, search }) => [pathname, pathname + search]));
  for (const each of node.querySelectorAll("a, img")) {
    const name = each.localName === "a" ? "href" : "src";
    const known = each.getAttribute(name);
    const address = told.get(known?.split("?")[0]);
    if (address && address !== known) each.setAttribute(name, address);
  }
}

function head(message) {
  const time = element("time", { dateTime: message.timestamp, title: fullTime(message.timestamp) }, clockTime(message.timestamp));
  const badge = message.author.bot ? element("span", { className: "badge" }, say("bot")) : null;
  return element("header", {}, element("strong", { className: "author" }, nameOf(message)), badge, time);
}

function content(message, context) {
  const node = element("div", { className: "content" });
  if (message.loading) {
    node.append(element("span", { className: "loading" }, say("thinking", { name: nameOf(message) })));
    return node;
  }
  if (message.type === THREAD_CREATED) node.append(icon("thread"), " ");
  node.append(render(message.content, context.names));
  if (message.edited_timestamp && message.content) {
    const mark = element("small", { className: "edited", title: fullTime(message.edited_timestamp) }, say("edited"));
    lastWords(node).append("\u00a0", mark); // unbroken, in its list or quote
  }
  return node;
}

function lastWords(node) {
  const last = node.lastChild;
  return last instanceof Element && last.matches(HOLDS_WORDS) ? lastWords(last) : node;
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
  const node = element("button", { type: "button", className: "thread" }, icon("thread"), say("openThread", { name: thread.name }));
  node.addEventListener("click", () => context.enter(thread.id));
  return node;
}

function privacy(message, context) {
  const dismiss = element("button", { type: "button", className: "link" }, say("dismiss"));
  dismiss.addEventListener("click", () => context.dismiss(message));
  return element("p", { className: "privacy" }, icon("eye"), " ", say("private"), " · ", dismiss);
}
