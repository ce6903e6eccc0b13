// A slash command as it is typed: `/persona use name:Poet`. What it means, and what can come next.

import { say } from "./words.js";

const CHAT_INPUT = 1, STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;
const SHOWN = 25;
// Of a text option that sets no limit.
const LONGEST = 6000;

const namesOf = (thing) => [...new Set([thing.shown_name, thing.name])];

/** The command that the line names, by which of its names, and what was given; null if it names none. */
export function parse(line, commands) {
  if (!line.startsWith("/")) return null;
  const typed = line.slice(1);
  const called = (command, name) => typed === name || typed.startsWith(`${name} `) || typed.startsWith(`${name}\n`);
  const found = commands
    .flatMap((command) => namesOf(command).map((name) => ({ command, name })))
    .filter(({ command, name }) => called(command, name))
    .sort((one, other) => other.name.length - one.name.length)[0];
  return found ? { ...found, given: values(typed.slice(found.name.length), found.command.options) } : null;
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
  const named = starts.map((start, index) => ({ option: start.option, text: rest.slice(start.from, starts[index + 1]?.at ?? rest.length) }));
  return [...unnamed(rest.slice(0, starts[0]?.at ?? rest.length), options, named), ...named];
}

/** Words right after the command are for its first required option, or its first one: as in Discord's client. */
function unnamed(text, options, named) {
  const [option, ...others] = [...options].sort((one, other) => !!other.required - !!one.required);
  const free = (each) => !named.some((given) => given.option === each);
  if (!text.trim() || option?.type !== STRING || !free(option)) return [];
  return dealt(text, [option, ...others.filter((each) => each.type !== ATTACHMENT && free(each))]);
}

/** What follows one of the option's choices is for the next option. */
function dealt(text, [option, ...others]) {
  const chosen = others.length ? choiceBefore(text, option.choices ?? []) : null;
  if (!chosen) return [{ option, text, unnamed: true }];
  return [{ option, text: chosen, unnamed: true }, ...dealt(text.slice(chosen.length), others)];
}

/** The beginning of the text that is a choice's name, the longest; null if nothing follows it. */
function choiceBefore(text, choices) {
  const words = text.trimStart();
  const begins = (name) => words.toLowerCase().startsWith(name.toLowerCase()) && !/^\S/.test(words.slice(name.length));
  const [name] = choices.flatMap(namesOf).filter(begins).sort((one, other) => other.length - one.length);
  return name && words.slice(name.length).trim() ? text.slice(0, text.length - words.length + name.length) : null;
}

/**
 * What can be picked at the end of the line: `[{ label, about, hint, line, file, passive }]`, where `line` is the line
 * after the pick and `file` an option that takes one. `attached` names options that have theirs. `offers(kind)` names
 * people, roles and channels; `complete(command, option, partial, given)` asks the bot.
 */
export async function suggestions(line, commands, { offers, complete, attached }) {
  const parsed = parse(line, commands);
  if (!parsed || line === `/${parsed.name}`) return matching(line, commands);
  const last = writing(parsed);
  if (!last) return remaining(line, parsed, attached, parsed.given.length ? "" : /\S*$/.exec(line.slice(parsed.name.length + 1))[0]);
  const values = await valuesFor(line, parsed, last, { offers, complete });
  values.push(...begun(line, parsed, last, attached));
  if (values.length || !last.text.trim()) return values;
  return remaining(`${line.trimEnd()} `, parsed, attached).map((item) => ({ ...item, chip: true }));
}

/** A single word may be the beginning of an option's name as well; Enter takes it for a value. */
function begun(line, parsed, { unnamed, text }, attached) {
  if (!unnamed || !/^\s*\S+$/.test(text)) return [];
  return remaining(line, { ...parsed, given: parsed.given.slice(0, -1) }, attached, text.trim()).map((item) => ({ ...item, passive: true }));
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
  const fits = (command) => namesOf(command).some((name) => name.toLowerCase().includes(typed));
  const starts = (command) => namesOf(command).some((name) => name.toLowerCase().startsWith(typed));
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

/** The options that could follow; `partial` at the end of the line is the beginning of their name. */
function remaining(line, parsed, attached, partial = "") {
  const base = line.slice(0, line.length - partial.length).trimEnd();
  return unused(parsed, attached)
    .filter((option) => namesOf(option).some((name) => name.toLowerCase().startsWith(partial.toLowerCase())))
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
  return (fixed(option, offers) ?? []).filter((choice) => choice.names.some((name) => name.toLowerCase().includes(wanted)));
}

/** What alone an option takes: `[{ name, names, value }]`; null where that is anything of its kind. */
function fixed(option, offers) {
  if (option.choices?.length) return option.choices.map((choice) => ({ name: choice.shown_name, names: namesOf(choice), value: choice.value }));
  switch (option.type) {
    case BOOLEAN: return [named(say("yes"), true), named(say("no"), false)];
    case USER: return ids(offers("people"));
    case CHANNEL: return ids(offers("channels"));
    case ROLE: return ids(offers("roles"));
    case MENTIONABLE: return ids([...offers("people"), ...offers("roles")]);
    default: return null;
  }
}

const named = (name, value) => ({ name, names: [name], value });
const ids = (things) => things.map((thing) => named(thing.name, thing.id));

/**
 * The options as the bot takes them, `{name: value}`; `picked` holds values of autocompleted names. Throws an Error
 * that says to people what is wrong.
 */
export function filled({ command, given }, { offers, picked, attached }) {
  const has = (option) => attached.includes(option.name) || given.some((each) => each.option === option && each.text.trim());
  const missing = command.options.find((option) => option.required && !has(option));
  if (missing) throw new Error(say(missing.type === ATTACHMENT ? "missingFile" : "missing", { name: namesOf(missing)[0] }));
  const entries = given.filter((each) => each.text.trim()).map(({ option, text }) => [option.name, checked(option, text.trim(), { offers, picked })]);
  return Object.fromEntries(entries);
}

function checked(option, text, from) {
  const value = valueOf(option, text, from);
  const wrong = objection(option, value, from.offers);
  if (!wrong) return value;
  const limits = { shortest: shortest(option), longest: longest(option), least: option.min_value, most: option.max_value };
  throw new Error(say(wrong, { name: namesOf(option)[0], value: text, ...limits }));
}

const shortest = (option) => option.min_length || 1;
const longest = (option) => option.max_length || LONGEST;

/** Which words say why an option does not take the value; null if it does. */
function objection(option, value, offers) {
  const known = fixed(option, offers);
  if (known) return known.some((each) => each.value === value) || isId(option, value) ? null : "notOffered";
  if (option.type === STRING) {
    const length = [...value].length;
    return length < shortest(option) || length > longest(option) ? "takesCharacters" : null;
  }
  if (option.type === INTEGER && !Number.isInteger(value)) return "takesWhole";
  if (Number.isNaN(value)) return "takesNumber";
  if (value < option.min_value) return "takesAtLeast";
  return value > option.max_value ? "takesAtMost" : null;
}

/** Of somebody or something that is not offered, but may be there. */
const isId = (option, value) => !option.choices?.length && option.type !== BOOLEAN && /^\d+$/.test(value);

/** What is written for an option as the bot takes it: people see names. */
export function valueOf(option, text, { offers, picked }) {
  if (option.autocomplete) return picked.get(`${option.name}:${text}`) ?? (isNumber(option) ? Number(text) : text);
  const called = (each) => [...each.names, String(each.value)].some((name) => name.toLowerCase() === text.toLowerCase());
  const choice = fixed(option, offers)?.find(called);
  if (choice) return choice.value;
  return isNumber(option) ? Number(text) : text;
}

const isNumber = (option) => option.type === INTEGER || option.type === NUMBER;

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
