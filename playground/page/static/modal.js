// A form that the bot asks a person to fill in.

import { choices } from "./components.js";
import { element, render } from "./markdown.js";
import { say } from "./words.js";

const ROW = 1, TEXT_INPUT = 4, TEXT = 10, LABEL = 18;
const PARAGRAPH = 2;

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

function labelled(component, label, description, context) {
  const id = `field-${component.custom_id}`;
  const control = component.type === TEXT_INPUT ? input(component) : picker(component, context.offers);
  control.id = id;
  control.required = component.required !== false;
  const heading = element("label", { htmlFor: id }, label ?? component.placeholder ?? "");
  if (control.required) heading.append(" ", element("span", { className: "required" }, "*"));
  const node = element("div", { className: "field" }, heading, control);
  if (description) {
    node.append(element("small", { id: `${id}-about` }, description));
    control.setAttribute("aria-describedby", `${id}-about`);
  }
  const read = () => (component.type === TEXT_INPUT ? control.value : [...control.selectedOptions].map((option) => option.value).filter(Boolean));
  return { id: component.custom_id, node, read };
}

function picker(component, offers) {
  const several = (component.max_values ?? 1) > 1;
  const options = choices(component, offers);
  const node = element("select", { multiple: several });
  if (!several && !options.some((option) => option.chosen)) node.append(element("option", { value: "" }, component.placeholder || say("choose")));
  for (const option of options) {
    const text = [option.emoji?.name, option.label].filter(Boolean).join(" ");
    node.append(element("option", { value: option.value, selected: option.chosen }, option.description ? `${text} — ${option.description}` : text));
  }
  if (several) node.size = Math.min(options.length, 6);
  return node;
}

function input(component) {
  const control = component.style === PARAGRAPH ? element("textarea", { rows: 5 }) : element("input", { type: "text" });
  control.value = component.value ?? "";
  control.placeholder = component.placeholder ?? "";
  if (component.max_length) control.maxLength = component.max_length;
  if (component.min_length) control.minLength = component.min_length;
  return control;
}

