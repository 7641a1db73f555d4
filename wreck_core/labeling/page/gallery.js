// Decoded pictures: those on show, and the next ones, fetched while the person looks.
const KEPT = 40; // twelve of them may be one page

export class Gallery {
  constructor(server) {
    this.server = server;
    this.kept = new Map(); // "sha256/size" → promise of an image, or of null
    this.there = new Set();
    this.wholes = new WeakSet();
  }

  // An image that is ready to be painted, or null for one that cannot be shown.
  get(sha256, size = "screen") {
    const name = `${sha256}/${size}`;
    const image = this.kept.get(name) ?? this.fetch(sha256, size);
    this.kept.delete(name);
    this.kept.set(name, image);
    image.then((loaded) => {
      if (loaded) this.there.add(sha256);
      else this.kept.delete(name); // it may be mended, or fetched at last
    });
    for (const [oldest, forgotten] of this.kept) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
      forgotten.then((loaded) => loaded && URL.revokeObjectURL(loaded.src));
    }
    return image;
  }

  prepare(sha256s) {
    for (const sha256 of sha256s) this.get(sha256);
  }

  isThere(sha256) {
    return this.there.has(sha256);
  }

  isWhole(image) {
    return this.wholes.has(image);
  }

  // All the pixels of a picture that is looked at from near; asked for once.
  async whole(sha256, instead) {
    this.wholes.add(instead);
    const image = await this.get(sha256, "whole");
    if (image) this.wholes.add(image);
    return image;
  }

  async fetch(sha256, size) {
    const address = await this.server.picture(sha256, size);
    if (!address) return null;
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.src = address;
    try {
      await image.decode();
      return image;
    } catch {
      return null;
    }
  }
}
