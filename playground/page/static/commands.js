// A slash command as it is typed: `/persona use name:Poet`. What it means, and what can come next.

import { say } from "./words.js";

const CHAT_INPUT = 1, STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;
const SHOWN = 25;

const namesOf = (thing) => [...new Set([thing.shown_name, thing.name])];

/** The command that the line names, with what was given; null if it names none. */
export function parse(line, commands) {
  if (!line.startsWith("/")) return null;
  const typed = line.slice(1);
  const called = (command, name) => typed === name || typed.startsWith(`${name} `) || typed.startsWith(`${name}\n`);
  const found = commands
    .flatMap((command) => [...new Set([command.shown_name, command.name])].map((name) => ({ command, name })))
    .filter(({ command, name }) => called(command, name))
    .sort((one, other) => other.name.length - one.name.length)[0];
  return found ? { command: found.command, given: values(typed.slice(found.name.length), found.command.options) } : null;
}

function values(rest, options) {
  const starts = [];
  // Files are not written in the line.
  for (const option of options.filter((each) => each.type !== ATTACHMENT)) {
    for (const name of namesOf(option)) {
      const at = ` ${rest.replace(/\s/g, " ")}`.indexOf(` ${name}:`);
      if (at >= 0 && !starts.some((start) => start.option === option)) starts.push({ option, at, from: at + name.length + 1 });
    }
  }
  starts.sort((one, other) => one.at - other.at);
  return starts.map((start, index) => ({ option: start.option, text: rest.slice(start.from, starts[index + 1]?.at ?? rest.length) }));
}

/**
 * What can be picked at the end of the line: `[{ label, about, hint, line, file, passive }]`, where `line` is the line
 * after the pick and `file` an option that takes one. `attached` names options that have theirs. `offers(kind)` names
 * people, roles and channels; `complete(command, option, partial, given)` asks the bot.
 */
export async function suggestions(line, commands, { offers, complete, attached }) {
  const parsed = parse(line, commands);
  if (!parsed || line === `/${parsed.command.shown_name}`) return matching(line, commands);
  const last = writing(parsed);
  if (!last) return remaining(line, parsed, attached);
  const values = await valuesFor(line, parsed, last, { offers, complete });
  if (values.length || !last.text.trim()) return values;
  return remaining(`${line.trimEnd()} `, parsed, attached).map((item) => ({ ...item, chip: true }));
}

/** The option whose value stands at the end of the line. A value of one's own words may have several. */
function writing({ given }) {
  const last = given.at(-1);
  const settled = last && !isFree(last.option) && /\S\s$/.test(last.text);
  return settled ? null : (last ?? null);
}

const isFree = (option) => option.type === STRING && !option.choices?.length && !option.autocomplete;

/** What the option is that is being written, and how many could follow; null where none is. */
export function hintFor(line, commands, attached) {
  const parsed = parse(line, commands);
  const last = parsed && writing(parsed);
  if (!last) return null;
  const optional = unused(parsed, attached).filter((option) => !option.required).length;
  return { name: namesOf(last.option)[0], about: last.option.shown_description, required: last.option.required, optional };
}

function matching(line, commands) {
  const typed = line.slice(1).toLowerCase();
  const fits = (command) => [command.shown_name, command.name].some((name) => name.toLowerCase().includes(typed));
  const starts = (command) => [command.shown_name, command.name].some((name) => name.toLowerCase().startsWith(typed));
  return commands
    .filter((command) => command.type === CHAT_INPUT && fits(command))
    .sort((one, other) => starts(other) - starts(one) || one.shown_name.localeCompare(other.shown_name))
    .map((command) => ({ label: `/${command.shown_name}`, about: command.shown_description, hint: hintOf(command), line: start(command) }));
}

const hintOf = (command) => command.options.map((option) => (option.required ? namesOf(option)[0] : `[${namesOf(option)[0]}]`)).join(" ");

function start(command) {
  const first = command.options.find((option) => option.required && option.type !== ATTACHMENT);
  return `/${command.shown_name} ${first ? `${namesOf(first)[0]}:` : ""}`;
}

function unused({ command, given }, attached) {
  return command.options.filter((option) => !given.some((each) => each.option === option) && !attached.includes(option.name));
}

function remaining(line, parsed, attached) {
  const { command, given } = parsed;
  const partial = given.length ? "" : /\S*$/.exec(line.slice(command.shown_name.length + 1))[0].toLowerCase();
  const base = line.slice(0, line.length - partial.length).trimEnd();
  return unused(parsed, attached)
    .filter((option) => namesOf(option).some((name) => name.toLowerCase().startsWith(partial)))
    .map((option) => ({
      label: `${namesOf(option)[0]}:`,
      about: option.shown_description,
      hint: say(option.required ? "required" : "optional"),
      line: option.type === ATTACHMENT ? `${base} ` : `${base} ${namesOf(option)[0]}:`,
      file: option.type === ATTACHMENT ? option : null,
      passive: !option.required,
    }));
}

async function valuesFor(line, { command, given }, last, { offers, complete }) {
  const partial = last.text.trimStart();
  const base = line.slice(0, line.length - partial.length);
  const offered = await choicesOf(last.option, partial, command, given, { offers, complete });
  return offered.slice(0, SHOWN).map(({ name }) => ({ label: name, line: `${base}${name} `, about: "" }));
}

async function choicesOf(option, partial, command, given, { offers, complete }) {
  if (option.autocomplete) return complete(command, option, partial, given);
  const wanted = partial.toLowerCase();
  return fixed(option, offers).filter((choice) => choice.name.toLowerCase().includes(wanted));
}

function fixed(option, offers) {
  if (option.choices?.length) return option.choices.map((choice) => ({ name: choice.shown_name, value: choice.value }));
  switch (option.type) {
    case BOOLEAN: return [{ name: say("yes"), value: true }, { name: say("no"), value: false }];
    case USER: return ids(offers("people"));
    case CHANNEL: return ids(offers("channels"));
    case ROLE: return ids(offers("roles"));
    case MENTIONABLE: return ids([...offers("people"), ...offers("roles")]);
    default: return [];
  }
}

const ids = (things) => things.map((thing) => ({ name: thing.name, value: thing.id }));

/** The options as the bot takes them, `{name: value}`; `picked` holds values of autocompleted names. */
export function filled({ command, given }, { offers, picked, attached }) {
  const has = (option) => attached.includes(option.name) || given.some((each) => each.option === option && each.text.trim());
  const missing = command.options.find((option) => option.required && !has(option));
  if (missing) throw new Error(say("missing", { name: namesOf(missing)[0] }));
  const entries = given.filter((each) => each.text.trim()).map(({ option, text }) => [option.name, valueOf(option, text.trim(), { offers, picked })]);
  return Object.fromEntries(entries);
}

/** What is written for an option as the bot takes it: people see names. */
export function valueOf(option, text, { offers, picked }) {
  if (option.autocomplete) return picked.get(`${option.name}:${text}`) ?? text;
  const choice = fixed(option, offers).find((each) => each.name.toLowerCase() === text.toLowerCase());
  if (choice) return choice.value;
  if (option.type === INTEGER || option.type === NUMBER) return Number(text);
  return text;
}

/** Which file goes to which option, `Map` by name: those chosen for one, the others in their order. Null: too many. */
export function fileOptions(command, files) {
  const slots = command.options.filter((option) => option.type === ATTACHMENT).map((option) => option.name);
  const placed = new Map(files.filter((each) => slots.includes(each.option)).map((each) => [each.option, each.file]));
  const free = slots.filter((name) => !placed.has(name));
  const others = files.filter((each) => placed.get(each.option) !== each.file);
  if (others.length > free.length) return null;
  others.forEach((each, index) => placed.set(free[index], each.file));
  return placed;
}
