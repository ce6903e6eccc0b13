// Buttons, selects and layouts that the bot sends.

import { colour, covered, pictured, shownFile } from "./attachments.js";
import { icon } from "./icons.js";
import { element, link, render } from "./markdown.js";
import { openPopup, steer } from "./popup.js";
import { say } from "./words.js";

const ROW = 1, BUTTON = 2, STRING_SELECT = 3, USER_SELECT = 5, ROLE_SELECT = 6, MENTIONABLE_SELECT = 7;
const CHANNEL_SELECT = 8, SECTION = 9, TEXT = 10, THUMBNAIL = 11, GALLERY = 12, FILE = 13, SEPARATOR = 14, CONTAINER = 17;
const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };
const LINK = 5;

/** `act(component, values)` is called when the person uses one; `offers(kind)` names what can be chosen. */
export function layout(components, context) {
  return element("div", { className: "components" }, ...components.map((component) => build(component, context)));
}

function build(component, context) {
  const inner = () => (component.components ?? []).map((child) => build(child, context)).filter(Boolean);
  switch (component.type) {
    case ROW: return element("div", { className: "row" }, ...inner());
    case BUTTON: return button(component, context);
    case TEXT: return element("div", { className: "text" }, render(component.content, context.names));
    case THUMBNAIL: return picture(component);
    case GALLERY: return element("div", { className: "gallery" }, ...component.items.map(picture));
    case FILE: return covered(component.spoiler, fileNamed(component.file.url, context.files));
    case SEPARATOR: return element("hr", { className: component.divider === false ? "blank" : "" });
    case SECTION: return element("div", { className: "section" }, element("div", {}, ...inner()), build(component.accessory, context));
    case CONTAINER: return container(component, inner());
    default: return isSelect(component.type) ? menu(component, context) : unknown(component);
  }
}

const picture = ({ media, description, spoiler }) => covered(spoiler, pictured({ ...media, description }));

function container(component, children) {
  const node = element("div", { className: "container" }, ...children);
  if (component.accent_color != null) node.style.borderLeftColor = colour(component.accent_color);
  return covered(component.spoiler, node);
}

function button(component, { act }) {
  const content = [component.emoji?.name, component.label].filter(Boolean).join(" ");
  if (component.style === LINK) {
    const safe = /^https?:/.test(component.url) ? component.url : "#";
    return element("a", { className: "button link", href: safe, target: "_blank", rel: "noopener noreferrer" }, content);
  }
  const node = element("button", { type: "button", className: `button ${BUTTON_STYLES[component.style] ?? "secondary"}`, disabled: !!component.disabled }, content);
  node.addEventListener("click", () => {
    node.setAttribute("aria-busy", "true");
    Promise.resolve(act(component)).finally(() => node.removeAttribute("aria-busy"));
  });
  return node;
}

/** Said in its place: what cannot be drawn is not passed over in silence. */
export const unknown = ({ type }) => element("p", { className: "wrong" }, say("unknownComponent", { type }));

export const isSelect = (type) => [STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT].includes(type);

/** Whether it is a spoiler is for the component to say, as for pictures: its name, which marks loose files, does not. */
function fileNamed(address, files) {
  const name = address.split("/").at(-1).split("?")[0];
  const file = files.find((each) => each.filename === name);
  return file ? shownFile(file) : link(address, name);
}

function menu(component, { act, offers }) {
  const all = choices(component, offers);
  const chosen = all.filter((choice) => choice.chosen);
  const text = chosen.map(shown).join(", ") || component.placeholder || say("choose");
  const button = element("button", { type: "button", className: "select", disabled: !!component.disabled }, element("span", {}, text), icon("down"));
  button.setAttribute("aria-haspopup", "listbox");
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-label", [component.placeholder || say("choose"), ...chosen.map(shown)].join(": "));
  button.addEventListener("click", () => openList(button, component, all, act));
  return button;
}

const shown = (choice) => [choice.emoji?.name, choice.label].filter(Boolean).join(" ");

function openList(button, component, all, act) {
  const most = component.max_values ?? 1;
  const list = steer(element("div", { className: "list" }));
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", component.placeholder || say("choose"));
  list.setAttribute("aria-multiselectable", String(most > 1));
  const items = all.map((choice) => option(choice));
  const chosen = () => items.filter((item) => item.getAttribute("aria-selected") === "true").map((item) => item.value);
  let close = null;
  const send = (values) => {
    close();
    act(component, values);
  };
  for (const item of items) {
    item.addEventListener("click", () => {
      const on = item.getAttribute("aria-selected") === "true";
      if (most === 1) return send(on && component.min_values === 0 ? [] : [item.value]);
      if (on || chosen().length < most) item.setAttribute("aria-selected", String(!on));
    });
  }
  list.append(...items);
  if (most > 1) {
    const submit = element("button", { type: "button", className: "button primary" }, say("submit"));
    submit.addEventListener("click", () => chosen().length >= (component.min_values ?? 1) && send(chosen()));
    list.append(submit);
  }
  close = openPopup(button, list);
}

function option(choice) {
  const about = choice.description ? element("small", {}, choice.description) : null;
  const node = element("button", { type: "button", value: choice.value, className: "option" }, icon("check"), element("span", {}, shown(choice), about));
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", String(choice.chosen));
  return node;
}

/** What a select offers: `[{ label, value, chosen, description, emoji }]`. */
export function choices(component, offers) {
  if (component.type === STRING_SELECT) return component.options.map((option) => ({ ...option, chosen: !!option.default }));
  const chosen = new Set((component.default_values ?? []).map((value) => value.id));
  const kinds = { [USER_SELECT]: ["people"], [ROLE_SELECT]: ["roles"], [CHANNEL_SELECT]: ["channels"], [MENTIONABLE_SELECT]: ["people", "roles"] };
  return kinds[component.type].flatMap(offers).map((offer) => ({ label: offer.name, value: offer.id, chosen: chosen.has(offer.id) }));
}
