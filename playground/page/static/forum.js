// A forum instead of a log: its posts, each a thread.

import { icon } from "./icons.js";
import { element } from "./markdown.js";
import { say } from "./words.js";

export function showPosts(root, posts, enter) {
  const items = posts.map((post) => {
    const button = element("button", { type: "button", className: "post" }, icon("thread"), element("b", {}, post.name));
    button.addEventListener("click", () => enter(post));
    return element("li", {}, button);
  });
  root.replaceChildren(items.length ? element("ul", { className: "posts" }, ...items) : element("p", { className: "none" }, say("noPosts")));
}
