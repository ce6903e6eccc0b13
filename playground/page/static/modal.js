// A form that the bot asks a person to fill in.

import { encoded } from "./api.js";
import { choices, isSelect, unknown } from "./components.js";
import { element, render } from "./markdown.js";
import { say } from "./words.js";

const ROW = 1, TEXT_INPUT = 4, TEXT = 10, LABEL = 18, FILE_UPLOAD = 19, RADIO_GROUP = 21, CHECKBOX_GROUP = 22, CHECKBOX = 23;
const PARAGRAPH = 2;
const INPUTS = { [TEXT_INPUT]: written, [FILE_UPLOAD]: upload, [RADIO_GROUP]: group, [CHECKBOX_GROUP]: group, [CHECKBOX]: box };

/**
 * Shows a form. `send(values)` hands it in, by custom id; where that is refused the form stays and says why. Resolves to
 * what `send` answered, or to null if the form was dismissed.
 */
export function ask(modal, { offers, names }, send) {
  const dialog = element("dialog", { className: "modal" });
  const fields = modal.components.map((component) => field(component, { offers, names }));
  const cancel = element("button", { type: "button", className: "button secondary" }, say("cancel"));
  const submit = element("button", { type: "submit", className: "button primary" }, say("submit"));
  const title = element("h2", { id: `modal-${modal.interaction_id}` }, modal.title);
  const wrong = element("p", { className: "wrong", role: "alert" });
  const form = element("form", {}, title, ...fields.map((each) => each.node), wrong, element("footer", {}, cancel, submit));
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      wrong.textContent = "";
      try {
        answer = await send(await valuesOf(fields));
        dialog.close();
      } catch (error) {
        wrong.textContent = say("failed", { reason: error.message });
      }
      submit.disabled = false;
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.showModal();
  });
}

async function valuesOf(fields) {
  const read = fields.filter((each) => each.read).map(async (each) => [each.id, await each.read()]);
  return Object.fromEntries(await Promise.all(read));
}

function field(component, context) {
  if (component.type === ROW) return field(component.components[0], context);
  if (component.type === TEXT) return { node: element("div", { className: "text" }, render(component.content, context.names)) };
  if (component.type !== LABEL) return labelled(component, component.label, null, context);
  return labelled(component.component, component.label, component.description, context);
}

function labelled(component, label, description, context) {
  const make = INPUTS[component.type] ?? (isSelect(component.type) ? picker : null);
  if (!make) return { node: unknown(component) };
  const { control, read } = make(component, context);
  control.id = `field-${component.custom_id}`;
  const grouped = control.tagName === "FIELDSET";
  const heading = grouped ? element("legend") : element("label", { htmlFor: control.id });
  heading.append(label ?? component.placeholder ?? "");
  if (component.required !== false && component.type !== CHECKBOX) heading.append(" ", element("span", { className: "required" }, "*"));
  if (grouped) control.prepend(heading);
  const node = element("div", { className: component.type === CHECKBOX ? "field ticked" : "field" }, ...(grouped ? [] : [heading]), control);
  if (description) {
    node.append(element("small", { id: `${control.id}-about` }, description));
    control.setAttribute("aria-describedby", `${control.id}-about`);
  }
  return { id: component.custom_id, node, read };
}

function written(component) {
  const control = component.style === PARAGRAPH ? element("textarea", { rows: 5 }) : element("input", { type: "text" });
  Object.assign(control, { value: component.value ?? "", placeholder: component.placeholder ?? "", required: component.required !== false });
  if (component.max_length) control.maxLength = component.max_length;
  if (component.min_length) control.minLength = component.min_length;
  return { control, read: () => control.value };
}

function picker(component, { offers }) {
  const several = (component.max_values ?? 1) > 1;
  const options = choices(component, offers);
  const optional = component.required === false;
  const control = element("select", { multiple: several, required: !optional });
  if (!several && (optional || !options.some((option) => option.chosen))) control.append(element("option", { value: "" }, component.placeholder || say("choose")));
  for (const option of options) control.append(element("option", { value: option.value, selected: option.chosen }, named(option)));
  if (several) control.size = Math.min(options.length, 6);
  return { control, read: () => [...control.selectedOptions].map((option) => option.value).filter(Boolean) };
}

function named({ emoji, label, description }) {
  const text = [emoji?.name, label].filter(Boolean).join(" ");
  return description ? `${text} — ${description}` : text;
}

function upload(component) {
  const control = element("input", { type: "file", multiple: (component.max_values ?? 1) > 1, required: component.required !== false });
  return { control, read: () => Promise.all([...control.files].map(encoded)) };
}

/** Radios, of which one may be chosen, or boxes. */
function group(component) {
  const one = component.type === RADIO_GROUP;
  const properties = { type: one ? "radio" : "checkbox", name: component.custom_id, required: one && component.required !== false };
  const inputs = component.options.map((option) => element("input", { ...properties, value: option.value, checked: !!option.default }));
  const control = element("fieldset", {}, ...component.options.map((option, index) => {
    const about = option.description ? element("small", {}, option.description) : null;
    return element("label", { className: "option" }, inputs[index], element("span", {}, option.label, about));
  }));
  return { control, read: () => inputs.filter((input) => input.checked).map((input) => input.value) };
}

function box(component) {
  const control = element("input", { type: "checkbox", checked: !!component.default });
  return { control, read: () => control.checked };
}
