// Whom and where the page's address names: a link to it opens that place as that person.

/** Null for what it does not name. */
export function address() {
  const values = new URLSearchParams(location.hash.slice(1));
  return { person: values.get("person"), channel: values.get("channel") };
}

/** Not a step of the browser's history: that is the person's way through pages, not through places. */
export const settle = (person, channel) => history.replaceState(null, "", `#person=${person}&channel=${channel}`);

const DISCORD = /^https:\/\/(?:(?:ptb|canary)\.)?discord(?:app)?\.com\/channels\/(@me|\d+)\/(\d+)(?:\/(\d+))?\/?$/;

/** The place of this world, and the message, that a link of Discord's leads to; null for any other link. */
export function linked(href, world) {
  const [, guild, channel, message] = DISCORD.exec(href ?? "") ?? [];
  return (world.channels.get(channel)?.guild_id ?? "@me") === guild && world.channels.has(channel) ? { channel, message } : null;
}
