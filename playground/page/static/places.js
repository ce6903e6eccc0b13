// The side: servers, and the channels, threads and direct conversations of the one that is open.

import { icon } from "./icons.js";
import { element } from "./markdown.js";
import { hueOf } from "./message.js";
import { say } from "./words.js";
import { isDirect, isThread } from "./world.js";

const DIRECT = "direct";

export class Places {
  constructor(servers, channels, app) {
    this.servers = servers;
    this.channels = channels;
    this.app = app;
    this.waiting = new Map();
    this.lastIn = new Map();
    this.open = null;
  }

  serverOf(channel) {
    return channel.guild_id ?? DIRECT;
  }

  /** Somebody else's eyes: what waits for them is not known. */
  forget() {
    this.waiting.clear();
    this.lastIn.clear();
  }

  entered(channel) {
    this.waiting.delete(channel.id);
    this.open = this.serverOf(channel);
    this.lastIn.set(this.open, channel.id);
  }

  unread(message) {
    const { world, me } = this.app;
    const channel = world.channels.get(message.channel_id);
    if (!channel || message.author.id === me.id) return;
    const pinged = isDirect(channel) || message.pings.includes(me.id) || message.mention_everyone;
    const count = this.waiting.get(channel.id);
    if (count !== undefined && !pinged) return;
    this.waiting.set(channel.id, (count ?? 0) + (pinged ? 1 : 0));
    this.show();
  }

  show() {
    const { world } = this.app;
    const held = [this.servers, this.channels].find((root) => root.contains(document.activeElement));
    const focused = held && document.activeElement.dataset.id;
    const servers = [{ id: DIRECT, name: say("direct") }, ...world.guilds];
    this.servers.replaceChildren(...servers.map((server) => element("li", {}, this.server(server))));
    const places = world.places().filter((place) => this.serverOf(place) === this.open && !isThread(place));
    const title = servers.find((server) => server.id === this.open)?.name ?? "";
    this.channels.replaceChildren(element("h2", {}, title), element("ul", {}, ...places.map((place) => this.item(place))));
    if (focused) held.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  server({ id, name }) {
    const { world } = this.app;
    const inside = world.places().filter((place) => this.serverOf(place) === id);
    const waiting = inside.filter((place) => this.waiting.has(place.id));
    const pings = waiting.reduce((sum, place) => sum + this.waiting.get(place.id), 0);
    const face = id === DIRECT ? icon("at") : initials(name);
    const button = element("button", { type: "button", title: name }, face, badge(pings));
    button.dataset.id = id;
    button.dataset.hue = id === DIRECT ? "" : hueOf(name);
    this.mark(button, name, waiting.length > 0, pings, id === this.open);
    button.addEventListener("click", () => {
      const place = inside.find((each) => each.id === this.lastIn.get(id)) ?? inside[0];
      if (place) this.app.tried(this.app.enter(place.id, { keepPlaces: true }));
    });
    return button;
  }

  item(place) {
    const { world, here } = this.app;
    const pings = this.waiting.get(place.id) ?? 0;
    const button = element("button", { type: "button" }, icon(world.sign(place)), element("span", {}, place.name), badge(pings));
    button.dataset.id = place.id;
    this.mark(button, place.name, this.waiting.has(place.id), pings, place.id === here?.id);
    button.addEventListener("click", () => this.app.tried(this.app.enter(place.id)));
    const threads = world.threads(place);
    return element("li", {}, button, threads.length ? element("ul", {}, ...threads.map((each) => this.item(each))) : null);
  }

  mark(button, name, unread, pings, current) {
    button.classList.toggle("unread", unread);
    if (current) button.setAttribute("aria-current", "page");
    const states = [name, ...(pings ? [say("pings", { count: pings })] : unread ? [say("unread")] : [])];
    button.setAttribute("aria-label", states.join(", "));
  }
}

const badge = (count) => (count ? element("span", { className: "count" }, String(count)) : null);

const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
