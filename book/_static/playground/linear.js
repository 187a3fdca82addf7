/**
 * What a rule does along one axis of a bowl, where it is linear in θ, g and its state. Whether it is
 * linear is found out from what it does with numbers.
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

/**
 * What a linear rule does along an axis, as a function of the curvature λ.
 *
 * Along the axis g is λθ, so that a step multiplies (θ, state) by A + λb, where b stands in the first
 * column. The characteristic polynomial det(zI − A − λb) is therefore linear in λ, and is made once.
 * @param {number[][]} rows as `coefficientsOf` returns them
 * @returns {(curvature: number) => ReturnType<typeof motionOf>} as `motion` of the book's own
 *   algorithms; the rate is the size of the largest eigenvalue
 */
export function alongAxis(rows) {
  const { constant, slope } = characteristic(
    rows.map(([theta, , ...states]) => [theta, ...states]),
    rows.map(([, g]) => g),
  );
  const size = rows.length;
  const polynomial = new Float64Array(size + 1);
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  return (curvature) => {
    for (let k = 0; k <= size; k += 1) {
      polynomial[k] = constant[k] + curvature * slope[k];
    }
    rootsOf(polynomial, re, im);
    return motionOf(re, im);
  };
}

/**
 * What a step does whose eigenvalues are these.
 * @param {Float64Array} re
 * @param {Float64Array} im
 * @returns {{motion: "monotone" | "swinging" | "alternating" | "divergent", rate: number}}
 */
function motionOf(re, im) {
  let rate = 0;
  for (let i = 0; i < re.length; i += 1) {
    rate = Math.max(rate, Math.sqrt(re[i] * re[i] + im[i] * im[i]));
  }
  // on the very limit the walk neither leaves nor arrives
  if (!(rate < 1 - 1e-9)) {
    return { motion: "divergent", rate };
  }
  let swings = true;
  let keepsSide = false;
  for (let i = 0; i < re.length; i += 1) {
    if (Math.sqrt(re[i] * re[i] + im[i] * im[i]) >= rate * (1 - 1e-6)) {
      // two real eigenvalues that are equal come out with a small imaginary part
      swings &&= Math.abs(im[i]) > 1e-5 * (rate + 1e-3);
      keepsSide ||= re[i] >= 0;
    }
  }
  return { motion: swings ? "swinging" : keepsSide ? "monotone" : "alternating", rate };
}

/**
 * The coefficients of det(zI − A − λb), b in the first column, highest power first: those without λ
 * and the factors of λ (Faddeev and LeVerrier, whose matrices are also those of the adjugate).
 */
function characteristic(matrix, column) {
  const size = matrix.length;
  const constant = [1];
  const slope = [0];
  let power = matrix.map((row) => row.map(() => 0));
  for (let k = 1; k <= size; k += 1) {
    const inner = power.map((row, i) =>
      row.map((value, j) => value + (i === j ? constant[k - 1] : 0)),
    );
    power = matrix.map((row) =>
      inner[0].map((_, j) =>
        dot(
          row,
          inner.map((other) => other[j]),
        ),
      ),
    );
    constant.push(-power.reduce((sum, row, i) => sum + row[i], 0) / k);
    slope.push(-dot(inner[0], column));
  }
  return { constant, slope };
}

/** All roots of a polynomial: real parts into `re`, imaginary parts into `im`. */
function rootsOf(polynomial, re, im) {
  if (re.length === 1) {
    re[0] = -polynomial[1];
    im[0] = 0;
  } else if (re.length === 2) {
    const middle = -polynomial[1] / 2;
    const square = middle * middle - polynomial[2];
    const root = Math.sqrt(Math.abs(square));
    re[0] = square < 0 ? middle : middle + root;
    re[1] = square < 0 ? middle : middle - root;
    im[0] = square < 0 ? root : 0;
    im[1] = -im[0];
  } else {
    allRootsOf(polynomial, re, im);
  }
}

/** All roots at once (Durand and Kerner). It makes no objects: the phase diagram asks thousands of times. */
function allRootsOf(polynomial, re, im) {
  const size = re.length;
  let far = 0;
  for (const coefficient of polynomial) {
    far = Math.max(far, Math.abs(coefficient));
  }
  far += 1;
  for (let i = 0; i < size; i += 1) {
    const turn = (2 * Math.PI * i) / size + 0.4;
    re[i] = (far / 2) * Math.cos(turn);
    im[i] = (far / 2) * Math.sin(turn);
  }
  for (let round = 0; round < 80; round += 1) {
    let moved = 0;
    for (let i = 0; i < size; i += 1) {
      const [x, y] = [re[i], im[i]];
      let [a, b] = [1, 0]; // the polynomial at this root
      let [c, d] = [1, 0]; // the product of the distances to the others
      for (let k = 0; k < size; k += 1) {
        const next = a * x - b * y + polynomial[k + 1];
        b = a * y + b * x;
        a = next;
        if (k !== i) {
          const [u, v] = [x - re[k], y - im[k]];
          const product = c * u - d * v;
          d = c * v + d * u;
          c = product;
        }
      }
      const below = c * c + d * d || 1e-300;
      const [u, v] = [(a * c + b * d) / below, (b * c - a * d) / below];
      re[i] = x - u;
      im[i] = y - v;
      moved = Math.max(moved, Math.abs(u) + Math.abs(v));
    }
    if (!(moved > 1e-13 * far)) {
      break;
    }
  }
}
