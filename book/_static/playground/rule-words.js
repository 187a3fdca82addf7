/** Words that may have been meant. */

/**
 * The known word that differs from another one least.
 * @param {string} word
 * @param {Iterable<string>} known
 * @returns {string | null} null where more than two letters, or half of them, are others
 */
export function nearest(word, known) {
  let found = null;
  let least = Math.min(2, word.length / 2);
  for (const other of known) {
    const changes = changesBetween(word.toLowerCase(), other);
    if (changes <= least && (found === null || changes < least)) {
      [found, least] = [other, changes];
    }
  }
  return found;
}

/** How many letters to put in, leave out or replace (Levenshtein). */
function changesBetween(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i += 1) {
    const above = row;
    row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = above[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j] + 1, row[j - 1] + 1));
    }
  }
  return row[other.length];
}
