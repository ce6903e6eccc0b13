// What did not work or has changed under one's hands, above the line for a while.

import { element } from "./markdown.js";
import { say } from "./words.js";

const SHOWN_MILLISECONDS = 8000;

/** The same text is shown once. `untilKey`: only until the next key, as it is about what stands in the line. */
export function notify(root, text, { untilKey = false } = {}) {
  for (const node of root.children) if (node.firstChild.textContent === text) node.remove();
  const close = element("button", { type: "button", className: "link" }, say("dismiss"));
  const node = element("p", {}, element("span", {}, text), close);
  close.addEventListener("click", () => node.remove());
  root.append(node);
  if (untilKey) document.addEventListener("keydown", () => node.remove(), { capture: true, once: true });
  setTimeout(() => node.remove(), SHOWN_MILLISECONDS);
}
