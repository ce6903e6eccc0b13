// What one person sees of the playground: people, places and messages, kept up to date by events.

const DM = 1, CATEGORY = 4, NEWS = 5, THREADS = [10, 11, 12], FORUM = 15;
const EPOCH = Date.UTC(2015, 0, 1);
const MANAGE_MESSAGES = 1n << 13n;
// Of a place that is not open: enough for its unread mark; the rest is asked for when it is entered.
const KEPT_ELSEWHERE = 100;

export const isForum = (channel) => channel.type === FORUM;
export const isDirect = (channel) => channel.type === DM;
export const isThread = (channel) => THREADS.includes(channel.type);

export class World {
  constructor() {
    this.people = new Map();
    this.channels = new Map();
    this.roles = new Map();
    this.guilds = [];
    this.logs = new Map();
    this.typing = new Map();
    this.asked = new Set();
    this.bot = null;
    this.online = false;
  }

  /** The state as one person may see it; without a person all that there is. */
  take(state, meId = null) {
    this.people = new Map([state.bot, ...state.people].map((person) => [person.id, person]));
    this.bot = state.bot;
    this.online = state.bot.online;
    this.guilds = state.guilds.filter((guild) => !meId || guild.members.some((member) => member.user_id === meId));
    this.roles = new Map(this.guilds.flatMap((guild) => guild.roles).map((role) => [role.id, role]));
    const direct = state.dms.filter((channel) => channel.user_id === meId).map((channel) => ({ ...channel, name: this.bot.name }));
    const channels = [...this.guilds.flatMap((guild) => guild.channels), ...direct];
    this.channels = new Map(channels.filter((channel) => !meId || channel.viewers.includes(meId)).map((channel) => [channel.id, channel]));
  }

  places() {
    return [...this.channels.values()].filter((channel) => channel.type !== CATEGORY);
  }

  title(channel) {
    return isDirect(channel) ? `@${channel.name}` : isThread(channel) || isForum(channel) ? channel.name : `# ${channel.name}`;
  }

  sign(channel) {
    if (isThread(channel)) return "thread";
    return { [DM]: "at", [NEWS]: "news", [FORUM]: "forum" }[channel.type] ?? "hash";
  }

  /** The threads of a channel that are not archived; a forum's are its posts. */
  threads(channel) {
    return this.places().filter((each) => isThread(each) && each.parent_id === channel.id && !each.archived);
  }

  canWrite(channel, meId) {
    return channel.writers.includes(meId);
  }

  canManage(channel, meId) {
    const guild = this.guilds.find((each) => each.id === channel.guild_id);
    const member = guild?.members.find((each) => each.user_id === meId);
    return !!member && (BigInt(member.permissions) & MANAGE_MESSAGES) !== 0n;
  }

  /** What can be named in a place: `people`, `channels` or `roles`, each with id and name. */
  offers(kind, channel) {
    const guild = this.guilds.find((each) => each.id === channel.guild_id);
    switch (kind) {
      case "people": return guild ? guild.members.map((member) => ({ id: member.user_id, name: member.name })) : [this.bot];
      case "channels": return this.places().filter((each) => guild && each.guild_id === guild.id);
      default: return (guild?.roles ?? []).filter((role) => role.id !== guild.id);
    }
  }

  /** Its threads go with a place. */
  close(channelId) {
    for (const each of this.places()) if (isThread(each) && each.parent_id === channelId) this.channels.delete(each.id);
    this.channels.delete(channelId);
  }

  /** How many messages a thread has now; of other places nothing is told. */
  counted(channelId, count) {
    const channel = this.channels.get(channelId);
    if (channel && count !== undefined) channel.message_count = count;
  }

  /** When something with this id was made, in milliseconds: ids carry it. */
  created(id) {
    return Number(BigInt(id) >> 22n) + EPOCH;
  }

  person(id) {
    return this.people.get(id)?.name ?? "unknown";
  }

  channel(id) {
    return this.channels.get(id)?.name ?? "unknown";
  }

  log(channelId) {
    if (!this.logs.has(channelId)) this.logs.set(channelId, { byId: new Map(), ids: [], whole: false });
    return this.logs.get(channelId);
  }

  /**
   * What `fetch` returns, with `news`: what events told meanwhile, and know better. `ids` are the messages that they
   * told of, those gone too; `later` does again what may concern messages that were not known yet.
   */
  async asking(fetch) {
    const news = { ids: new Set(), later: [] };
    this.asked.add(news);
    try {
      return { ...(await fetch()), news };
    } finally {
      this.asked.delete(news);
    }
  }

  told(id) {
    for (const news of this.asked) news.ids.add(id);
  }

  again(change) {
    for (const news of this.asked) news.later.push(change);
  }

  /** Messages of a place, by an answer that may be older than the news. */
  learn(messages, news) {
    for (const message of messages) if (!news.ids.has(message.id)) this.put(message);
    for (const change of news.later) change();
  }

  /** What a place's history begins with; what was known and is older would leave a gap. `whole`: there is nothing before. */
  open(channelId, messages, news, whole) {
    const oldest = messages[0]?.id;
    const known = this.messages(channelId).filter((message) => !oldest || !isOlder(message.id, oldest));
    this.logs.delete(channelId);
    for (const message of known) this.put(message);
    this.learn(messages, news);
    this.log(channelId).whole = whole;
  }

  /** True for one that was not known. */
  put(message) {
    const { byId, ids } = this.log(message.channel_id);
    const isNew = !byId.has(message.id);
    byId.set(message.id, message);
    this.told(message.id);
    if (isNew) insert(ids, message.id);
    return isNew;
  }

  /** False for one that is not known: before the known history it would leave a gap. */
  change(message) {
    this.again(() => this.change(message));
    if (!this.message(message.channel_id, message.id)) return false;
    this.put(message);
    return true;
  }

  drop(channelId, ids) {
    const known = this.log(channelId);
    const gone = new Set(ids);
    this.again(() => this.drop(channelId, ids));
    for (const id of ids) {
      known.byId.delete(id);
      this.told(id);
    }
    known.ids = known.ids.filter((id) => !gone.has(id));
    for (const message of known.byId.values()) {
      if (gone.has(message.referenced_message?.id)) message.referenced_message = null;
    }
  }

  /** Of a place that was left: only the newest. */
  trim(channelId) {
    const known = this.log(channelId);
    for (const id of known.ids.splice(0, Math.max(0, known.ids.length - KEPT_ELSEWHERE))) {
      known.byId.delete(id);
      known.whole = false;
    }
  }

  message(channelId, id) {
    return this.log(channelId).byId.get(id);
  }

  /** In the order of their times. */
  ids(channelId) {
    return this.log(channelId).ids;
  }

  messages(channelId) {
    const { byId, ids } = this.log(channelId);
    return ids.map((id) => byId.get(id));
  }

  react(channelId, messageId, reaction) {
    this.again(() => this.react(channelId, messageId, reaction));
    const message = this.message(channelId, messageId);
    if (!message) return;
    this.told(messageId);
    const known = message.reactions.find((each) => each.emoji === reaction.emoji);
    if (known) Object.assign(known, reaction);
    else message.reactions.push(reaction);
    message.reactions = message.reactions.filter((each) => each.count > 0);
  }

  /** Discord's client shows the sign for ten seconds. */
  typed(channelId, userId, seconds = 10) {
    if (!this.typing.has(channelId)) this.typing.set(channelId, new Map());
    this.typing.get(channelId).set(userId, Date.now() + seconds * 1000);
  }

  stopped(channelId, userId) {
    this.typing.get(channelId)?.delete(userId);
  }

  typingNow(channelId, meId) {
    const until = [...(this.typing.get(channelId) ?? [])];
    return until.filter(([id, end]) => id !== meId && end > Date.now()).map(([id]) => this.person(id));
  }
}

/** Ids grow with time; as text they are compared by length first. */
const isOlder = (one, other) => one.length < other.length || (one.length === other.length && one < other);

function insert(ids, id) {
  let at = ids.length;
  while (at > 0 && isOlder(id, ids[at - 1])) at -= 1;
  ids.splice(at, 0, id);
}
