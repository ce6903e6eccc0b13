// A forum instead of a log: its posts, each a thread, and a form for one more.

import { api } from "./api.js";
import { icon } from "./icons.js";
import { element } from "./markdown.js";
import { addressed } from "./mentions.js";
import { clockTime, number, say } from "./words.js";

export class Forum {
  constructor(root, app) {
    this.root = root;
    this.app = app;
  }

  /** Opened anew: nothing of another forum's post is left in the form. */
  open(forum) {
    this.forum = forum;
    this.list = element("ul", { className: "posts" });
    const writable = this.app.world.canWrite(forum, this.app.me.id);
    this.root.replaceChildren(writable ? this.form() : element("p", { className: "none" }, say("readOnly", { place: forum.name })), this.list);
    this.show();
    for (const node of this.root.querySelectorAll("details")) node.open = !this.posts.length;
  }

  get posts() {
    return this.app.world.threads(this.forum).sort((one, other) => Number(BigInt(other.id) - BigInt(one.id)));
  }

  /** Only the posts, where they are in sight: what is being written stays. */
  show() {
    if (!this.forum || this.forum.id !== this.app.here.id) return;
    const held = this.list.contains(document.activeElement) && document.activeElement.dataset.id;
    const items = this.posts.map((post) => element("li", {}, this.entry(post)));
    if (!items.length) items.push(element("li", { className: "none" }, element("h2", {}, say("noPosts")), say("aboutForum", { bot: this.app.world.bot.name })));
    this.list.replaceChildren(...items);
    if (held) this.list.querySelector(`[data-id="${held}"]`)?.focus();
  }

  entry(post) {
    const { app } = this;
    const about = [app.world.person(post.owner_id), clockTime(app.world.created(post.id)), say("messages", { count: number(post.message_count) })];
    const words = element("span", {}, element("b", {}, post.name), ...post.tags.map((tag) => element("span", { className: "tag" }, tag)), element("small", {}, about.join(" · ")));
    const button = element("button", { type: "button", className: "post" }, icon("thread"), words);
    button.dataset.id = post.id;
    button.addEventListener("click", () => app.tried(app.enter(post.id)));
    return button;
  }

  form() {
    const title = element("input", { type: "text", id: "post-title", maxLength: 100, required: true });
    const text = element("textarea", { id: "post-text", rows: 4, required: true, placeholder: say("postHint", { bot: this.app.world.bot.name }) });
    const tags = this.forum.tags.map((tag) => element("label", { className: "tag" }, element("input", { type: "checkbox", value: tag }), tag));
    const post = element("button", { type: "submit", className: "button primary" }, say("post"));
    const form = element("form", {}, field(title, "postTitle"), field(text, "postText"), tags.length ? element("div", { className: "row" }, ...tags) : null, post);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      post.disabled = true;
      const chosen = [...form.querySelectorAll(":checked")].map((each) => each.value);
      await this.app.tried(this.send(title.value, text.value, chosen));
      post.disabled = false;
    });
    return element("details", { className: "new-post" }, element("summary", {}, say("newPost")), form);
  }

  async send(name, text, tags) {
    const { app } = this;
    const post = await api.post(this.forum.id, { user_id: app.me.id, name, content: addressed(text, app.offers), tags });
    app.world.channels.set(post.id, post);
    await app.enter(post.id);
  }
}

const field = (control, word) => element("div", { className: "field" }, element("label", { htmlFor: control.id }, say(word)), control);
