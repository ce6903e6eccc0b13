// The page put together: whom one is, where one is, and what happens there.

import { address, settle } from "./address.js";
import { Events, api } from "./api.js";
import { Composer } from "./composer.js";
import { confirmDeletion } from "./confirm.js";
import { Connection } from "./connection.js";
import { Drawer } from "./drawer.js";
import { Forum } from "./forum.js";
import { icon } from "./icons.js";
import { Log } from "./log.js";
import { element } from "./markdown.js";
import { addressed, localized, readable } from "./mentions.js";
import { ask } from "./modal.js";
import { notify } from "./notices.js";
import { Places } from "./places.js";
import { Status } from "./status.js";
import { nextTheme, showTheme } from "./theme.js";
import { label, locale, say, speak } from "./words.js";
import { World, isDirect, isForum, isThread } from "./world.js";

// The demo's world begins with the one who looks after it; an ordinary member shows more of the usual.
const FIRST_PERSON = 1;
const HISTORY = 100;
const FORBIDDEN = 403;
// Events that make a state out of date that was asked for before them.
const CHARTING = ["bot", "state", "channel_create", "channel_update", "channel_delete"];
const $ = (id) => document.getElementById(id);

class App {
  constructor() {
    this.world = new World();
    this.me = null;
    this.here = null;
    this.registered = [];
    this.commandNames = {};
    this.events = null;
    this.wanted = null;
    this.lookingAgain = null;
    this.learning = null;
    this.charts = 0;
    this.names = {
      person: (id) => this.world.person(id),
      channel: (id) => this.world.channel(id),
      role: (id) => this.world.roles.get(id)?.name,
      enter: (id) => this.world.channels.has(id) && this.tried(this.enter(id)),
      command: (name) => this.commandNames[name] ?? name,
      begin: (command) => this.composer.begin(this.names.command(command)),
      get locale() { return locale; },
    };
    for (const node of document.querySelectorAll("[data-icon]")) node.append(icon(node.dataset.icon));
    this.log = new Log($("log"), $("jump"), $("settled"), this);
    this.forum = new Forum(this.log.inner, this);
    this.composer = new Composer($("composer"), this);
    this.places = new Places($("servers"), $("channels"), this);
    this.drawer = new Drawer($("drawer"), $("open-drawer"), this);
    this.status = new Status(this);
    this.connection = new Connection($("connection"));
    $("person").addEventListener("change", () => this.tried(this.become($("person").value)));
    $("theme").addEventListener("click", () => nextTheme($("theme")));
    $("open-places").addEventListener("click", () => this.showPlaces(!$("places").classList.contains("open")));
    document.querySelector("main").addEventListener("click", (event) => event.target.closest("#open-places") || this.showPlaces(false));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.showPlaces(false));
    window.addEventListener("hashchange", () => this.tried(this.follow()));
    setInterval(() => this.showTyping(), 1000);
  }

  // Who and where

  async start() {
    const wanted = address();
    const { people } = await api.state();
    $("person").replaceChildren(...people.map((person) => element("option", { value: person.id }, person.name)));
    const chosen = people.find((person) => person.id === wanted.person) ?? people[FIRST_PERSON] ?? people[0];
    await this.become(chosen.id, wanted.channel);
  }

  async become(personId, channelId = null) {
    this.events?.close();
    const events = (this.events = new Events(personId, (event) => this.happened(event), (connected, again) => this.connected(connected, again)));
    this.wanted = channelId;
    // What happens after an answer and before the first event would be told by neither.
    if (await events.opened) await this.look(events);
  }

  /** Takes the world as it is now. What is told of it meanwhile waits, and is taken after it. */
  async look(events) {
    const held = events.hold();
    const overtaken = () => this.events !== events || events.held !== held;
    let state;
    try {
      state = await api.state();
    } catch (error) {
      if (overtaken()) return;
      events.reconnect();
      throw error;
    }
    if (overtaken()) return;
    const personId = events.userId;
    const channelId = this.wanted ?? (this.me?.id === personId ? this.here.id : null);
    this.wanted = null;
    const world = new World();
    world.take(state, personId);
    if (this.me?.id !== personId) this.places.forget();
    this.world = world;
    this.me = world.people.get(personId);
    $("person").value = personId;
    speak(this.me.locale);
    label(document);
    showTheme($("theme"));
    if (channelId && !world.channels.has(channelId)) this.missed(channelId);
    const next = [channelId, this.here?.id].find((id) => world.channels.has(id)) ?? world.places()[0].id;
    const entered = this.enter(next);
    events.release();
    await entered;
    this.drawer.redraw();
    this.status.watch();
  }

  async enter(channelId, { keepPlaces = false } = {}) {
    if (this.here) this.world.trim(this.here.id);
    this.here = this.world.channels.get(channelId);
    settle(this.me.id, channelId);
    this.composer.reset();
    this.places.entered(this.here);
    if (!keepPlaces) this.showPlaces(false);
    this.head();
    const world = this.world;
    const { messages, news } = await world.asking(() => this.begin(channelId));
    if (!messages || this.here.id !== channelId || this.world !== world) return;
    world.open(channelId, messages, news, messages.length < HISTORY);
    this.log.reset();
    if (isForum(this.here)) this.forum.open(this.here);
    if (!keepPlaces) this.write();
  }

  /** With the newest messages of a place; without, where it is hidden from this person, which no event has told. */
  async begin(channelId) {
    const { world } = this;
    try {
      const [found] = await Promise.all([api.messages(channelId, this.me.id, HISTORY), this.learnCommands()]);
      return found;
    } catch (error) {
      if (error.status !== FORBIDDEN) throw error;
      if (this.world === world) this.closed(channelId);
      return {};
    }
  }

  /** True if there was more. */
  async loadOlder(place) {
    const { world } = this;
    const known = world.log(place.id);
    const [oldest] = known.ids;
    if (known.whole || !oldest) return false;
    const { messages, news } = await world.asking(() => api.messages(place.id, this.me.id, HISTORY, oldest));
    // Before what is known now there is something else, to be asked for anew.
    if (world.log(place.id) !== known || known.ids[0] !== oldest) return true;
    world.learn(messages.reverse(), news);
    known.whole = messages.length < HISTORY;
    return messages.length > 0;
  }

  /** True if commands are called otherwise than before. */
  async learnCommands() {
    const learning = (this.learning = Symbol("learning"));
    const { commands, names } = await api.commands(this.here.id, this.me.id);
    if (this.learning !== learning) return false;
    const renamed = JSON.stringify(names) !== JSON.stringify(this.commandNames);
    [this.registered, this.commandNames] = [commands, names];
    this.composer.commandsChanged();
    return renamed;
  }

  async follow() {
    const { person, channel } = address();
    const next = this.world.people.has(person) ? person : this.me.id;
    if (next !== this.me.id || (channel && !this.world.channels.has(channel))) await this.become(next, channel);
    else if (channel && channel !== this.here.id) await this.enter(channel);
  }

  /** Tells of a place that this person may not see, by its name only where they were in it. */
  missed(channelId) {
    this.complain(channelId === this.here?.id ? say("gone", { place: this.world.title(this.here) }) : say("noPlace"));
  }

  head() {
    const name = this.world.title(this.here);
    $("place-name").replaceChildren(...(isThread(this.here) || isForum(this.here) ? [icon(this.world.sign(this.here)), " "] : []), name);
    $("place-topic").textContent = this.here.topic || say(isDirect(this.here) ? "hintDirect" : isForum(this.here) ? "hintForum" : "hint", { bot: this.world.bot.name });
    $("log").setAttribute("aria-label", say("log", { place: name }));
    const writable = this.world.canWrite(this.here, this.me.id);
    $("text").placeholder = say(writable ? "message" : "readOnly", { place: name });
    $("text").setAttribute("aria-label", $("text").placeholder);
    $("text").disabled = !writable;
    $("composer").hidden = isForum(this.here);
    $("choices").setAttribute("aria-label", say("commands"));
    this.places.show();
    this.status.show();
    this.showTyping();
  }

  showPlaces(open) {
    $("places").classList.toggle("open", open);
    $("open-places").setAttribute("aria-expanded", String(open));
    if (open) $("channels").querySelector("[aria-current]")?.focus();
  }

  write() {
    $("text").focus({ preventScroll: true });
    // A form that closes gives the focus back without the caret: Chromium then takes keys and writes nothing.
    $("text").setSelectionRange($("text").value.length, $("text").value.length);
  }

  // What happens

  connected(connected, again) {
    this.connection.page(connected);
    // What happened meanwhile was not told.
    if (connected && again) this.tried(this.look(this.events));
  }

  happened(event) {
    this.charts += CHARTING.includes(event.type);
    HANDLERS[event.type]?.(this, event);
  }

  written(message, count) {
    this.counted(message.channel_id, count);
    const isNew = this.world.put(message);
    this.world.stopped(message.channel_id, message.author.id);
    if (message.channel_id === this.here.id) this.log.changed(message.id, isNew);
    else if (isNew) {
      this.world.trim(message.channel_id);
      this.places.unread(message);
    }
    this.showTyping();
  }

  edited(message) {
    this.world.stopped(message.channel_id, message.author.id);
    if (this.world.change(message) && message.channel_id === this.here.id) this.log.changed(message.id);
    this.showTyping();
  }

  gone(channelId, ids, count) {
    this.counted(channelId, count);
    this.world.drop(channelId, ids);
    if (channelId === this.here.id) this.log.removed(ids);
  }

  reacted(channelId, messageId, reaction) {
    this.world.react(channelId, messageId, reaction);
    if (channelId === this.here.id) this.log.changed(messageId);
  }

  typed(channelId, userId) {
    this.world.typed(channelId, userId);
    this.showTyping();
  }

  botIs(online) {
    if (online !== this.world.online) {
      this.connection.bot(online, this.world.bot.name);
      this.drawer.faults.bot(online);
    }
    this.world.online = online;
    this.status.show();
    this.status.watch();
  }

  charted(channel) {
    const before = this.world.channels.get(channel.id)?.name;
    this.world.channels.set(channel.id, channel);
    if (channel.name !== before) this.log.renamed();
    if (channel.id === this.here.id) this.here = channel;
    this.head();
    this.forum.show();
  }

  counted(channelId, count) {
    this.world.counted(channelId, count);
    this.forum.show();
  }

  closed(channelId) {
    this.world.close(channelId);
    this.log.renamed();
    this.stay();
    this.forum.show();
  }

  /** After a change that is not told in full. */
  async lookAgain() {
    const { world } = this;
    if (this.lookingAgain === world) return;
    this.lookingAgain = world;
    let state, charts;
    try {
      do [charts, state] = [this.charts, await api.state()]; while (this.world === world && this.charts !== charts);
    } finally {
      if (this.lookingAgain === world) this.lookingAgain = null;
    }
    if (this.world !== world) return;
    world.take(state, this.me.id);
    this.log.renamed();
    this.stay();
  }

  /** Where one is; elsewhere if that place is gone, or is no longer for this person's eyes. */
  stay() {
    const { world, here } = this;
    if (world.channels.has(here.id)) {
      this.here = world.channels.get(here.id);
      return this.places.show();
    }
    this.missed(here.id);
    this.tried(this.enter(world.places()[0].id));
  }

  showTyping() {
    if (!this.here) return;
    const names = this.world.typingNow(this.here.id, this.me.id);
    const text = names.length ? say(names.length > 1 ? "typingMany" : "typing", { names: names.join(", ") }) : "";
    if ($("typing").textContent !== text) $("typing").textContent = text;
  }

  complain(text, options) {
    notify($("notices"), text, options);
  }

  tried(promise) {
    return promise.catch((error) => this.complain(say("failed", { reason: error.message })));
  }

  // What the person does: for the composer

  commands() {
    return this.registered;
  }

  offers = (kind) => this.world.offers(kind, this.here);

  async complete(command, option, partial, given) {
    try {
      const asked = { user_id: this.me.id, name: command.name, option: option.name, value: partial, options: given };
      return (await api.complete(this.here.id, asked)).choices;
    } catch {
      return [];
    }
  }

  readable = (text) => readable(text, this.world);

  /** What somebody asked, as they see it. */
  asked = ({ kind, text }) => this.readable(kind === "command" ? localized(text, this.commandNames) : text);

  sendMessage(text, replyTo, files) {
    return api.say(this.here.id, { user_id: this.me.id, content: addressed(text, this.offers), reply_to: replyTo?.id ?? null, files });
  }

  saveEdit(message, text) {
    return api.edit(message.channel_id, message.id, this.me.id, addressed(text, this.offers));
  }

  useCommand(command, options) {
    return api.use(this.here.id, { user_id: this.me.id, name: command.name, options });
  }

  typing() {
    api.typing(this.here.id, this.me.id).catch(() => {});
  }

  editLast() {
    const mine = this.world.messages(this.here.id).filter((message) => message.author.id === this.me.id);
    if (mine.length) this.composer.edit(mine.at(-1));
  }

  // What the person does: for a message

  /** What a message is drawn and acted upon with. */
  context(more) {
    const app = this;
    const acts = {
      act: (message, component, values) => app.tried(api.click({ user_id: app.me.id, message_id: message.id, custom_id: component.custom_id, values: values ?? [] })),
      reply: (message) => app.composer.reply(message, app.world.person(message.author.id)),
      edit: (message) => app.composer.edit(message),
      remove: (message, unasked) => app.tried(app.remove(message, unasked)),
      react: (message, emoji, add) => app.tried(api.react(message.channel_id, message.id, app.me.id, emoji, add)),
      useMenu: (command, message) => app.tried(api.use(app.here.id, { user_id: app.me.id, name: command.name, target_id: message.id })),
      inspect: (message) => app.drawer.inspect(message),
      openThread: (message) => app.tried(app.openThread(message)),
      enter: (id) => app.tried(app.enter(id)),
      commands: (type) => app.registered.filter((command) => command.type === type),
      offers: app.offers,
      names: app.names,
      dismiss(message) {
        app.world.drop(message.channel_id, [message.id]);
        app.log.removed([message.id]);
        app.write();
      },
      get me() { return app.me; },
      get bot() { return app.world.bot; },
      get canOpenThread() { return !isDirect(app.here) && !isThread(app.here); },
      get mayManage() { return app.world.canManage(app.here, app.me.id); },
    };
    return Object.assign(acts, more);
  }

  /** `unasked`: as Discord's client does while Shift is held. */
  async remove(message, unasked) {
    const sure = unasked || (await confirmDeletion(message, this.log.bar.context));
    this.log.focus(message.id);
    if (sure) await api.remove(message.channel_id, message.id, this.me.id);
  }

  async openThread(message) {
    const title = say("threadName");
    const field = { type: 18, label: title, component: { type: 4, custom_id: "name", style: 1, max_length: 100 } };
    const open = ({ name }) => api.openThread(message.channel_id, { user_id: this.me.id, name, message_id: message.id });
    const opened = await ask({ interaction_id: "thread", title: say("thread"), components: [field] }, this, open);
    if (!opened) return;
    this.world.channels.set(opened.id, opened);
    await this.enter(opened.id);
  }

  async fill(modal) {
    const user_id = this.me.id;
    await ask(modal, this, (values) => api.submit({ user_id, interaction_id: modal.interaction_id, values }));
    this.write();
  }
}

const HANDLERS = {
  message_create: (app, { message, message_count }) => app.written(message, message_count),
  message_update: (app, { message }) => app.edited(message),
  message_delete: (app, { channel_id, ids, message_count }) => app.gone(channel_id, ids, message_count),
  reaction: (app, { channel_id, message_id, reaction }) => app.reacted(channel_id, message_id, reaction),
  typing: (app, { channel_id, user_id }) => app.typed(channel_id, user_id),
  modal: (app, { modal }) => app.tried(app.fill(modal)),
  interaction_failed: (app) => app.complain(say("unanswered", { bot: app.world.bot.name })),
  bot: (app, { online }) => app.botIs(online),
  commands: (app) => app.tried(app.learnCommands().then((renamed) => renamed && app.log.renamed())),
  state: (app) => app.tried(app.lookAgain()),
  channel_create: (app, { channel }) => app.charted(channel),
  channel_update: (app, { channel }) => app.charted(channel),
  channel_delete: (app, { channel_id }) => app.closed(channel_id),
  limits: (app, { limits }) => app.drawer.meter.take(limits),
  faults: (app, { faults }) => app.drawer.faults.take(faults),
};

new App().start().catch((error) => {
  $("notices").append(element("p", {}, error.message));
});
