// What one person sees of the playground: people, places and messages, kept up to date by events.

const DM = 1, CATEGORY = 4, THREADS = [10, 11, 12];
const MANAGE_MESSAGES = 1n << 13n;

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
    if (channel.type === DM) return `@${channel.name}`;
    return isThread(channel) ? `↳ ${channel.name}` : `# ${channel.name}`;
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

  person(id) {
    return this.people.get(id)?.name ?? "unknown";
  }

  channel(id) {
    return this.channels.get(id)?.name ?? "unknown";
  }

  log(channelId) {
    if (!this.logs.has(channelId)) this.logs.set(channelId, new Map());
    return this.logs.get(channelId);
  }

  put(message) {
    const known = this.log(message.channel_id);
    const isNew = !known.has(message.id);
    known.set(message.id, message);
    return isNew;
  }

  drop(channelId, ids) {
    const known = this.log(channelId);
    for (const id of ids) {
      known.delete(id);
      for (const message of known.values()) {
        if (message.referenced_message?.id === id) message.referenced_message = null;
      }
    }
  }

  /** In the order of their ids, which is that of their times. */
  messages(channelId) {
    return [...this.log(channelId).values()].sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  }

  react(channelId, messageId, reaction) {
    const message = this.log(channelId).get(messageId);
    if (!message) return;
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
