"""No piece of work keeps the page busy for long: work is counted, a clock counts the machine too.

Frames come one by one from a clock that stands still; what is drawn in each is counted in points of
lines and rectangles.
"""

from datetime import datetime
from urllib.parse import quote

STEPS = 1000
SIX = (
    "GD=eta:0.001&Momentum=eta:0.001&Nesterov=eta:0.001"
    "&AdaGrad=eta:0.1&RMSprop=eta:0.01&Adam=eta:0.01"
)
MOMENTUM = "m = beta*m + g\ntheta = theta - eta*m"
COUNT = """
const pens = CanvasRenderingContext2D.prototype;
window.drawn = 0;
for (const name of ["lineTo", "fillRect"]) {
  const draw = pens[name];
  pens[name] = function (...given) {
    window.drawn += 1;
    return draw.apply(this, given);
  };
}
window.counted = () => {
  const found = window.drawn;
  window.drawn = 0;
  return found;
};
"""


def work_of(playground, rule, key):
    """Returns what is drawn when a key ends a rule: at once, and in each frame that follows."""
    numbers = f"surface=noisy&steps={STEPS}&inside=Own&{SIX}&Own=eta:0.001,beta:0.5"
    page = playground(f"whole.html#{numbers}&rule={quote(rule)}", clock=True, script=COUNT)
    page.clock.pause_at(datetime(2026, 1, 2))
    page.get_by_label("Lines of the rule").focus()
    page.keyboard.press("Control+End")
    for _ in range(12):
        page.clock.run_for(17)
    page.evaluate("counted()")
    page.keyboard.press(key)
    found = [page.evaluate("counted()")]
    for _ in range(12):
        page.clock.run_for(17)
        found.append(page.evaluate("counted()"))
    assert page.locator("canvas[aria-busy]").count() == 0
    return found


def test_a_changed_line_draws_its_own_walk_alone_one_drawing_a_frame(playground):
    found = work_of(playground, f"{MOMENTUM}*0.9", "9")
    assert sum(count > STEPS for count in found) == 4, "the map, the loss and two updates"
    assert max(found) < 2 * STEPS


def test_a_rule_that_changes_every_axis_draws_one_drawing_a_frame(playground):
    found = work_of(playground, f"{MOMENTUM}*1e-4", "0")
    assert max(found) < 2 * 7 * STEPS


PIECES = """async () => {
  const { inPieces, PIECE } = await import("./chunks.js");
  const { Model } = await import("./model.js");
  const rule = "b = a + g\\n" + "a = a*" + "a*".repeat(100) + "b\\ntheta = theta - eta*a";
  const own = `Own=eta:0.1&rule=${encodeURIComponent(rule)}`;
  const model = new Model(`surface=noisy&steps=1000&${own}`, () => {});
  const search = model.searched(["Adam", "Own"], true);
  const costs = [...search];
  // how much is done when it is asked whether to go on
  const asked = [];
  let spent = 0;
  const work = (function* () {
    for (const cost of costs) {
      spent += cost;
      yield cost;
    }
    return "done";
  })();
  const result = await inPieces(work, () => asked.push(spent));
  const pieces = asked.map((sum, i) => sum - (asked[i - 1] ?? 0));
  let stopped = 0;
  const never = await inPieces((function* () {
    for (;;) {
      stopped += 1;
      yield PIECE;
    }
  })(), () => stopped < 3);
  const ends = [costs[0], costs.at(-1)];
  return { ends, settings: costs.length, pieces, result, never, stopped, PIECE };
}"""


def test_a_search_is_done_in_pieces_and_given_up(modules):
    found = modules.evaluate(PIECES)
    adam, own = found["ends"]
    assert found["settings"] == 2 * 101 and adam == STEPS and 4 * STEPS < own < 8 * STEPS
    assert len(found["pieces"]) > 20 and max(found["pieces"]) < found["PIECE"] + own
    assert found["result"] == "done"
    assert (found["never"], found["stopped"]) == (None, 3)


# What a widget computes first, and how many other things have their turn meanwhile.
WIDGET = """async () => {
  const { show } = await import("./widget.js");
  const { minibatchSize } = await import("./minibatch-size.js");
  const { PIECE } = await import("./chunks.js");
  const root = document.createElement("div");
  document.body.append(root);
  const widget = minibatchSize();
  const costs = [];
  const prepare = function* () {
    for (const cost of widget.prepare()) {
      costs.push(cost);
      yield cost;
    }
  };
  show(root, { ...widget, prepare });
  const happened = root.querySelector(".happened");
  const said = new Set();
  let turns = 0;
  for (; root.querySelector("canvas[aria-busy]"); turns += 1) {
    said.add(happened.textContent);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { costs, turns, said: [...said], end: happened.textContent, PIECE };
}"""


def test_a_widget_computes_in_pieces_and_says_so(modules):
    found = modules.evaluate(WIDGET)
    assert sum(found["costs"]) > 20 * found["PIECE"] and max(found["costs"]) < 2 * found["PIECE"]
    assert found["turns"] > 20, "one after each piece, where timers are alike"
    assert found["said"] == ["Computing …"]
    assert found["end"].startswith("With B")
