// What goes wrong on purpose: a form for one fault more, those in force with what they struck, and the gateway's breaks.

import { api } from "./api.js";
import { iconButton } from "./icons.js";
import { element } from "./markdown.js";
import { NAMES } from "./meter.js";
import { number, say } from "./words.js";

const KINDS = {
  Late: { of: "route", fields: ["latency", "jitter"] },
  Status: { of: "route", fields: ["status", "after"] },
  Drop: { of: "route", fields: ["after"], set: { drop: true } },
  Copies: { of: "event", fields: ["copies"] },
  Cut: { of: "event", fields: [], set: { cut: true } },
};
const CHANCE = ["every", "probability", "times"];
const SHAPING = ["kind", "route"];
const ALL = "*", OTHER = "other";
const BEGINNING = {
  kind: "Status", route: "message.create", path: "", event: "MESSAGE_CREATE", latency: 2, jitter: 0, status: 500,
  after: false, copies: 2, every: 1, probability: 100, times: 1,
};

export class Faults {
  constructor(root, app) {
    this.app = app;
    this.names = null;
    this.values = { ...BEGINNING };
    this.standing = [];
    this.nodes = new Map();
    this.disturbed = null;
    this.form = root.querySelector("form");
    this.fields = this.form.querySelector(".fields");
    this.list = root.querySelector(".standing");
    this.spent = root.querySelector(".spent");
    this.over = root.querySelector(".over");
    this.clear = root.querySelector(".clear");
    this.none = root.querySelector(".none");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add();
    });
    this.clear.addEventListener("click", () => app.tried(api.clearFaults()));
    for (const button of root.querySelectorAll("[data-action]")) button.addEventListener("click", () => app.tried(this.disturb(button.dataset.action)));
    this.done = root.querySelector("[role=status]");
  }

  async show() {
    this.names ??= await api.faults();
    if (!this.fields.children.length) this.drawForm();
  }

  /** In the language that is spoken now. */
  redraw() {
    this.nodes.clear();
    this.take(this.standing);
    this.done.textContent = "";
    if (this.names) this.drawForm();
  }

  /** The same node for the same fault: its button may have the focus. */
  take(faults) {
    this.standing = faults;
    const held = [this.list, this.spent, this.clear].some((each) => each.contains(document.activeElement));
    const known = new Map(faults.map((fault) => [fault.id, this.nodes.get(fault.id) ?? this.item(fault)]));
    for (const [id, node] of this.nodes) if (!known.has(id)) node.remove();
    this.nodes = known;
    for (const fault of faults) this.update(known.get(fault.id), fault);
    this.clear.hidden = !this.list.children.length;
    this.over.hidden = !this.spent.children.length;
    this.none.hidden = this.list.children.length > 0;
    if (held && !this.list.parentNode.contains(document.activeElement)) (this.clear.hidden ? this.form.elements[0] : this.clear).focus();
  }

  update(node, fault) {
    const { struck, seen } = fault;
    node.querySelector(".struck").textContent = say("faultStruck", { struck: number(struck), seen: number(seen) });
    const spent = isSpent(fault);
    node.classList.toggle("hit", struck > 0 && !spent);
    node.querySelector(".again").hidden = !spent;
    const place = spent ? this.spent : this.list;
    if (node.parentNode !== place) place.append(node);
  }

  /** In force once more, with nothing struck yet. */
  async again({ id, seen, struck, ...fault }) {
    await api.addFault(fault);
    await api.removeFault(id);
  }

  item(fault) {
    const title = `${say(`fault${kindOf(fault)}`)} · ${targetName(fault.event ?? fault.route)}`;
    const remove = iconButton("close", say("remove", { name: title }), () => this.app.tried(api.removeFault(fault.id)));
    const again = element("button", { type: "button", className: "link again", hidden: true }, say("faultAgain"));
    again.setAttribute("aria-label", `${say("faultAgain")}: ${title}`);
    again.addEventListener("click", () => this.app.tried(this.again(fault)));
    const struck = element("p", {}, element("span", { className: "struck" }), again);
    return element("li", { className: "fault" }, element("b", {}, title), remove, element("small", {}, facts(fault)), struck);
  }

  async disturb(action) {
    this.disturbed = performance.now();
    this.done.textContent = say("gatewayDone");
    await api.gateway(action);
  }

  /** It has lost its connection, or has one again. */
  bot(online) {
    if (this.disturbed === null || !online) return;
    const seconds = ((performance.now() - this.disturbed) / 1000).toFixed(1);
    this.done.textContent = say("botBack", { name: this.app.world.bot.name, seconds });
    this.disturbed = null;
  }

  // The form

  get kind() {
    return KINDS[this.values.kind];
  }

  get target() {
    return this.kind.of === "route" && this.values.route === OTHER ? "path" : this.kind.of;
  }

  drawForm() {
    const names = new Set(["kind", this.kind.of, this.target, ...this.kind.fields, ...CHANCE]);
    this.fields.replaceChildren(...[...names].map((name) => this.field(name)));
    this.complain({});
  }

  field(name) {
    const id = `fault-${name}`;
    const control = Object.assign(this.control(name, this.values[name]), { id });
    control.setAttribute("aria-describedby", `${id}-wrong`);
    control.addEventListener("change", () => {
      this.values[name] = control.type === "checkbox" ? control.checked : control.value;
      if (!SHAPING.includes(name)) return;
      this.drawForm();
      document.getElementById(id).focus();
    });
    const wrong = element("small", { className: "wrong", id: `${id}-wrong`, role: "alert" });
    const node = element("div", { className: "field" }, element("label", { htmlFor: id }, say(`fault_${name}`)), control, wrong);
    node.dataset.name = name;
    return node;
  }

  control(name, value) {
    const among = (values, word) => element("select", {}, ...values.map((each) => element("option", { value: each, selected: each === value }, word(each))));
    switch (name) {
      case "kind": return among(Object.keys(KINDS), (kind) => say(`fault${kind}`));
      case "event": return among([ALL, ...this.names.events], targetName);
      case "route": return among([ALL, ...this.names.routes, OTHER], targetName);
      case "path": return element("input", { type: "text", value, placeholder: "POST /channels/*/messages", spellcheck: false });
      case "after": return element("input", { type: "checkbox", checked: value });
      default: return element("input", { type: "number", step: "any", value, placeholder: name === "times" ? "∞" : "" });
    }
  }

  async add() {
    const fault = { ...this.kind.set, [this.kind.of]: this.values[this.target] };
    for (const name of [...this.kind.fields, ...CHANCE]) fault[name] = this.given(name);
    if (this.values.times === "") delete fault.times;
    this.complain({});
    await api.addFault(fault).catch((error) => this.complain(error.errors ?? { fault: { _errors: [error] } }));
  }

  given(name) {
    const value = this.values[name];
    if (name === "after") return value;
    return value === "" ? null : Number(value) / (name === "probability" ? 100 : 1);
  }

  /** What the server says to it, at the field that it says it of. */
  complain(errors) {
    for (const node of this.form.querySelectorAll(".wrong")) node.textContent = "";
    for (const control of this.form.elements) control.removeAttribute("aria-invalid");
    for (const [key, { _errors: [{ message }] }] of Object.entries(errors)) {
      const name = key === this.kind.of ? this.target : key;
      const control = this.form.querySelector(`#fault-${name}`);
      (control?.nextSibling ?? this.form.querySelector(":scope > .wrong")).textContent = say(`wrong_${name}`) ?? message;
      control?.setAttribute("aria-invalid", "true");
      control?.focus();
    }
  }
}

function kindOf({ event, copies, drop, status }) {
  if (event) return copies ? "Copies" : "Cut";
  return drop ? "Drop" : status ? "Status" : "Late";
}

/** It has struck as often as it may, or all the calls that it was to strike are over. */
function isSpent({ times, nth, struck, seen }) {
  return (times !== undefined && struck >= times) || (nth !== undefined && seen >= Math.max(...nth));
}

/** All of a fault beside its kind and target, what the form does not know included. */
function facts({ id, seen, struck, route, event, drop, cut, ...rest }) {
  if (rest.probability !== undefined) rest.probability *= 100;
  const told = ([key, value]) => `${say(`fault_${key}`) ?? key}${value === true ? "" : ` ${JSON.stringify(value)}`}`;
  return Object.entries(rest).map(told).join(" · ");
}

function targetName(name) {
  const words = { ...NAMES, [ALL]: "faultAll", [OTHER]: "faultOther" };
  return words[name] ? say(words[name]) : name;
}
