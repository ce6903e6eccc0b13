// Asks before something that cannot be taken back.

import { draw, frame } from "./message.js";
import { element } from "./markdown.js";
import { say } from "./words.js";

/** Shows the message and asks; resolves to whether it is to be deleted. */
export function confirmDeletion(message, context) {
  const shown = frame(`${message.id}-deleted`);
  draw(shown, message, null, context);
  Object.assign(shown, { inert: true, className: "message quoted" });
  const title = element("h2", { id: "confirm-title" }, say("deleteTitle"));
  const about = element("p", { id: "confirm-about" }, say("deleteAbout"));
  const cancel = element("button", { type: "submit", className: "button secondary" }, say("cancel"));
  const confirm = element("button", { type: "submit", value: "yes", className: "button danger", autofocus: true }, say("delete"));
  const hint = element("small", {}, say("deleteHint"));
  const form = element("form", { method: "dialog" }, title, about, shown, hint, element("footer", {}, cancel, confirm));
  const dialog = element("dialog", { className: "modal confirm" }, form);
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.setAttribute("aria-describedby", about.id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
