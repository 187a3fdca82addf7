"""The phase diagram of the reader's own rule: what a linear rule does along an axis."""

from tests.site.own import link

PHASES = """async (settings) => {
  const { alongAxis, coefficientsOf, isLinear } = await import("./linear.js");
  const { LINES, parseRule, ruleAlgorithm } = await import("./rule.js");
  const { motion, rate } = await import("./regime.js");
  const wrong = [];
  for (const name of ["GD", "Momentum", "Nesterov"]) {
    const algorithm = ruleAlgorithm(parseRule(LINES[name]));
    // the same with a state more, which the general method has to solve
    const longer = ruleAlgorithm(parseRule(`last = 0.1*last + theta\\n${LINES[name]}`));
    for (const [eta, beta] of settings) {
      for (const each of [algorithm, longer]) {
        const rows = coefficientsOf(each, { eta, beta });
        const found = alongAxis(rows)(3);
        const expected = motion(name, 3 * eta, beta);
        const radius = Math.max(rate(name, 3 * eta, beta), each === longer ? 0.1 : 0);
        const right = isLinear(each, { eta, beta }) && Math.abs(found.rate - radius) < 1e-6;
        // where two eigenvalues are as good as equal, both names are right
        if (!right || (found.motion !== expected && rate(name, 3 * eta, beta) > 0.11)) {
          wrong.push([name, eta, beta, found, expected]);
        }
      }
    }
  }
  const not = ["AdaGrad", "RMSprop", "Adam"].map((name) => LINES[name]);
  for (const step of ["sign(g)", "g/norm(g)", "g/t", "max(g, 0)", "(g + 1)", "g*g"]) {
    not.push(`theta = theta - eta*${step}`);
  }
  const numbers = { eta: 0.1, beta: 0.9, beta_1: 0.9, beta_2: 0.9, rho: 0.9, epsilon: 0.1 };
  const linear = not.filter((text) => isLinear(ruleAlgorithm(parseRule(text)), numbers));
  return { wrong, linear };
}"""


def test_the_phases_of_linear_rules_are_those_of_the_theory(modules):
    settings = [[0.011 * 1.37**i, beta] for i in range(14) for beta in (0.03, 0.31, 0.74, 0.93)]
    found = modules.evaluate(PHASES, settings)
    assert found == {"wrong": [], "linear": []}


def test_the_phase_diagram_has_the_names_of_the_rule(playground):
    page = playground(link("m = mu*m + g\ntheta = theta - lr*m", "lr:0.01,mu:0.5"))
    drawing = page.locator(".phase canvas")
    assert drawing.get_attribute("aria-label").startswith(
        "Phase diagram over lr times lambda and mu,"
    )
    written = page.evaluate(
        """async () => {
          const { drawOwnPhases } = await import("./draw-phase-own.js");
          const { frame } = await import("./canvas.js");
          const { ruleAlgorithm, parseRule } = await import("./rule.js");
          const algorithm = ruleAlgorithm(parseRule("m = mu*m + g\\ntheta = theta - lr*m"));
          const pen = document.createElement("canvas").getContext("2d");
          const texts = [];
          pen.fillText = (text) => texts.push(text);
          const own = { algorithm, rate: "lr", upward: "mu" };
          drawOwnPhases(pen, frame(300, 200, [0, 4], [0, 1]), own, { lr: 0.1, mu: 0.5 });
          return texts;
        }"""
    )
    assert {"lr·λ", "mu", "swinging", "divergent"} <= set(written)
