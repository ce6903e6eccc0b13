// The line in which a person writes: messages, mentions, files and slash commands with their picker.

import { encoded } from "./api.js";
import { fileOptions, filled, hintFor, parse, suggestions, valueOf } from "./commands.js";
import { iconButton } from "./icons.js";
import { element } from "./markdown.js";
import { beginning } from "./message.js";
import { say } from "./words.js";

const TYPING_MILLISECONDS = 8000;

/**
 * `host` knows the world (commands, offers, people, complete) and does what is sent (sendMessage, saveEdit,
 * useCommand, typing, complain).
 */
export class Composer {
  constructor(form, host) {
    this.form = form;
    this.host = host;
    this.text = form.querySelector("textarea");
    this.popup = form.querySelector(".choices");
    this.about = this.popup.querySelector(".about");
    this.list = form.querySelector("[role=listbox]");
    this.mode = form.querySelector(".mode");
    this.tray = form.querySelector(".tray");
    this.picker = form.querySelector("input[type=file]");
    this.files = [];
    // The option that the next file is chosen for.
    this.slot = null;
    this.items = [];
    this.active = -1;
    this.picked = new Map();
    // The command that was sent last, as long as the person stays: it comes back if it is refused.
    this.sent = null;
    this.replyTo = null;
    this.edited = null;
    this.typedAt = 0;
    this.round = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("blur", () => this.offer([]));
    this.text.addEventListener("focus", () => this.changed({ silently: true }));
    this.picker.addEventListener("change", () => this.attach(this.picker.files));
    this.picker.addEventListener("cancel", () => (this.slot = null));
    this.text.addEventListener("paste", (event) => this.attach(event.clipboardData.files));
  }

  reset() {
    this.text.value = "";
    this.files = [];
    this.picked = new Map();
    this.sent = null;
    this.leave();
    this.showFiles();
    this.offer([]);
  }

  /** A command that was pressed where it was named. */
  begin(command) {
    this.leave();
    this.text.value = `/${command}`;
    this.text.focus();
    this.changed({ silently: true });
  }

  reply(message, name) {
    this.leave();
    this.replyTo = message;
    this.showMode(say("replying", { name, text: beginning(message, this.host.names) }));
  }

  edit(message) {
    this.leave();
    this.edited = message;
    this.text.value = this.host.readable(message.content);
    this.showMode(say("editing"));
  }

  leave() {
    if (this.edited) this.text.value = "";
    this.replyTo = this.edited = null;
    this.mode.replaceChildren();
  }

  showMode(label) {
    const cancel = element("button", { type: "button", className: "link" }, say("cancel"));
    cancel.addEventListener("click", () => this.leave());
    this.mode.replaceChildren(element("span", {}, label), cancel);
    this.text.focus();
  }

  attach(files) {
    if (!files.length) return;
    const chosen = [...files].map((file, index) => ({ file, option: index === 0 ? this.slot : null }));
    if (this.slot) this.files = this.files.filter((each) => each.option !== this.slot);
    this.files.push(...chosen);
    this.slot = null;
    this.picker.value = "";
    this.showFiles();
    this.text.focus();
    this.changed({ silently: true });
  }

  /** The options of the command in the line that have a file. */
  get attached() {
    const parsed = parse(this.text.value, this.host.commands());
    return parsed ? [...(fileOptions(parsed.command, this.files)?.keys() ?? [])] : [];
  }

  showFiles() {
    this.tray.replaceChildren(...this.files.map((chosen) => {
      const { file, option } = chosen;
      const remove = iconButton("close", say("remove", { name: file.name }), () => {
        this.files = this.files.filter((each) => each !== chosen);
        this.showFiles();
        this.text.focus();
      });
      return element("span", { className: "chosen" }, option ? `${option}: ${file.name}` : file.name, remove);
    }));
  }

  async changed({ silently = false } = {}) {
    const line = this.text.value;
    if (!silently && line && !line.startsWith("/") && Date.now() - this.typedAt > TYPING_MILLISECONDS) {
      this.typedAt = Date.now();
      this.host.typing();
    }
    const round = ++this.round;
    // What is offered answers an older line: Enter must not pick from it.
    this.active = -1;
    this.mark();
    const items = await this.suggest(line);
    if (round !== this.round || line !== this.text.value) return;
    this.offer(items, this.edited ? null : hintFor(line, this.host.commands(), this.attached));
  }

  /** The commands that can be named are others than before. */
  commandsChanged() {
    if (this.text.value.startsWith("/")) this.changed({ silently: true });
  }

  async suggest(line) {
    if (this.edited) return [];
    if (line.startsWith("/")) {
      return suggestions(line, this.host.commands(), {
        offers: this.host.offers,
        attached: this.attached,
        complete: async (command, option, partial, given) => {
          const choices = await this.host.complete(command, option, partial, this.known(given));
          for (const choice of choices) this.picked.set(`${option.name}:${choice.name}`, choice.value);
          return choices;
        },
      });
    }
    const mention = /(^|\s)@([^\s@]*)$/.exec(line.slice(0, this.text.selectionStart));
    if (!mention || this.text.selectionStart !== line.length) return [];
    const base = line.slice(0, line.length - mention[2].length);
    return this.host.offers("people")
      .filter((person) => person.name.toLowerCase().startsWith(mention[2].toLowerCase()))
      .map((person) => ({ label: `@${person.name}`, line: `${base}${person.name} `, about: "" }));
  }

  known(given) {
    const from = { offers: this.host.offers, picked: this.picked };
    return Object.fromEntries(given.map(({ option, text }) => [option.name, valueOf(option, text.trim(), from)]));
  }

  /** Whatever is still asked for would come too late. */
  offer(items, hint = null) {
    this.round += 1;
    this.items = items;
    this.describe(hint);
    const settled = items.length === 1 && items[0].line.trimEnd() === this.text.value.trimEnd();
    this.active = items.length && !items[0].passive && !settled ? 0 : -1;
    this.popup.hidden = !items.length && !hint;
    this.list.hidden = !items.length;
    this.text.setAttribute("aria-expanded", String(items.length > 0));
    this.list.replaceChildren(...items.map((item, index) => this.option(item, index)));
    this.mark();
  }

  /** The option that is being written: told by a screen reader as well. */
  describe(hint) {
    const key = JSON.stringify(hint);
    if (this.about.dataset.shown === key) return;
    this.about.dataset.shown = key;
    if (!hint) return this.about.replaceChildren();
    const facts = [hint.required && say("required"), hint.optional && say("moreOptional", { count: hint.optional })].filter(Boolean).join(" · ");
    this.about.replaceChildren(element("b", {}, hint.name), " ", element("span", {}, hint.about), " ", element("small", {}, facts));
  }

  option(item, index) {
    const node = element("div", { id: `choice-${index}`, className: item.chip ? "choice chip" : "choice" }, element("b", {}, item.label));
    if (item.chip) node.title = item.about;
    if (item.hint && !item.chip) node.append(" ", element("small", {}, item.hint));
    if (item.about && !item.chip) node.append(element("span", {}, item.about));
    node.setAttribute("role", "option");
    node.addEventListener("pointerdown", (event) => event.preventDefault());
    node.addEventListener("click", () => this.pick(index));
    return node;
  }

  mark() {
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === this.active)));
    if (this.active >= 0) {
      this.text.setAttribute("aria-activedescendant", `choice-${this.active}`);
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else this.text.removeAttribute("aria-activedescendant");
  }

  pick(index) {
    const { line, file } = this.items[index];
    this.text.value = line;
    this.text.focus();
    if (file) {
      this.slot = file.name;
      this.picker.click();
    }
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
    this.changed();
  }

  key(event) {
    // Enter ends the composition of a Hangul syllable before it sends anything.
    if (event.isComposing || event.keyCode === 229) return;
    if (!this.popup.hidden && this.steer(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") this.leave();
    else if (event.key === "ArrowUp" && !this.text.value) {
      event.preventDefault();
      this.host.editLast();
    }
  }

  steer(event) {
    const count = this.items.length;
    if (event.key === "Escape") {
      event.preventDefault();
      this.offer([]);
      return true;
    }
    // The arrows move within a text of several lines, as long as nothing is to be picked.
    if (!count || (this.active < 0 && event.key.startsWith("Arrow") && this.text.value.includes("\n"))) return false;
    if (event.key === "ArrowDown") this.active = (this.active + 1) % count;
    else if (event.key === "ArrowUp") this.active = this.active <= 0 ? count - 1 : this.active - 1;
    else if (event.key === "Tab" && this.active < 0) this.active = 0;
    else if (event.key === "Tab" || (event.key === "Enter" && this.active >= 0)) this.pick(this.active);
    else return false;
    event.preventDefault();
    this.mark();
    return true;
  }

  async send() {
    const line = this.text.value.trim();
    if (!line && !this.files.length) return;
    const draft = { line: this.text.value, files: this.files, picked: this.picked };
    try {
      if (this.edited) await this.host.saveEdit(this.edited, line);
      else if (line.startsWith("/")) await this.command(line, draft);
      else await this.host.sendMessage(line, this.replyTo, await Promise.all(this.files.map((each) => encoded(each.file))));
    } catch (error) {
      this.host.complain(error.message, { untilKey: line.startsWith("/") });
      return;
    }
    this.typedAt = 0;
    this.edited = null;
    this.reset();
    this.sent = draft;
  }

  async command(line, draft) {
    const parsed = parse(line, this.host.commands());
    if (!parsed) throw new Error(say("noCommand"));
    const files = fileOptions(parsed.command, this.files);
    if (!files) throw new Error(say("tooManyFiles"));
    const options = filled(parsed, { offers: this.host.offers, picked: this.picked, attached: [...files.keys()] });
    for (const [name, file] of files) options[name] = await encoded(file);
    // Its answer may be a form or take seconds; the line is free again at once.
    this.host.useCommand(parsed.command, options).catch((error) => {
      this.host.complain(say("failed", { reason: error.message }));
      this.restore(draft);
    });
  }

  /** What was refused stands in the line again, to be mended, unless something else was begun. */
  restore(draft) {
    if (this.sent !== draft || this.text.value || this.files.length) return;
    this.text.value = draft.line;
    this.files = draft.files;
    this.picked = draft.picked;
    this.showFiles();
  }
}
