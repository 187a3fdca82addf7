/** What one asks of the trees of `rule-parser.js`. */

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @returns {import("./rule-parser.js").Tree[]} what its outermost operator or function takes
 */
export function partsOf(tree) {
  if (tree.kind === "binary") {
    return [tree.left, tree.right];
  }
  if (tree.kind === "negative") {
    return [tree.of];
  }
  return tree.kind === "call" ? tree.of : [];
}

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @returns {string[]} the names that it reads, from left to right
 */
export function namesReadBy(tree) {
  return tree.kind === "name" ? [tree.name] : partsOf(tree).flatMap(namesReadBy);
}

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @param {import("./rule-parser.js").Tree} part of it
 * @param {import("./rule-parser.js").Tree} other what shall stand there
 * @returns {import("./rule-parser.js").Tree}
 */
export function replaced(tree, part, other) {
  if (tree === part) {
    return other;
  }
  const inside = (one) => replaced(one, part, other);
  if (tree.kind === "binary") {
    return { ...tree, left: inside(tree.left), right: inside(tree.right) };
  }
  if (tree.kind === "negative") {
    return { ...tree, of: inside(tree.of) };
  }
  return tree.kind === "call" ? { ...tree, of: tree.of.map(inside) } : tree;
}
