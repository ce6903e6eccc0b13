// Discord's Markdown as DOM nodes. Text only ever becomes text nodes; addresses are checked before they become links.

const FENCE = /```(?:([\w+.#-]+)\n|\n?)([\s\S]*?)\n?```/y;
// Of the forms that fit at one place the longest counts, of equally long ones the first.
const INLINE = [
  ["escape", /\\([^0-9A-Za-z\s])/uy],
  ["code", /(`+)([\s\S]*?[^`])\1(?!`)/y],
  ["italic", /\*(?=\S)((?:\s*(?:\*\*|[^*\s]))+?)\*(?!\*)/y],
  ["italic", /_((?:__|[^_\\]|\\[\s\S])+?)_\b/y],
  ["bold", /\*\*((?:[^\\]|\\[\s\S])+?)\*\*(?!\*)/y],
  ["underline", /__((?:[^\\]|\\[\s\S])+?)__(?!_)/y],
  ["strike", /~~(?=\S)([\s\S]*?\S)~~/y],
  ["spoiler", /\|\|([\s\S]+?)\|\|/y],
  ["link", /\[([^\]\n]+)\]\(<?(https?:\/\/[^\s<>)]+)>?(?: "[^"\n]*")?\)/y],
  ["address", /<(https?:\/\/[^\s<>]+)>/y],
  ["address", /https?:\/\/(?:\([^\s<>()]*\)|[^\s<>()])*(?:\([^\s<>()]*\)|[^\s<>.,:;"'\])(!?*_~|])/y],
  ["person", /<@!?(\d+)>/y],
  ["channel", /<#(\d+)>/y],
  ["role", /<@&(\d+)>/y],
  ["everyone", /@(?:everyone|here)\b/y],
  ["command", /<\/([^:\n]+):\d+>/y],
  ["emoji", /<a?:(\w+):\d+>/y],
  ["time", /<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/y],
];
const NAMING = INLINE.filter(([kind]) => ["person", "channel", "role", "command"].includes(kind)).map(([kind, { source }]) => [kind, new RegExp(source, "g")]);
const ELEMENT = { bold: "strong", underline: "u", italic: "em", strike: "s" };
const TIME_STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  s: { dateStyle: "short", timeStyle: "short" }, S: { dateStyle: "short", timeStyle: "medium" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
};

/**
 * `names` has person(id), channel(id), role(id), command(name) and locale: what mentions and times are shown as; where it
 * also has enter(id) and begin(command), mentions of channels and commands can be pressed.
 */
export function render(text, names) {
  const root = document.createDocumentFragment();
  blocks(text, root, names);
  return root;
}

function blocks(text, parent, names) {
  let rest = text;
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) parent.append(element("p", {}, inline(paragraph.join("\n"), names)));
    paragraph = [];
  };
  while (rest !== "") {
    const block = heading(rest, names) ?? quote(rest, names) ?? list(rest, names) ?? fence(rest);
    if (block) {
      flush();
      parent.append(block.node);
      rest = rest.slice(block.length);
      continue;
    }
    const line = /^.*/.exec(rest)[0];
    // A fence may open within a line.
    const opened = line.indexOf("```");
    if (opened > 0 && fence(rest.slice(opened))) {
      paragraph.push(rest.slice(0, opened));
      rest = rest.slice(opened);
      continue;
    }
    paragraph.push(line);
    rest = rest.slice(line.length + 1);
  }
  flush();
}

function fence(text) {
  FENCE.lastIndex = 0;
  const found = FENCE.exec(text);
  if (!found || !found[2].trim()) return null;
  const code = element("code", {}, found[2]);
  const node = element("pre", { tabIndex: 0 }, code);
  if (found[1]) node.dataset.language = found[1];
  const newline = text[found[0].length] === "\n" ? 1 : 0;
  return { node, length: found[0].length + newline };
}

function heading(text, names) {
  const found = /^(#{1,3}|-#) +(\S.*)(?:\n|$)/.exec(text);
  if (!found) return null;
  // Not real headings: they would break the outline of the page.
  const kind = found[1] === "-#" ? "subtext" : `heading level-${found[1].length}`;
  return { node: element("p", { className: kind }, inline(found[2], names)), length: found[0].length };
}

function quote(text, names) {
  const rest = /^>>> ([\s\S]*)$/.exec(text);
  const lines = rest ? null : /^(?:> ?.*(?:\n|$))+/.exec(text);
  if (!rest && !(lines && /^> /.test(text))) return null;
  const inner = rest ? rest[1] : lines[0].replace(/\n$/, "").replace(/^> ?/gm, "");
  const node = element("blockquote");
  blocks(inner, node, names);
  return { node, length: (rest ?? lines)[0].length };
}

function list(text, names) {
  const found = /^(?:[ \t]*(?:[-*]|\d{1,9}\.) +\S.*(?:\n|$)(?:[ \t]{2,}(?![-*] |\d{1,9}\. )\S.*(?:\n|$))*)+/.exec(text);
  if (!found) return null;
  const stack = [];
  const outer = document.createDocumentFragment();
  for (const line of found[0].replace(/\n$/, "").split("\n")) {
    const item = /^([ \t]*)([-*]|(\d{1,9})\.) +(.*)$/.exec(line);
    if (!item) {
      stack.at(-1).node.lastChild.append("\n", inline(line.trim(), names));
      continue;
    }
    const [, indent, , number, content] = item;
    while (stack.length && indent.length < stack.at(-1).indent) stack.pop();
    if (!stack.length || indent.length > stack.at(-1).indent + 1) {
      const node = element(number === undefined ? "ul" : "ol", number === undefined ? {} : { start: Number(number) });
      (stack.at(-1)?.node.lastChild ?? outer).append(node);
      stack.push({ node, indent: indent.length });
    }
    stack.at(-1).node.append(element("li", {}, inline(content, names)));
  }
  return { node: outer, length: found[0].length };
}

function inline(text, names) {
  const root = document.createDocumentFragment();
  let plain = "";
  const flush = () => {
    if (plain) root.append(plain);
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at);
    if (!token) {
      const character = String.fromCodePoint(text.codePointAt(at));
      plain += character;
      at += character.length;
      continue;
    }
    const node = nodeOf(token, names);
    if (typeof node === "string") plain += node;
    else {
      flush();
      root.append(node);
    }
    at += token.length;
  }
  flush();
  return root;
}

function tokenAt(text, at) {
  if (!"\\`*_~|[<h@".includes(text[at])) return null;
  let longest = null;
  for (const [kind, pattern] of INLINE) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found && found[0].length > (longest?.length ?? 0)) longest = { kind, found, length: found[0].length };
  }
  return longest;
}

function nodeOf({ kind, found }, names) {
  switch (kind) {
    case "escape": return found[1];
    case "code": return element("code", {}, found[2].trim() ? found[2] : found[0]);
    case "spoiler": return spoiler(inline(found[1], names));
    case "link": return link(found[2], inline(found[1], names));
    case "address": return link(found[1] ?? found[0], found[1] ?? found[0]);
    case "person": return mention(`@${names.person(found[1])}`);
    case "channel": return mention(`#${names.channel(found[1])}`, names.enter && (() => names.enter(found[1])));
    case "role": return mention(`@${names.role?.(found[1]) ?? "role"}`);
    case "everyone": return mention(found[0]);
    case "command": return mention(`/${names.command?.(found[1]) ?? found[1]}`, names.begin && (() => names.begin(found[1])));
    case "emoji": return `:${found[1]}:`;
    case "time": return moment(Number(found[1]), found[2], names.locale);
    default: return element(ELEMENT[kind], {}, inline(found[1], names));
  }
}

/** What the people, places, roles and commands that a text mentions are called now. */
export function mentioned(text, names) {
  const found = NAMING.flatMap(([kind, pattern]) => [...text.matchAll(pattern)].map((found) => ({ kind, found })));
  return found.map((token) => nodeOf(token, names).textContent);
}

function mention(text, act) {
  if (!act) return element("span", { className: "mention" }, text);
  const node = element("button", { type: "button", className: "mention" }, text);
  node.addEventListener("click", act);
  return node;
}

export function link(address, content) {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, content);
}

function spoiler(content) {
  const node = element("button", { type: "button", className: "spoiler" }, content);
  node.setAttribute("aria-expanded", "false");
  node.addEventListener("click", () => node.setAttribute("aria-expanded", "true"));
  return node;
}

function moment(seconds, style, locale) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "Invalid Date";
  const full = new Intl.DateTimeFormat(locale, TIME_STYLES.F).format(date);
  const shown = style === "R" ? ago(seconds, locale) : new Intl.DateTimeFormat(locale, TIME_STYLES[style ?? "f"]).format(date);
  return element("time", { dateTime: date.toISOString(), title: full }, shown);
}

function ago(seconds, locale) {
  const distance = seconds - Date.now() / 1000;
  const units = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => Math.abs(distance) >= size) ?? units.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(distance / size), unit);
}

/** An element with properties and children; children are nodes or text. */
export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
