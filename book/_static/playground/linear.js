/**
 * What a rule does along one axis of a bowl, where it is linear in θ, g and its state.
 *
 * Along an axis of curvature λ the gradient is λθ, so that one step multiplies (θ, state) by a matrix.
 * Whether a rule is linear is found out from what it does with numbers.
 */

/** Numbers with nothing in common: what is linear for them is linear. */
const TRIALS = [
  0.7310585, -1.3862943, 0.2718281, 1.6180339, -0.5772156, 2.2360679, -0.8862269, 1.1, -0.3,
];
const STEPS = [1, 2, 9]; // a rule that corrects a bias does something else in each

/**
 * One step of both parameters.
 * @param {import("./walk.js").Algorithm} algorithm
 * @param {Record<string, number>} numbers
 * @param {number[][]} before θ, g and the states of each
 * @param {number} t
 * @returns {number[][]} θ and the states of each
 */
function stepped(algorithm, numbers, [one, two], t) {
  const state = ([, , ...values]) =>
    Object.fromEntries(algorithm.state.map((name, i) => [name, values[i]]));
  const after = algorithm.updateBoth(
    [state(one), state(two)],
    [one[0], two[0]],
    [one[1], two[1]],
    t,
    numbers,
  );
  return after.map((each) => [each.theta, ...algorithm.state.map((name) => each[name])]);
}

/**
 * The coefficients of θ, g and the states in a step of one parameter by a linear rule.
 * @param {import("./walk.js").Algorithm} algorithm a rule's
 * @param {Record<string, number>} numbers its hyperparameters
 * @returns {number[][]} a row for each of θ and the states
 */
export function coefficientsOf(algorithm, numbers) {
  const zero = Array(algorithm.state.length + 2).fill(0);
  const unit = (i) => zero.map((_, k) => (k === i ? 1 : 0));
  const columns = zero.map((_, i) => stepped(algorithm, numbers, [unit(i), zero], 1)[0]);
  return columns[0].map((_, row) => columns.map((column) => column[row]));
}

/**
 * Whether a rule is linear, does not mix the parameters and does the same in each step.
 * @param {import("./walk.js").Algorithm} algorithm a rule's
 * @param {Record<string, number>} numbers its hyperparameters
 */
export function isLinear(algorithm, numbers) {
  const rows = coefficientsOf(algorithm, numbers);
  const zero = Array(algorithm.state.length + 2).fill(0);
  const first = zero.map((_, i) => TRIALS[i % TRIALS.length]);
  const second = zero.map((_, i) => -3 * TRIALS[(i + 4) % TRIALS.length]);
  for (const t of STEPS) {
    for (const pair of [
      [first, second],
      [second, first],
      [zero, first],
    ]) {
      const after = stepped(algorithm, numbers, pair, t);
      const fits = after.every((values, k) =>
        values.every((value, row) => close(value, dot(rows[row], pair[k]))),
      );
      if (!fits) {
        return false;
      }
    }
  }
  return true;
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function close(a, b) {
  return Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a) + Math.abs(b)); // false where one is no number
}

/** The matrix of one step along an axis: g is λθ. */
function matrixOf(rows, curvature) {
  return rows.map(([theta, g, ...states]) => [theta + curvature * g, ...states]);
}

/**
 * What one axis does, as `motion` of the book's own algorithms.
 * @param {number[][]} rows as `coefficientsOf` returns them
 * @param {number} curvature λ
 * @returns {{motion: "monotone" | "swinging" | "alternating" | "divergent", rate: number}}
 */
export function motionOf(rows, curvature) {
  const roots = eigenvalues(matrixOf(rows, curvature));
  const sizes = roots.map(([real, imaginary]) => Math.hypot(real, imaginary));
  const rate = Math.max(...sizes);
  const leading = roots.filter((_, i) => sizes[i] >= rate * (1 - 1e-6));
  // on the very limit the walk neither leaves nor arrives
  if (!(rate < 1 - 1e-9)) {
    return { motion: "divergent", rate };
  }
  // two real eigenvalues that are equal come out with a small imaginary part
  if (leading.every(([, imaginary]) => Math.abs(imaginary) > 1e-5 * (rate + 1e-3))) {
    return { motion: "swinging", rate };
  }
  return { motion: leading.some(([real]) => real >= 0) ? "monotone" : "alternating", rate };
}

/** The eigenvalues of a small matrix, as pairs of real and imaginary part. */
function eigenvalues(matrix) {
  if (matrix.length === 1) {
    return [[matrix[0][0], 0]];
  }
  if (matrix.length === 2) {
    const [[a, b], [c, d]] = matrix;
    const square = ((a - d) * (a - d)) / 4 + b * c;
    const root = Math.sqrt(Math.abs(square));
    const middle = (a + d) / 2;
    return square < 0
      ? [
          [middle, root],
          [middle, -root],
        ]
      : [
          [middle + root, 0],
          [middle - root, 0],
        ];
  }
  return rootsOf(characteristic(matrix));
}

/** The coefficients of det(zI − A), highest power first (Faddeev and LeVerrier). */
function characteristic(matrix) {
  const size = matrix.length;
  const found = [1];
  let power = matrix.map((row) => row.map(() => 0));
  for (let k = 1; k <= size; k += 1) {
    const inner = power.map((row, i) =>
      row.map((value, j) => value + (i === j ? found[k - 1] : 0)),
    );
    power = matrix.map((row) =>
      inner[0].map((_, j) =>
        dot(
          row,
          inner.map((other) => other[j]),
        ),
      ),
    );
    found.push(-power.reduce((sum, row, i) => sum + row[i], 0) / k);
  }
  return found;
}

/** All roots of a polynomial at once (Durand and Kerner). */
function rootsOf(polynomial) {
  const size = polynomial.length - 1;
  const far = 1 + Math.max(...polynomial.map(Math.abs));
  const roots = Array.from({ length: size }, (_, i) => {
    const turn = (2 * Math.PI * i) / size + 0.4;
    return [(far / 2) * Math.cos(turn), (far / 2) * Math.sin(turn)];
  });
  for (let round = 0; round < 80; round += 1) {
    let moved = 0;
    roots.forEach((z, i) => {
      let value = [1, 0];
      polynomial.slice(1).forEach((c) => {
        value = times(value, z);
        value[0] += c;
      });
      let below = [1, 0];
      roots.forEach((other, j) => {
        if (j !== i) {
          below = times(below, [z[0] - other[0], z[1] - other[1]]);
        }
      });
      const size2 = below[0] * below[0] + below[1] * below[1] || 1e-300;
      const change = times(value, [below[0] / size2, -below[1] / size2]);
      roots[i] = [z[0] - change[0], z[1] - change[1]];
      moved = Math.max(moved, Math.hypot(...change));
    });
    if (!(moved > 1e-13 * far)) {
      break;
    }
  }
  return roots;
}

/**
 * @param {number[]} one real and imaginary part
 * @param {number[]} two
 */
function times([a, b], [c, d]) {
  return [a * c - b * d, a * d + b * c];
}
