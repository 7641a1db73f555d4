// The labelling page: keys and buttons in, what the server's session says out.
import { Gallery } from "./gallery.js";
import { Picture } from "./picture.js";
import { Refusal, Server } from "./server.js";
import * as words from "./words.js";

const GUARD_MS = 150; // a key this soon after a picture appeared was meant for the one before
const LOOK_AGAIN_MS = 10_000; // when the queue is empty
const NEARER = 1.25;
const STEP = 0.15; // of the stage, that an arrow moves
const find = (selector) => document.querySelector(selector);
const body = document.body;

let who = new URLSearchParams(location.search).get("as") ?? "";
let settings = null; // labels, keys, colours, flags
let state = null; // what the server said last
let mark = { box: null, flags: [], note: "" }; // goes with the next answer
let odd = new Set(); // places on the page of pictures
let busy = false; // an answer is on its way, or the next picture has hardly appeared
let shownAt = 0;
let again = 0; // timer

const server = new Server((why) => {
  if (why) words.trouble(why, state !== null && server.waiting > 0);
  else if (state) words.say(state);
});
const gallery = new Gallery(server);
const picture = new Picture(find("#stage"), find("#picture"), find("#box"), drawn, looked);

// Asking and showing

function setBusy(told) {
  busy = told;
  body.ariaBusy = String(told);
}

async function act(question) {
  if (busy) return;
  setBusy(true);
  body.classList.add("stale");
  try {
    await present(await server.ask({ as: who, ...question }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (!settings && error.message) words.enter(who, error.message);
    else if (error.message) words.refused(error.message);
    else words.notice("This page is let in no longer", "Open the link again that `wreck label --web` printed last.");
  } finally {
    body.classList.remove("stale");
    setTimeout(() => setBusy(false), GUARD_MS);
  }
}

function answer(question) {
  const shown_ms = Math.round(performance.now() - shownAt);
  act({ shown: state.shown, shown_ms, ...mark, ...question });
}

// Box, flags and note are told at once, but nobody waits: the answer carries them too.
async function remark() {
  const about = state.shown;
  try {
    const told = await server.ask({ as: who, do: "mark", shown: about, ...mark });
    if (!busy && state.shown === about && told.shown === about) words.say((state = told));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    words.refused(error.message);
  }
}

async function present(told) {
  clearTimeout(again);
  if (told.settings) begin(told.settings);
  const image = told.grid || !told.shown ? null : await gallery.get(told.shown);
  const tiles = told.grid ? await Promise.all(told.grid.pictures.map((sha) => gallery.get(sha, "thumb"))) : [];
  state = told;
  mark = { box: told.box, flags: [...told.flags], note: told.note };
  odd = new Set(tiles.flatMap((tile, at) => (tile ? [] : [at])));
  words.page(state, settings, tiles, odd, toggleTile);
  picture.show(image);
  picture.box = mark.box;
  if (!told.shown && !told.grid) again = setTimeout(() => act({ do: "open" }), LOOK_AGAIN_MS);
  words.scene(state, settings, image !== null);
  words.say(state);
  words.flags(settings, mark);
  tags();
  gallery.prepare(told.upcoming);
  await new Promise(requestAnimationFrame);
  shownAt = performance.now();
}

function begin(told) {
  settings = told;
  words.settle(settings, {
    label: (name) => give(name),
    flag: (name) => toggleFlag(name),
  });
}

function tags() {
  words.tags(state, settings, mark, picture.zoom, odd);
}

// What a person does

function give(name) {
  if (body.dataset.scene === "broken" && name !== settings.unseen_label) return;
  if (state.shown && !state.grid) answer({ do: "label", label: name });
}

function drawn(box) {
  if (body.dataset.scene !== "one" || busy) return (picture.box = mark.box);
  mark.box = box;
  remark();
}

async function looked() {
  if (!state || !settings) return;
  tags();
  const about = picture.image;
  if (picture.isCoarse && !gallery.isWhole(about)) {
    const whole = await gallery.whole(state.shown, about);
    if (whole && picture.image === about) picture.put(whole);
  }
}

function toggleFlag(name) {
  if (busy || !state.shown) return;
  const on = mark.flags.includes(name);
  mark.flags = on ? mark.flags.filter((flag) => flag !== name) : [...mark.flags, name].sort();
  words.flags(settings, mark);
  tags();
  remark();
}

function toggleTile(at) {
  if (busy || !gallery.isThere(state.grid.pictures[at])) return;
  if (!odd.delete(at)) odd.add(at);
  words.tiles(odd, state.grid, settings);
  tags();
}

const does = {
  back: () => act({ do: "back" }),
  forward: () => act({ do: "forward" }),
  undo: () => act({ do: "undo" }),
  skip: () => state.shown && !state.looking_back && answer({ do: "skip" }),
  grid: () => act({ do: "grid" }),
  single: () => act({ do: "single" }),
  accept: () => state.grid && answer({ do: "accept", pictures: state.grid.pictures, odd: [...odd] }),
  hints: () => act({ do: "hints", hints: !state.hints }),
  flags: () => state.shown && words.toggle("flags"),
  info: () => words.toggle("info"),
  help: () => words.toggle("help"),
  clear: () => {
    if (busy || !mark.box) return;
    mark.box = picture.box = null;
    remark();
  },
  leave: () => {
    if (busy) return;
    clearTimeout(again);
    server.ask({ as: who, do: "leave" });
    state = null;
    enter("");
  },
};

const KEYS = {
  a: "back", d: "forward", u: "undo", backspace: "undo", " ": "skip", g: "grid", m: "hints",
  f: "flags", i: "info", h: "help", "?": "help", c: "clear", q: "leave",
};
const GRID_KEYS = { enter: "accept", g: "grid", escape: "single", q: "single", h: "help", "?": "help" };
const VIEW_KEYS = {
  arrowleft: () => picture.pan(-STEP, 0),
  arrowright: () => picture.pan(STEP, 0),
  arrowup: () => picture.pan(0, -STEP),
  arrowdown: () => picture.pan(0, STEP),
  "+": () => picture.nearer(NEARER),
  "=": () => picture.nearer(NEARER),
  "-": () => picture.nearer(1 / NEARER),
  0: () => picture.fit(),
  z: () => picture.toggleNear(),
};

function press(event) {
  if (!state || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const key = keyOf(event);
  if (event.target.matches("textarea, input")) {
    if (key === "escape" || (key === "enter" && !event.shiftKey)) words.toggle("flags"), event.preventDefault();
    return;
  }
  // A button that was reached by Tab is pressed by Enter and space.
  if (event.target.matches("button") && (key === " " || key === "enter")) return;
  const action = meaning(key, event.repeat);
  if (action === undefined) return;
  event.preventDefault();
  action?.();
}

// What a key means now: a function, null for a key that is to do nothing, undefined for one of the browser's.
function meaning(key, repeated) {
  if (key in VIEW_KEYS && body.dataset.scene === "one" && !words.isOpen("flags", "help")) return VIEW_KEYS[key];
  const known = key in KEYS || key in GRID_KEYS || settings.labels.some((label) => label.key === key);
  if (repeated) return known ? null : undefined;
  if (words.isOpen("help")) return ["escape", "enter", "h", "?", "q"].includes(key) ? does.help : null;
  if (words.isOpen("flags")) {
    const flag = settings.flags[Number(key) - 1];
    if (flag) return () => toggleFlag(flag);
    return ["escape", "enter", "f", "q"].includes(key) ? does.flags : null;
  }
  if (state.grid) {
    const at = settings.tile_keys.indexOf(key);
    if (key.length === 1 && at >= 0 && at < state.grid.pictures.length) return () => toggleTile(at);
    return does[GRID_KEYS[key]];
  }
  const label = settings.labels.find((each) => each.key === key);
  if (label) return () => give(label.name);
  if (key === "escape" && words.isOpen("info")) return does.info;
  return does[KEYS[key]];
}

// The letter on the key, also where another alphabet is typed.
function keyOf(event) {
  const typed = event.key.toLowerCase();
  const code = /^(?:Key|Digit)(.)$/.exec(event.code ?? "");
  return typed.length === 1 && typed > "~" && code ? code[1].toLowerCase() : typed;
}

addEventListener("keydown", press);
addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button || !state) return;
  if (event.detail) button.blur(); // space is to skip, not to press it again
  does[button.dataset.do]();
});
find("#note").addEventListener("input", (event) => (mark.note = event.target.value));
find("#note").addEventListener("change", () => state?.shown && remark());
find("#enter").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(find("#name").value.trim());
});
addEventListener("beforeunload", (event) => {
  if (server.waiting) event.preventDefault();
});

function enter(name) {
  who = name;
  // The secret is in a cookie by now, and need not stand where it can be read.
  history.replaceState(null, "", name ? `/?as=${encodeURIComponent(name)}` : "/");
  if (!name) return words.enter("", "");
  words.notice("", "");
  act({ do: "open" });
}

enter(who);
