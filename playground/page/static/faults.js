// What goes wrong on purpose: those faults in force with what they struck, a form for one more, and the gateway's breaks.

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
const GATEWAY = ["cut", "reconnect", "invalidate"];
const [ALL, OTHER] = ["*", "other"];
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
    this.form = element("form", { noValidate: true });
    this.list = element("ul", { className: "faults" });
    this.gateway = element("div");
    root.append(this.form, this.list, this.gateway);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add();
    });
  }

  async show() {
    if (this.names) return;
    this.names = await api.faults();
    this.redraw();
  }

  /** In the language that is spoken now. */
  redraw() {
    if (!this.names) return;
    this.drawForm();
    this.drawGateway();
    this.nodes.clear();
    this.list.replaceChildren();
    this.drawList();
  }

  take(faults) {
    this.standing = faults;
    if (this.names) this.drawList();
  }

  get fields() {
    const kind = KINDS[this.values.kind];
    const target = kind.of === "route" && this.values.route === OTHER ? ["route", "path"] : [kind.of];
    return ["kind", ...target, ...kind.fields, ...CHANCE];
  }

  drawForm() {
    const add = element("button", { type: "submit", className: "button primary" }, say("faultAdd"));
    const wrong = element("p", { className: "wrong", id: "fault-fault-wrong", role: "alert" });
    this.form.replaceChildren(...this.fields.map((name) => this.field(name)), wrong, add);
  }

  field(name) {
    const id = `fault-${name}`;
    const control = this.control(name);
    control.id = id;
    control.setAttribute("aria-describedby", `${id}-wrong`);
    control.addEventListener("change", () => {
      this.values[name] = control.type === "checkbox" ? control.checked : control.value;
      if (name !== "kind" && name !== "route") return;
      this.drawForm();
      this.form.querySelector(`#${id}`).focus();
    });
    const wrong = element("small", { className: "wrong", id: `${id}-wrong`, role: "alert" });
    const node = element("div", { className: "field" }, element("label", { htmlFor: id }, say(`fault_${name}`)), control, wrong);
    node.dataset.name = name;
    return node;
  }

  control(name) {
    const value = this.values[name];
    if (name === "kind") return select(Object.keys(KINDS).map((kind) => [kind, say(`fault${kind}`)]), value);
    if (name === "event") return select([ALL, ...this.names.events].map((each) => [each, targetName("event", each)]), value);
    if (name === "route") return select([ALL, ...this.names.routes, OTHER].map((each) => [each, targetName("route", each)]), value);
    if (name === "path") return element("input", { type: "text", value, placeholder: "POST /channels/*/messages", spellcheck: false });
    if (name === "after") return element("input", { type: "checkbox", checked: value });
    return element("input", { type: "number", step: "any", value, placeholder: name === "times" ? "∞" : "" });
  }

  async add() {
    const kind = KINDS[this.values.kind];
    const target = this.values[this.fields.includes("path") ? "path" : kind.of];
    const fault = { ...kind.set, [kind.of]: target };
    for (const name of [...kind.fields, ...CHANCE]) if (name !== "times" || this.values.times !== "") fault[name] = this.given(name);
    this.complain({});
    try {
      await api.addFault(fault);
    } catch (error) {
      this.complain(error.errors ?? { fault: { _errors: [error] } });
    }
  }

  given(name) {
    const value = this.values[name];
    if (name === "after") return value;
    return value === "" ? null : Number(value) / (name === "probability" ? 100 : 1);
  }

  /** What the server says to it, at the field that it says it of. */
  complain(errors) {
    for (const node of this.form.querySelectorAll(".wrong")) node.textContent = "";
    for (const node of this.form.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
    for (const [key, { _errors: [{ message }] }] of Object.entries(errors)) {
      const name = key === "route" && this.fields.includes("path") ? "path" : key;
      const known = this.form.querySelector(`#fault-${name}`);
      this.form.querySelector(known ? `#fault-${name}-wrong` : "#fault-fault-wrong").textContent = say(`wrong_${name}`) ?? message;
      known?.setAttribute("aria-invalid", "true");
    }
    this.form.querySelector("[aria-invalid]")?.focus();
  }

  drawList() {
    const known = new Set(this.standing.map((fault) => fault.id));
    for (const id of this.nodes.keys()) if (!known.has(id)) this.nodes.delete(id);
    const items = this.standing.map((fault) => this.item(fault));
    const shown = [...this.list.querySelectorAll(".fault")];
    if (this.list.firstChild && shown.length === items.length && items.every((node, index) => node === shown[index])) return;
    const held = this.list.contains(document.activeElement);
    const head = element("li", { className: "head" }, element("h2", {}, say("faultsNow")));
    if (items.length) head.append(button("link", say("faultsClear"), () => this.app.tried(api.clearFaults())));
    this.list.replaceChildren(head, ...(items.length ? items : [element("li", { className: "none" }, say("noFaults"))]));
    if (held) (this.list.querySelector("button") ?? this.form.querySelector("select")).focus();
  }

  /** The same node for the same fault: its button may have the focus. */
  item(fault) {
    const node = this.nodes.get(fault.id) ?? this.blank(fault);
    this.nodes.set(fault.id, node);
    const count = say("faultStruck", { struck: number(fault.struck), seen: number(fault.seen) });
    node.querySelector(".struck").textContent = count;
    node.classList.toggle("hit", fault.struck > 0);
    return node;
  }

  blank(fault) {
    const target = targetName("event" in fault ? "event" : "route", fault.event ?? fault.route);
    const title = `${say(`fault${kindOf(fault)}`)} · ${target}`;
    const remove = iconButton("close", say("remove", { name: title }), () => this.app.tried(api.removeFault(fault.id)));
    const node = element("li", { className: "fault" }, element("b", {}, title), remove, element("small", {}, facts(fault)), element("span", { className: "struck" }));
    node.dataset.id = fault.id;
    return node;
  }

  drawGateway() {
    const told = element("p", { role: "status" });
    const buttons = GATEWAY.map((action) => button("button secondary", say(`gateway_${action}`), async () => {
      await this.app.tried(api.gateway(action));
      told.textContent = say("gatewayDone");
    }));
    this.gateway.replaceChildren(element("h2", {}, say("gateway")), element("div", { className: "row" }, ...buttons), told);
  }
}

function kindOf(fault) {
  if ("event" in fault) return fault.copies ? "Copies" : "Cut";
  return fault.drop ? "Drop" : fault.status ? "Status" : "Late";
}

/** All of a fault beside its kind and target, what the form does not know included. */
function facts({ id, seen, struck, route, event, drop, cut, ...rest }) {
  const shown = { ...rest, ...(rest.probability === undefined ? {} : { probability: rest.probability * 100 }) };
  const told = ([key, value]) => `${say(`fault_${key}`) ?? key}${value === true ? "" : ` ${JSON.stringify(value)}`}`;
  return Object.entries(shown).map(told).join(" · ");
}

function targetName(of, name) {
  if (name === ALL) return say(of === "event" ? "faultEveryEvent" : "faultEveryCall");
  if (name === OTHER && of === "route") return say("faultOther");
  return NAMES[name] ? say(NAMES[name]) : name;
}

function select(options, chosen) {
  return element("select", {}, ...options.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
}

function button(className, text, onClick) {
  const node = element("button", { type: "button", className }, text);
  node.addEventListener("click", onClick);
  return node;
}
