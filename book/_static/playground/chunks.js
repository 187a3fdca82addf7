/** Long work in pieces, between which the page does what else waits. */

/** What one piece costs at most, in steps of a rule of usual length. */
export const PIECE = 20_000;

/**
 * Do work that comes as a generator, which yields the cost of what it did since the last time. The
 * first piece is done at once.
 * @template Result
 * @param {Generator<number, Result>} work
 * @param {() => boolean} goesOn is asked before each further piece
 * @param {() => void} [waits] is told once, if it takes more than one piece
 * @returns {Promise<Result | null>} null if it went on no longer
 */
export async function inPieces(work, goesOn, waits) {
  for (let first = true; first || goesOn(); first = false) {
    for (let spent = 0; spent < PIECE; ) {
      const { done, value } = work.next();
      if (done === true) {
        return value;
      }
      spent += value;
    }
    if (first) {
      waits?.();
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return null;
}
