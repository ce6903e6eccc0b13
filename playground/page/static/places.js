// The list of channels, threads and direct conversations.

import { element } from "./markdown.js";
import { say } from "./words.js";
import { isDirect, isThread } from "./world.js";

export class Places {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.waiting = new Set();
  }

  read(channelId) {
    this.waiting.delete(channelId);
  }

  unread(channelId) {
    if (this.waiting.has(channelId)) return;
    this.waiting.add(channelId);
    this.show();
  }

  show() {
    const { world } = this.app;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const sections = world.guilds.map((guild) => this.section(guild.name, world.places().filter((place) => place.guild_id === guild.id && !isThread(place))));
    const direct = world.places().filter(isDirect);
    this.root.replaceChildren(...sections, ...(direct.length ? [this.section(say("direct"), direct)] : []));
    if (focused) this.root.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  section(title, places) {
    return element("section", {}, element("h2", {}, title), element("ul", {}, ...places.map((place) => this.item(place))));
  }

  item(place) {
    const { world, here } = this.app;
    const button = element("button", { type: "button" }, world.title(place));
    button.dataset.id = place.id;
    button.classList.toggle("unread", this.waiting.has(place.id));
    if (place.id === here?.id) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => this.app.enter(place.id));
    const threads = world.places().filter((each) => isThread(each) && each.parent_id === place.id && !each.archived);
    return element("li", {}, button, threads.length ? element("ul", {}, ...threads.map((each) => this.item(each))) : null);
  }
}
