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
  const found = [];
  const look = (one) => (one.kind === "name" ? found.push(one.name) : partsOf(one).forEach(look));
  look(tree);
  return found;
}

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @returns {number} how many operators and functions it holds
 */
export function operationsIn(tree) {
  const own = tree.kind === "name" || tree.kind === "number" ? 0 : 1;
  return partsOf(tree).reduce((sum, part) => sum + operationsIn(part), own);
}

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @param {import("./rule-parser.js").Tree[]} parts
 * @returns {import("./rule-parser.js").Tree} the tree with these in place of its own parts
 */
export function withParts(tree, parts) {
  switch (tree.kind) {
    case "binary":
      return { ...tree, left: parts[0], right: parts[1] };
    case "negative":
      return { ...tree, of: parts[0] };
    case "call":
      return { ...tree, of: parts };
    default:
      return tree;
  }
}

/** @type {WeakMap<import("./rule-parser.js").Tree, boolean>} whether it holds no names: asked often */
const constants = new WeakMap();

/**
 * @param {import("./rule-parser.js").Tree} tree
 * @returns {boolean} whether it reads no names
 */
export function isConstant(tree) {
  if (!constants.has(tree)) {
    constants.set(tree, tree.kind !== "name" && partsOf(tree).every(isConstant));
  }
  return constants.get(tree);
}
