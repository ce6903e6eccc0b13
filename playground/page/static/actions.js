// What can be done with a message: a bar that stands on the message under the pointer or the focus, and its menu.

import { iconButton } from "./icons.js";
import { element } from "./markdown.js";
import { openPopup, steer } from "./popup.js";
import { say } from "./words.js";

const MESSAGE_MENU = 3;
const COLUMNS = 8;
const QUICK = ["👍", "❤️", "😂", "🎉", "👀"];
const EMOJI = [
  ...QUICK, ..."👎 🙏 👏 💯 🔥 ✅ ❌ ⭐ 🤔 😀 😅 😊 😍 😮 😢 😡 🙌 💪 👋 🤝 ☕ 🍀 🌱 🌙 ☀️ ⚡ 💡 📌 📎 🔁 ⏳ ❓ ❗".split(" "),
];

export class Bar {
  /** `context` as for a message: me, names, commands(type) and what happens. */
  constructor(context) {
    this.context = context;
    this.message = null;
    this.node = element("div", { className: "bar" });
    this.node.setAttribute("role", "toolbar");
    steer(this.node);
  }

  attach(node, message, name) {
    if (this.message === message && this.node.parentNode === node) return;
    this.message = message;
    this.node.setAttribute("aria-label", say("actions", { name }));
    const held = this.node.contains(document.activeElement);
    this.node.replaceChildren(...this.buttons(message));
    node.append(this.node);
    if (held) this.node.querySelector("button")?.focus({ preventScroll: true });
  }

  buttons(message) {
    const { context } = this;
    if (message.private) return [iconButton("close", say("dismiss"), () => context.dismiss(message)), ...this.inspecting(message)];
    const mine = message.author.id === context.me.id;
    const react = iconButton("react", say("react"), () => this.pickEmoji(message, react));
    const more = iconButton("more", say("more"), () => this.open(message, more));
    for (const button of [react, more]) button.setAttribute("aria-haspopup", "true");
    return [
      react,
      iconButton("reply", say("reply"), () => context.reply(message)),
      ...(mine ? [iconButton("edit", say("edit"), () => context.edit(message))] : []),
      ...this.inspecting(message),
      more,
    ];
  }

  inspecting(message) {
    return message.author.id === this.context.bot.id ? [iconButton("inspect", say("inspect"), () => this.context.inspect(message))] : [];
  }

  open(message, anchor) {
    const menu = steer(element("div", { className: "menu" }, ...entries(message, this.context)));
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", this.node.getAttribute("aria-label"));
    const close = openPopup(anchor, menu);
    menu.addEventListener("click", (event) => event.target.closest("button") && close());
  }

  pickEmoji(message, anchor) {
    const own = element("input", { type: "text", className: "own", maxLength: 8, placeholder: say("anyEmoji") });
    own.setAttribute("aria-label", say("anyEmoji"));
    const grid = steer(element("div", { className: "emoji" }, ...EMOJI.map((emoji) => element("button", { type: "button" }, emoji)), own), COLUMNS);
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", say("react"));
    const close = openPopup(anchor, grid);
    const choose = (emoji) => {
      close();
      this.context.react(message, emoji, true);
    };
    grid.addEventListener("click", (event) => event.target.tagName === "BUTTON" && choose(event.target.textContent));
    own.addEventListener("keydown", (event) => event.key === "Enter" && own.value.trim() && choose(own.value.trim()));
  }

  /** Keys for the message that has the focus, as in Discord's client. */
  key(event, message) {
    const mine = message.author.id === this.context.me.id;
    const keys = {
      r: () => this.context.reply(message),
      e: () => mine && this.context.edit(message),
      "+": () => this.node.querySelector("[aria-haspopup]")?.click(),
      Delete: () => (mine || this.context.mayManage) && this.context.remove(message, event.shiftKey),
    };
    if (message.private || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}

function entries(message, context) {
  const list = [quick(message, context)];
  const add = (text, run, kind = "") => {
    const button = element("button", { type: "button", className: kind }, text);
    button.setAttribute("role", "menuitem");
    button.addEventListener("click", run);
    list.push(button);
  };
  const mine = message.author.id === context.me.id;
  add(say("reply"), () => context.reply(message));
  if (mine) add(say("edit"), () => context.edit(message));
  if (context.canOpenThread && !message.thread) add(say("thread"), () => context.openThread(message));
  add(say("copy"), () => navigator.clipboard.writeText(message.content));
  for (const command of context.commands(MESSAGE_MENU)) add(command.shown_name, () => context.useMenu(command, message), "app");
  if (mine || context.mayManage) add(say("delete"), (event) => context.remove(message, event.shiftKey), "danger");
  return list;
}

function quick(message, context) {
  const buttons = QUICK.map((emoji) => {
    const button = element("button", { type: "button" }, emoji);
    button.setAttribute("role", "menuitem");
    button.addEventListener("click", () => context.react(message, emoji, true));
    return button;
  });
  return element("div", { className: "quick" }, ...buttons);
}
