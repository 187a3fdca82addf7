/** Random numbers that are the same on every machine: a seed gives one sequence. */

/**
 * Uniform numbers in [0, 1).
 * @param {number} seed a whole number
 * @returns {() => number}
 */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    // a counter, scrambled by multiplications and shifts of 32 bits
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

/**
 * Normally distributed numbers of mean 0 and variance 1 (Box and Muller).
 * @param {number} seed a whole number
 * @returns {() => number}
 */
export function normals(seed) {
  const draw = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/**
 * The order of the minibatches: every epoch a fresh shuffle, the same for every algorithm.
 * @param {number} rows number of data points
 * @param {number} batch minibatch size, a divisor of `rows`
 * @param {number} seed a whole number
 * @param {number} steps how many minibatches
 * @returns {number[][]} the data points of each
 */
export function minibatches(rows, batch, seed, steps) {
  const draw = uniforms(1000 + seed);
  const batches = [];
  while (batches.length < steps) {
    const order = shuffled(rows, draw);
    for (let first = 0; first < rows; first += batch) {
      batches.push(order.slice(first, first + batch));
    }
  }
  return batches.slice(0, steps);
}

function shuffled(rows, draw) {
  const order = Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i -= 1) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
