// The playground's HTTP interface and its stream of events.

const BASE = "/playground/api";
const RETRY_MILLISECONDS = 1000;

async function call(method, path, body) {
  const options = body === undefined ? { method } : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(BASE + path, options);
  const text = await response.text();
  // The bot did not answer an interaction in time: an event tells that too.
  if (!response.ok && response.status !== 504) throw refusal(text, response.status);
  return text ? JSON.parse(text) : null;
}

/** With what is wrong where, if that was said. */
function refusal(text, status) {
  try {
    const { message, errors } = JSON.parse(text);
    return Object.assign(new Error(message ?? text), { errors, status });
  } catch {
    return new Error(text || String(status));
  }
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value != null)).toString();

export const api = {
  state: () => call("GET", "/state"),
  messages: (channel, user_id, limit, before) => call("GET", `/channels/${channel}/messages?${query({ user_id, limit, before })}`),
  say: (channel, message) => call("POST", `/channels/${channel}/messages`, message),
  edit: (channel, id, user_id, content) => call("PATCH", `/channels/${channel}/messages/${id}`, { user_id, content }),
  remove: (channel, id, user_id) => call("DELETE", `/channels/${channel}/messages/${id}?${query({ user_id })}`),
  react: (channel, id, user_id, emoji, add) => add
    ? call("PUT", `/channels/${channel}/messages/${id}/reactions`, { user_id, emoji })
    : call("DELETE", `/channels/${channel}/messages/${id}/reactions?${query({ user_id, emoji })}`),
  typing: (channel, user_id) => call("POST", `/channels/${channel}/typing`, { user_id }),
  commands: (channel_id, user_id) => call("GET", `/commands?${query({ channel_id, user_id })}`),
  use: (channel, body) => call("POST", `/channels/${channel}/commands`, body),
  complete: (channel, body) => call("POST", `/channels/${channel}/autocomplete`, body),
  click: (body) => call("POST", "/components", body),
  submit: (body) => call("POST", "/modals", body),
  openThread: (channel, body) => call("POST", `/channels/${channel}/threads`, body),
  post: (forum, body) => call("POST", `/channels/${forum}/posts`, body),
  faults: () => call("GET", "/faults"),
  addFault: (fault) => call("POST", "/faults", fault),
  removeFault: (id) => call("DELETE", `/faults/${id}`),
  clearFaults: () => call("DELETE", "/faults"),
  gateway: (action) => call("POST", "/gateway", { action }),
  calls: (after) => call("GET", `/model/calls?${query({ after })}`),
  runs: (user_id) => call("GET", `/runs?${query({ user_id })}`),
  bot: () => call("GET", "/bot"),
  control: (what) => call("POST", `/bot/${what}`, {}),
};

/** A file as the API takes it. */
export async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { filename: file.name, content_base64: btoa(binary) };
}

/**
 * Events of one person's world until `close()`; it connects again by itself. `onState(connected, again)` tells.
 *
 * `opened` resolves to true with the first connection, and to false where it is closed before that. While it is held,
 * events wait.
 */
export class Events {
  constructor(userId, onEvent, onState) {
    this.userId = userId;
    this.onEvent = onEvent;
    this.onState = onState;
    this.closed = false;
    this.opened = new Promise((resolve) => (this.settle = resolve));
    this.again = false;
    this.held = null;
    this.connect();
  }

  connect() {
    const address = new URL(`${BASE}/events?${query({ user_id: this.userId, limits: 1, faults: 1 })}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address);
    this.socket.addEventListener("open", () => {
      this.onState(true, this.again);
      this.again = true;
      this.settle(true);
    });
    this.socket.addEventListener("message", ({ data }) => this.take(JSON.parse(data)));
    this.socket.addEventListener("close", () => {
      if (this.closed) return;
      this.onState(false);
      setTimeout(() => this.closed || this.connect(), RETRY_MILLISECONDS);
    });
  }

  take(event) {
    if (this.held) this.held.push(event);
    else this.onEvent(event);
  }

  /** What waits, from now on: another than before, where it was held already. */
  hold() {
    return (this.held = []);
  }

  release() {
    const held = this.held;
    this.held = null;
    // Each by itself, as from the socket: one that fails does not stop the others.
    for (const event of held) queueMicrotask(() => this.onEvent(event));
  }

  reconnect() {
    this.socket.close();
  }

  close() {
    this.closed = true;
    this.settle(false);
    this.socket.close();
  }
}
