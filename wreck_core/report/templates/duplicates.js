"use strict";
const members = [...document.querySelectorAll(".member")];
const status = document.getElementById("status");
const KEYS = "S same · D different · U undo · J K next and back";
const undoable = [];
let saving = false;

const say = (text, fault = false) => {
  status.textContent = text;
  status.classList.toggle("fault", fault);
};
const show = (member, said) => {
  member.dataset.said = said;
  member.querySelector(".said").textContent = said ? `you say: ${said}` : "";
  for (const button of member.querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.said === said);
};
const move = (step) => {
  const at = members.indexOf(document.activeElement.closest(".member"));
  const next = members[at < 0 ? 0 : Math.min(members.length - 1, Math.max(0, at + step))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "center" });
};
// Nothing moves on before the server has written it down.
const save = async (member, said) => {
  if (saving) return false;
  saving = true;
  try {
    const answer = await fetch("decide", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ one: member.dataset.a, other: member.dataset.b, said }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    show(member, said);
    say(`${said ? `${said}, saved` : "taken back"} · ${told.decisions} in all · ${KEYS}`);
    return true;
  } catch (error) {
    say(`NOT SAVED: ${error.message}`, true);
    return false;
  } finally {
    saving = false;
  }
};
const decide = async (member, said) => {
  const before = member.dataset.said;
  if (await save(member, said)) {
    undoable.push([member, before]);
    member.focus({ preventScroll: true });
    move(1);
  }
};
const undo = async () => {
  if (!undoable.length) return say("nothing to undo");
  const [member, before] = undoable[undoable.length - 1];
  if (await save(member, before)) {
    undoable.pop();
    member.focus({ preventScroll: true });
    member.scrollIntoView({ block: "center" });
  }
};

for (const member of members) {
  member.tabIndex = 0;
  const keys = document.createElement("div");
  keys.className = "keys";
  for (const said of ["same", "different"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.said = said;
    button.textContent = said === "same" ? "Same" : "Different";
    button.setAttribute("aria-pressed", member.dataset.said === said);
    button.addEventListener("click", () => decide(member, said));
    keys.append(button);
  }
  member.querySelector("figcaption").append(keys);
}
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const member = document.activeElement.closest(".member");
  const act = {
    j: () => move(1), k: () => move(-1), u: undo,
    s: () => member && decide(member, "same"), d: () => member && decide(member, "different"),
  }[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});
say(KEYS);
