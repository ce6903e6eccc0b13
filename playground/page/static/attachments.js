// Files and embeds of a message. Nothing is fetched from another host: an address elsewhere is a link, never an image.

import { icon } from "./icons.js";
import { element, link, render } from "./markdown.js";
import { clockTime, number, say } from "./words.js";

const PREVIEW_BYTES = 64 * 1024, SHORT_LINES = 6;
const UNITS = ["B", "kB", "MB"];

const SPOILER = 1 << 3;
const FILES = "/attachments/";

/** Those that stand in none of these parts of the message. */
export const besides = (files, ...parts) => files.filter((file) => !JSON.stringify(parts).includes(new URL(file.url, location.href).pathname));

export function attachment(file) {
  const hidden = file.filename.startsWith("SPOILER_") || (file.flags & SPOILER) !== 0;
  return covered(hidden, shownFile(file));
}

/** Under a cover that is pressed away, where it is `hidden`. */
export function covered(hidden, node) {
  if (!hidden) return node;
  const cover = element("button", { type: "button", className: "spoiler cover" }, say("spoiler"));
  cover.setAttribute("aria-expanded", "false");
  node.inert = true;
  cover.addEventListener("click", () => {
    cover.setAttribute("aria-expanded", "true");
    node.inert = false;
    (node.querySelector("a, button") ?? cover.closest(".message")).focus({ preventScroll: true });
  });
  return element("div", { className: "covered" }, node, cover);
}

export function shownFile(file) {
  const address = URL.parse(file.url, location.href) ?? new URL(location.href);
  const local = address.pathname + address.search;
  if (file.content_type?.startsWith("image/")) return picture(local, file);
  const save = element("a", { href: local, download: file.filename, className: "save", title: say("download", { name: file.filename }) }, icon("save"));
  save.setAttribute("aria-label", save.title);
  const about = element("span", { className: "about" }, element("b", {}, file.filename), element("small", {}, bytes(file.size)));
  const node = element("div", { className: "file" }, element("div", { className: "row" }, icon("file"), about, save));
  if (isText(file) && file.size) preview(node, save, file);
  return node;
}

function picture(local, file) {
  const image = element("img", { src: local, alt: file.description || file.filename, loading: "lazy" });
  if (file.width && file.height) Object.assign(image, { width: file.width, height: file.height });
  return element("a", { href: local, target: "_blank", rel: "noopener", className: "image" }, image);
}

const isText = (file) => /^text\/|json|xml|javascript|yaml/.test(file.content_type ?? "") || /\.(txt|md|py|js|ts|json|ya?ml|toml|csv|log|sh|sql|rs|go|c|h|cpp|java|html|css)$/i.test(file.filename);

function bytes(size) {
  const power = size < 1000 ? 0 : size < 1e6 ? 1 : 2;
  return `${number(Math.round((size / 1000 ** power) * 10) / 10)} ${UNITS[power]}`;
}

/** By the link to save it, which is renewed. */
function preview(node, save, file) {
  const code = element("pre", { tabIndex: 0 });
  code.setAttribute("aria-label", file.filename);
  const shown = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    shown.disconnect();
    const response = await fetch(save.href, { headers: { Range: `bytes=0-${PREVIEW_BYTES - 1}` } }).catch(() => null);
    if (!response?.ok) return;
    fold(node, code, (await response.text()).slice(0, PREVIEW_BYTES));
    node.dispatchEvent(new Event("grown", { bubbles: true }));
  });
  shown.observe(node);
}

function fold(node, code, text) {
  const lines = text.split("\n");
  const short = lines.slice(0, SHORT_LINES).join("\n");
  code.textContent = short;
  node.append(code);
  if (lines.length <= SHORT_LINES) return;
  const more = element("button", { type: "button", className: "link" }, say("expand", { count: number(lines.length - SHORT_LINES) }));
  more.setAttribute("aria-expanded", "false");
  more.addEventListener("click", () => {
    const open = more.getAttribute("aria-expanded") === "false";
    more.setAttribute("aria-expanded", String(open));
    more.textContent = open ? say("collapse") : say("expand", { count: number(lines.length - SHORT_LINES) });
    code.textContent = open ? text : short;
  });
  node.append(more);
}

export function embed(each, names) {
  const main = element("div", { className: "main" });
  if (each.provider?.name) main.append(element("small", {}, each.provider.name));
  if (each.author?.name) main.append(element("div", { className: "by" }, emblem(each.author.icon_url), titled(each.author.url, each.author.name, "author")));
  if (each.title) main.append(titled(each.url, render(each.title, names), "title"));
  if (each.description) main.append(element("div", { className: "text" }, render(each.description, names)));
  if (each.fields?.length) main.append(fields(each.fields, names));
  const node = element("div", { className: "embed" }, main);
  if (each.color != null) node.style.borderLeftColor = colour(each.color);
  if (each.thumbnail) node.append(element("div", { className: "thumbnail" }, pictured(each.thumbnail)));
  if (each.image) node.append(pictured(each.image));
  const foot = [each.footer?.text, each.timestamp && clockTime(each.timestamp)].filter(Boolean).join(" · ");
  if (foot) node.append(element("small", { className: "by" }, emblem(each.footer?.icon_url), foot));
  return node;
}

/** A small image of the playground's own; nothing for others. */
function emblem(address) {
  const source = address && localPath(address);
  return source ? element("img", { src: source, alt: "", className: "emblem" }) : null;
}

export const colour = (value) => `#${value.toString(16).padStart(6, "0")}`;

function titled(address, content, className) {
  const node = /^https?:/.test(address ?? "") ? link(address, content) : element("strong", {}, content);
  node.classList.add(className);
  return node;
}

function fields(all, names) {
  const parts = all.map((part) => {
    const node = element("div", { className: part.inline ? "inline" : "" }, element("b", {}, render(part.name, names)), element("div", {}, render(part.value, names)));
    return node;
  });
  return element("div", { className: "fields" }, ...parts);
}

/** An image of the playground's own as an image, any other as a link to it. */
export function pictured(media) {
  if (!URL.canParse(media.url, location.href)) return element("span", {}, media.url);
  const source = localPath(media.url);
  if (!source) return link(media.url, media.description || media.url);
  const image = element("img", { src: source, alt: media.description ?? "", loading: "lazy" });
  return element("span", { className: "image" }, image);
}

/** Of a file of the playground, by whatever name and port the bot reaches it; null for any other address. */
function localPath(address) {
  const url = URL.parse(address, location.href);
  const local = url && (url.host === location.host || ["127.0.0.1", "localhost"].includes(url.hostname));
  return local && url.pathname.startsWith(FILES) ? url.pathname + url.search : null;
}
