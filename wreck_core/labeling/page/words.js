// Everything on the page but the picture itself: the bar, tags, panels, tiles. Text is only ever text.
const find = (selector) => document.querySelector(selector);
const body = document.body;
const readable = (name) => name.replaceAll("_", " ");

function make(tag, text = "", facts = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...facts });
}

// Black or white, whichever is read better on a colour. Reference: W3C, WCAG 2.2, relative luminance.
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 ? "#121212" : "#ffffff";
}

function paint(element, colour) {
  element.style.setProperty("--colour", colour);
  element.style.setProperty("--ink", inkOn(colour));
}

// What is said once

export function settle(settings, on) {
  const buttons = settings.labels.map(({ name, key, colour }) => {
    const button = make("button", "", { title: `${readable(name)} (${key.toUpperCase()})` });
    button.dataset.label = name;
    button.append(make("kbd", key.toUpperCase()), make("span", readable(name)));
    button.addEventListener("click", (event) => (event.detail && button.blur(), on.label(name)));
    paint(button, colour);
    return button;
  });
  find("#labels").replaceChildren(...buttons);
  const flagged = settings.flags.map((name, at) => {
    const button = make("button");
    button.dataset.flag = name;
    button.append(make("kbd", String(at + 1)), make("span", readable(name)));
    button.addEventListener("click", (event) => (event.detail && button.blur(), on.flag(name)));
    return button;
  });
  find("#flag-list").replaceChildren(...flagged);
  find("#help dl").replaceChildren(
    ...[...settings.help, ["wheel", "zoom; two fingers zoom and move"]].flatMap(([key, what]) => {
      const term = make("dt");
      term.append(make("kbd", key));
      return [term, make("dd", what)];
    }),
  );
}

// What is shown

export function scene(state, settings, visible) {
  if (state.grid) body.dataset.scene = "grid";
  else if (!state.shown) notice("Nothing to label", `${state.why_empty} · U undo · A look back · this page looks again by itself`);
  else if (visible) body.dataset.scene = "one";
  else notice("This picture cannot be shown", "Reject it, or skip it with space.", "broken");
  if (!state.shown) close("flags");
  for (const button of document.querySelectorAll("#labels button")) {
    button.disabled = body.dataset.scene === "broken" && button.dataset.label !== settings.unseen_label;
    button.ariaPressed = String(button.dataset.label === state.looking_back);
  }
  find("[data-do=skip]").disabled = !state.shown || Boolean(state.looking_back);
  find("[data-do=hints]").ariaPressed = String(state.hints);
  find("#info dl").replaceChildren(
    ...Object.entries(state.info).flatMap(([name, fact]) => [make("dt", name), make("dd", fact)]),
  );
}

export function say(state) {
  body.classList.toggle("fault", state.fault);
  find("#headline").textContent = state.headline;
  find("#detail").textContent = state.detail;
  find("#progress i").style.width = `${100 * state.share}%`;
}

export function trouble(why, unsaved) {
  body.classList.add("fault");
  find("#headline").textContent = unsaved ? "NOT SAVED YET — it is tried again" : "Waiting for the server";
  find("#detail").textContent = `${why}; leave this page open, nothing is lost`;
}

export function refused(why) {
  body.classList.add("fault");
  find("#headline").textContent = "NOT SAVED";
  find("#detail").textContent = why;
}

export function notice(title, text, name = title ? "notice" : "waiting") {
  body.dataset.scene = name;
  find("#notice h1").textContent = title;
  find("#notice p").textContent = text;
}

export function enter(name, fault) {
  body.classList.remove("fault");
  for (const panel of document.querySelectorAll(".panel")) panel.hidden = true;
  body.dataset.scene = "enter";
  find("#name").value = name;
  find("#name-fault").textContent = fault;
  find("#name").focus();
}

export function tags(state, settings, mark, zoom, odd) {
  const colours = Object.fromEntries(settings.labels.map(({ name, colour }) => [name, colour]));
  const tag = (text, colour = "#25282c") => {
    const span = make("span", text);
    paint(span, colour);
    return span;
  };
  const found = [];
  if (state.grid) {
    const agreed = state.grid.pictures.length - odd.size;
    found.push(tag(`All ${readable(state.grid.label)}? ${agreed} stay, tap what is odd`, colours[state.grid.label]));
  } else if (state.shown) {
    if (state.looking_back) found.push(tag(`you said ${readable(state.looking_back)}`, colours[state.looking_back]));
    if (state.hint) {
      const { model, label, score } = state.hint;
      found.push(tag(`${model || "model"}: ${readable(label)} ${Math.round(100 * score)}%`, "#5aa9e6"));
    }
    for (const flag of mark.flags) found.push(tag(readable(flag), "#f0b246"));
    if (mark.note) found.push(tag(`note: ${mark.note}`, "#f0b246"));
    if (zoom > 1) found.push(tag(`zoom ${zoom.toFixed(1)}`));
  }
  find("#tags").replaceChildren(...found);
  find("#clear").hidden = !mark.box;
}

export function flags(settings, mark) {
  for (const button of document.querySelectorAll("#flag-list button"))
    button.ariaPressed = String(mark.flags.includes(button.dataset.flag));
  if (document.activeElement !== find("#note")) find("#note").value = mark.note;
}

// Panels

export function toggle(name) {
  const panel = find(`#${name}`);
  for (const other of document.querySelectorAll(".panel")) if (other !== panel) other.hidden = true;
  panel.hidden = !panel.hidden;
  if (panel.contains(document.activeElement)) document.activeElement.blur();
}

export function isOpen(...names) {
  return names.some((name) => !find(`#${name}`).hidden);
}

function close(name) {
  find(`#${name}`).hidden = true;
}

// A page of pictures

export function page(state, settings, images, odd, onTile) {
  const buttons = images.map((image, at) => {
    const button = make("button");
    button.append(image ?? make("p", "cannot be shown"), make("kbd", settings.tile_keys[at].toUpperCase()));
    const score = state.grid.scores[at];
    if (score !== null) button.append(make("small", `${Math.round(100 * score)}%`));
    button.addEventListener("click", (event) => (event.detail && button.blur(), onTile(at)));
    return button;
  });
  find("#grid").replaceChildren(...buttons);
  if (state.grid) tiles(odd, state.grid, settings);
}

export function tiles(odd, grid, settings) {
  const { colour } = settings.labels.find(({ name }) => name === grid.label);
  paint(find("#grid"), colour);
  paint(find("#page-moves"), colour);
  [...find("#grid").children].forEach((button, at) => (button.ariaPressed = String(odd.has(at))));
  const agreed = grid.pictures.length - odd.size;
  find("[data-do=accept]").firstChild.textContent = `${agreed} ${agreed === 1 ? "is" : "are"} ${readable(grid.label)}`;
}
