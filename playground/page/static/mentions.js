// What people read and write in place of Discord's mentions: names.

/** A message's text as one writes it. */
export function readable(text, world) {
  return text.replace(/<@!?(\d+)>/g, (_, id) => `@${world.person(id)}`).replace(/<#(\d+)>/g, (_, id) => `#${world.channel(id)}`);
}

/** What was written, with mentions of those that `offers(kind)` names; longer names first. */
export function addressed(text, offers) {
  const named = (sign, things, form) => {
    for (const thing of [...things].sort((one, other) => other.name.length - one.name.length)) {
      text = text.replaceAll(`${sign}${thing.name}`, form(thing.id));
    }
  };
  named("@", offers("people"), (id) => `<@${id}>`);
  named("#", offers("channels"), (id) => `<#${id}>`);
  return text;
}

/** A command as it was used, called by its name in the person's language. */
export function localized(text, names) {
  const used = Object.keys(names).find((name) => `${text} `.startsWith(`/${name} `));
  return used ? `/${names[used]}${text.slice(used.length + 1)}` : text;
}
