// Lists that open beside a button, above everything else, and are steered with the arrow keys.

const GAP = 4, MARGIN = 8;

/** Shows `node` beside `anchor` until something else is pressed; focus then returns to the anchor. */
export function openPopup(anchor, node) {
  node.popover = "auto";
  node.classList.add("popup");
  document.body.append(node);
  anchor.setAttribute("aria-expanded", "true");
  const back = successor(anchor);
  let within = true;
  node.addEventListener("focusout", (event) => (within = !event.relatedTarget));
  node.addEventListener("focusin", () => (within = true));
  node.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    node.remove();
    const opener = back();
    opener?.setAttribute("aria-expanded", "false");
    if (within && document.activeElement === document.body) opener?.focus({ preventScroll: true });
  });
  node.showPopover();
  beside(anchor, node);
  const first = node.querySelector("[aria-selected=true], [aria-checked=true]") ?? items(node)[0];
  first?.focus({ preventScroll: true });
  return () => node.isConnected && node.hidePopover();
}

/** Finds the anchor again, in a message that was drawn anew meanwhile too. */
function successor(anchor) {
  const message = anchor.closest(".message");
  const at = message ? [...message.querySelectorAll("button")].indexOf(anchor) : -1;
  return () => (anchor.isConnected ? anchor : message?.querySelectorAll("button")[at]);
}

function beside(anchor, node) {
  const at = anchor.getBoundingClientRect();
  const [width, height] = [node.offsetWidth, node.offsetHeight];
  const below = at.bottom + GAP + height <= innerHeight - MARGIN || at.top < height + GAP + MARGIN;
  const top = below ? Math.min(at.bottom + GAP, innerHeight - height - MARGIN) : at.top - GAP - height;
  const left = Math.min(at.left, innerWidth - width - MARGIN);
  Object.assign(node.style, { top: `${Math.max(MARGIN, top)}px`, left: `${Math.max(MARGIN, left)}px` });
}

const items = (node) => [...node.querySelectorAll("button, [tabindex], input")].filter((each) => !each.disabled);

/** Arrow keys, Home and End go through the buttons; `columns` for a grid. */
export function steer(node, columns = 1) {
  const steps = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 };
  node.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" && event.target.type === "text") return;
    const all = items(node);
    const at = all.indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : steps[event.key] && at + steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length].focus();
  });
  return node;
}
