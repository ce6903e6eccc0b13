// The page's own drawings, 24 units square, as lines in the colour of the text.

const LINES = {
  hash: "M5 9h15M4 15h15M10 4 8 20M16 4l-2 16",
  thread: "M6 4v7a4 4 0 0 0 4 4h9M15 11l4 4-4 4",
  forum: "M4 5h16v4H4zM4 13h16M4 18h11",
  news: "M4 10v4h3l8 5V5L7 10zM19 9a4 4 0 0 1 0 6",
  at: "M16 12a4 4 0 1 0-8 0 4 4 0 0 0 8 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.5",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  react: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14.5a4 4 0 0 0 7 0M9 9.5v.5M15 9.5v.5",
  reply: "M9 6 4 11l5 5M4 11h9a7 7 0 0 1 7 7v1",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  more: "M5 12h.5M11.75 12h.5M18.5 12h.5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  attach: "M12 5v14M5 12h14",
  send: "M4 12 20 4l-5 16-4-6zM11 14l9-10",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  inspect: "M4 6h16M4 12h10M4 18h7M18 15v6M15 18h6",
  eye: "M3 12c4-7 14-7 18 0-4 7-14 7-18 0M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  down: "M6 9l6 6 6-6",
  check: "M5 12l5 5L19 7",
};
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const node = document.createElementNS(SVG, "svg");
  node.setAttribute("viewBox", "0 0 24 24");
  node.setAttribute("aria-hidden", "true");
  node.classList.add("drawn");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", LINES[name]);
  node.append(path);
  return node;
}

/** A button that shows only a drawing; its name is said and shown on hovering. */
export function iconButton(name, label, onClick) {
  const node = document.createElement("button");
  Object.assign(node, { type: "button", className: "icon", title: label });
  node.setAttribute("aria-label", label);
  node.append(icon(name));
  if (onClick) node.addEventListener("click", onClick);
  return node;
}
