// How one picture is looked at: fitted, zoomed, moved, with a box drawn on it. Knows nothing of labels.
const LEAST_SIDE = 0.01; // of the picture; a smaller box is a click that slipped
const MOST_SCALE = 3; // a fitted picture is enlarged at most so much
const MOST_ZOOM = 16;
const AT_POINTER = 2.5;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class Picture {
  // `drawn` is told of each new box, [x, y, w, h] in parts of the upright picture; `looked` of each new view.
  constructor(stage, frame, outline, drawn, looked) {
    Object.assign(this, { stage, frame, outline, drawn, looked });
    this.image = null;
    this.shownBox = null;
    this.pointers = new Map();
    this.pointer = null;
    this.fit();
    new ResizeObserver(() => this.lay()).observe(stage);
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => this.up(event));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  // Another picture is fitted; the same one keeps its view.
  show(image) {
    if (this.image === image) return;
    this.pointers.clear();
    this.start = this.pinch = null;
    this.put(image);
    this.fit();
  }

  // Put in other pixels of the picture that is looked at.
  put(image) {
    this.frame.querySelector("img")?.remove();
    if (image) this.frame.prepend(image);
    this.image = image;
    this.lay();
  }

  // Whether the screen could show more than these pixels.
  get isCoarse() {
    return this.image && this.place.size[0] * devicePixelRatio > 1.2 * this.image.naturalWidth;
  }

  set box(box) {
    this.shownBox = box;
    this.lay();
  }

  get box() {
    return this.shownBox;
  }

  fit() {
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.lay();
  }

  // The size of the whole picture on the stage, and where its corner lies, in CSS pixels.
  get place() {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    const [width, height] = [this.image.naturalWidth, this.image.naturalHeight];
    const scale = Math.min(wide / width, high / height, MOST_SCALE) * this.zoom;
    const size = [width * scale, height * scale];
    const corner = [wide, high].map((room, axis) =>
      size[axis] <= room
        ? (room - size[axis]) / 2
        : clamp(room / 2 - this.centre[axis] * size[axis], room - size[axis], 0),
    );
    return { size, corner };
  }

  lay() {
    if (!this.image) return;
    const { size, corner } = this.place;
    // What the edges of the stage allow is what is looked at: the next step begins there.
    this.centre = [this.stage.clientWidth, this.stage.clientHeight].map(
      (room, axis) => (room / 2 - corner[axis]) / size[axis],
    );
    Object.assign(this.frame.style, {
      left: `${corner[0]}px`,
      top: `${corner[1]}px`,
      width: `${size[0]}px`,
      height: `${size[1]}px`,
    });
    this.outline.hidden = !this.shownBox;
    if (this.shownBox) {
      const [x, y, w, h] = this.shownBox.map((part) => `${100 * part}%`);
      Object.assign(this.outline.style, { left: x, top: y, width: w, height: h });
    }
    this.looked?.();
  }

  // Parts (0-1) of the picture at a place of the window.
  parts(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    const { size, corner } = this.place;
    return [event.clientX - left, event.clientY - top].map((at, axis) =>
      clamp((at - corner[axis]) / size[axis], 0, 1),
    );
  }

  // Look `times` nearer; the point `at` (in parts) stays where it is.
  nearer(times, at = this.centre) {
    if (!this.image) return;
    const before = this.place;
    const spot = at.map((part, axis) => before.corner[axis] + part * before.size[axis]);
    this.zoom = clamp(this.zoom * times, 1, MOST_ZOOM);
    const { size } = this.place;
    const room = [this.stage.clientWidth, this.stage.clientHeight];
    this.centre = at.map((part, axis) => (room[axis] / 2 - spot[axis] + part * size[axis]) / size[axis]);
    this.lay();
  }

  toggleNear() {
    if (!this.image) return;
    if (this.zoom > 1) this.fit();
    else this.nearer(AT_POINTER, this.pointer ? this.parts(this.pointer) : undefined);
  }

  // Move the view by a share of the stage.
  pan(across, down) {
    if (!this.image) return;
    const { size } = this.place;
    this.centre = [
      this.centre[0] + (across * this.stage.clientWidth) / size[0],
      this.centre[1] + (down * this.stage.clientHeight) / size[1],
    ];
    this.lay();
  }

  wheel(event) {
    if (!this.image || event.target.closest(".panel, #grid")) return;
    event.preventDefault();
    this.nearer(Math.exp(-event.deltaY / 400), this.parts(event));
  }

  // One finger, or the left button, draws a box; two fingers zoom and move.
  down(event) {
    if (!this.image || event.button !== 0 || event.target.closest("button, .panel, #grid")) return;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 1) {
      this.start = this.parts(event);
      this.before = this.shownBox;
    } else if (this.start) {
      this.start = null;
      this.box = this.before;
    }
    this.pinch = this.pointers.size === 2 ? this.spread() : null;
  }

  move(event) {
    this.pointer = event;
    if (!this.image || !this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, event);
    if (this.pinch) {
      const now = this.spread();
      this.nearer(now.apart / this.pinch.apart, this.parts(this.pinch.middle));
      this.pan(
        (this.pinch.middle.clientX - now.middle.clientX) / this.stage.clientWidth,
        (this.pinch.middle.clientY - now.middle.clientY) / this.stage.clientHeight,
      );
      this.pinch = now;
    } else if (this.start) {
      this.box = this.between(this.start, this.parts(event)) ?? this.before;
    }
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.pinch = null;
    if (!this.start) return;
    const box = event.type === "pointerup" ? this.between(this.start, this.parts(event)) : null;
    this.start = null;
    this.box = box ?? this.before;
    if (box) this.drawn(box);
  }

  spread() {
    const [one, other] = this.pointers.values();
    return {
      apart: Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY)),
      middle: { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 },
    };
  }

  between(one, other) {
    const low = one.map((side, axis) => Math.min(side, other[axis]));
    const size = one.map((side, axis) => Math.abs(side - other[axis]));
    if (Math.min(...size) < LEAST_SIDE) return null;
    return [...low, ...size].map((part) => Math.round(part * 1e5) / 1e5);
  }
}
