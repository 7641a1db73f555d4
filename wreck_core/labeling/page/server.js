// Talking to the server: one question after another, and each until it is answered.
const PATIENCE_MS = 20_000;
const LONGEST_WAIT_MS = 8_000;

// The server has answered, and will not do it.
export class Refusal extends Error {}

export class Server {
  // `trouble` is told why there is no answer yet, and "" when there is one again.
  constructor(trouble) {
    this.trouble = trouble;
    this.last = Promise.resolve();
    this.waiting = 0;
  }

  // A question that is asked again keeps its uid: what was done already is not done twice.
  ask(question) {
    this.waiting += 1;
    const body = JSON.stringify({ uid: newUid(), ...question });
    const answer = this.last.then(() => this.insist("decide", { method: "POST", headers: JSON_KIND, body }));
    this.last = answer.catch(() => null).finally(() => (this.waiting -= 1));
    return answer.then((reply) => reply.json());
  }

  // An address for the picture's bytes, or null for one that cannot be decoded.
  async picture(sha256, size) {
    try {
      const reply = await this.insist(`picture/${sha256}/${size}`);
      return URL.createObjectURL(await reply.blob());
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  async insist(path, settings = {}) {
    for (let wait_ms = 400; ; wait_ms = Math.min(2 * wait_ms, LONGEST_WAIT_MS)) {
      let why = "the server does not answer";
      try {
        const reply = await fetch(path, { ...settings, signal: AbortSignal.timeout(PATIENCE_MS) });
        // A picture that is gone stays gone; of a question 503 says that it was not saved yet.
        if (reply.ok || reply.status < 500 || !settings.method) {
          this.trouble("");
          if (reply.ok) return reply;
          throw new Refusal(reply.status === 404 ? "" : (await reply.json()).error);
        }
        why = (await reply.json()).error;
      } catch (error) {
        if (error instanceof Refusal) throw error;
      }
      this.trouble(why);
      await awhile(wait_ms);
    }
  }
}

const JSON_KIND = { "Content-Type": "application/json" };

// crypto.randomUUID exists on https and localhost alone.
function newUid() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Wait, but no longer than until the network is back.
function awhile(wait_ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait_ms);
    addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
