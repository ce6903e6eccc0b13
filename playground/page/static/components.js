// Buttons, selects, layouts and forms that the bot sends.

import { element, render } from "./markdown.js";
import { say } from "./words.js";

const ROW = 1, BUTTON = 2, STRING_SELECT = 3, TEXT_INPUT = 4, USER_SELECT = 5, ROLE_SELECT = 6, MENTIONABLE_SELECT = 7;
const CHANNEL_SELECT = 8, SECTION = 9, TEXT = 10, SEPARATOR = 14, CONTAINER = 17, LABEL = 18;
const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };
const LINK = 5, PARAGRAPH = 2;

/** `act(component, values)` is called when the person uses one; `offers(type)` names what can be chosen. */
export function layout(components, { act, offers, names }) {
  const node = element("div", { className: "components" });
  node.append(...components.map((component) => build(component, { act, offers, names })).filter(Boolean));
  return node;
}

function build(component, context) {
  const inner = () => (component.components ?? []).map((child) => build(child, context)).filter(Boolean);
  switch (component.type) {
    case ROW: return element("div", { className: "row" }, ...inner());
    case BUTTON: return button(component, context);
    case TEXT: return element("div", { className: "text" }, render(component.content, context.names));
    case SEPARATOR: return element("hr", { className: component.divider === false ? "blank" : "" });
    case SECTION: return element("div", { className: "section" }, element("div", {}, ...inner()), build(component.accessory, context));
    case CONTAINER: return container(component, inner());
    default: return isSelect(component.type) ? menu(component, context) : null;
  }
}

function container(component, children) {
  const node = element("div", { className: "container" }, ...children);
  if (component.accent_color != null) node.style.borderLeftColor = `#${component.accent_color.toString(16).padStart(6, "0")}`;
  return node;
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

const isSelect = (type) => [STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT].includes(type);

function choices(component, offers) {
  if (component.type === STRING_SELECT) return component.options.map((option) => ({ ...option, chosen: !!option.default }));
  const chosen = new Set((component.default_values ?? []).map((value) => value.id));
  const kinds = { [USER_SELECT]: ["people"], [ROLE_SELECT]: ["roles"], [CHANNEL_SELECT]: ["channels"], [MENTIONABLE_SELECT]: ["people", "roles"] };
  return kinds[component.type].flatMap(offers).map((offer) => ({ label: offer.name, value: offer.id, chosen: chosen.has(offer.id) }));
}

function menu(component, { act, offers }) {
  const several = (component.max_values ?? 1) > 1;
  const node = picker(component, offers, several);
  node.disabled = !!component.disabled;
  const label = component.placeholder || say("choose");
  node.setAttribute("aria-label", label);
  if (!several) {
    node.addEventListener("change", () => act(component, node.value ? [node.value] : []));
    return node;
  }
  const send = element("button", { type: "button", className: "button secondary" }, say("submit"));
  send.addEventListener("click", () => act(component, chosenIn(node)));
  return element("div", { className: "several" }, node, send);
}

function picker(component, offers, several) {
  const node = element("select", { multiple: several });
  const options = choices(component, offers);
  if (!several && (!options.some((option) => option.chosen) || component.min_values === 0)) {
    node.append(element("option", { value: "", disabled: component.min_values !== 0 }, component.placeholder || say("choose")));
  }
  for (const option of options) {
    const text = [option.emoji?.name, option.label].filter(Boolean).join(" ");
    const full = option.description ? `${text} — ${option.description}` : text;
    node.append(element("option", { value: option.value, selected: option.chosen }, full));
  }
  if (!several && !options.some((option) => option.chosen)) node.selectedIndex = 0;
  if (several) node.size = Math.min(options.length, 6);
  return node;
}

const chosenIn = (node) => [...node.selectedOptions].map((option) => option.value).filter(Boolean);

/** Shows a form; resolves to its values by custom id, or to null if it was dismissed. */
export function ask(modal, { offers, names }) {
  const dialog = element("dialog", { className: "modal" });
  const fields = modal.components.map((component) => field(component, { offers, names })).filter(Boolean);
  const cancel = element("button", { type: "button", className: "button secondary" }, say("cancel"));
  const submit = element("button", { type: "submit", className: "button primary" }, say("submit"));
  const title = element("h2", { id: `modal-${modal.interaction_id}` }, modal.title);
  const form = element("form", { method: "dialog" }, title, ...fields.map((each) => each.node), element("footer", {}, cancel, submit));
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let values = null;
    form.addEventListener("submit", () => {
      values = Object.fromEntries(fields.filter((each) => each.read).map((each) => [each.id, each.read()]));
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(values);
    });
    dialog.showModal();
  });
}

function field(component, context) {
  if (component.type === ROW) return field(component.components[0], context);
  if (component.type === TEXT) return { node: element("div", { className: "text" }, render(component.content, context.names)) };
  if (component.type !== LABEL) return labelled(component, component.label, null, context);
  return labelled(component.component, component.label, component.description, context);
}

function labelled(component, label, description, { offers }) {
  const id = `field-${component.custom_id}`;
  const control = component.type === TEXT_INPUT ? input(component) : picker(component, offers, (component.max_values ?? 1) > 1);
  control.id = id;
  control.required = component.required !== false;
  const heading = element("label", { htmlFor: id }, label ?? component.placeholder ?? "");
  if (control.required) heading.append(" ", element("span", { className: "required" }, "*"));
  const node = element("div", { className: "field" }, heading, control);
  if (description) {
    node.append(element("small", { id: `${id}-about` }, description));
    control.setAttribute("aria-describedby", `${id}-about`);
  }
  const read = () => (component.type === TEXT_INPUT ? control.value : chosenIn(control));
  return { id: component.custom_id, node, read };
}

function input(component) {
  const control = component.style === PARAGRAPH ? element("textarea", { rows: 5 }) : element("input", { type: "text" });
  control.value = component.value ?? "";
  control.placeholder = component.placeholder ?? "";
  if (component.max_length) control.maxLength = component.max_length;
  if (component.min_length) control.minLength = component.min_length;
  return control;
}

