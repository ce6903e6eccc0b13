// What a message is made of. A part whose source is as before stays the same node when the message is drawn anew, and
// with it what a person did there: an unfolded file, an open spoiler, selected text, the focus.

const known = new WeakMap();

/** The parts of what is drawn in `root`, each to be asked for in turn: `part(kind, source, make)`. */
export function partsOf(root) {
  const before = known.get(root) ?? new Map();
  const now = new Map();
  known.set(root, now);
  return (kind, source, make) => {
    let key = `${kind} ${JSON.stringify(source)}`;
    while (now.has(key)) key += "+";
    const node = before.get(key) ?? make();
    now.set(key, node);
    return node;
  };
}

/** Only what does not stand in its place already is moved: a node that moves loses the focus and its selection. */
export function place(root, children) {
  const wanted = new Set(children);
  for (const node of [...root.children]) if (!wanted.has(node)) node.remove();
  let at = root.firstChild;
  for (const node of children) {
    if (node === at) at = at.nextSibling;
    else root.insertBefore(node, at);
  }
}
