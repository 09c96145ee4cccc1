// Answers wait here until the server says that it has them: in localStorage, so that a lost
// network, a crash or a reload loses none. Each carries its own UUID; sent twice, it counts once.
"use strict";

class Outbox {
  constructor({ user, project, address }) {
    this.user = user;
    this.address = address;
    this.prefix = `labeler-outbox:${user}:${project}:`;
    this.memory = new Map(); // where the browser allows no storage
  }

  keep(fields) {
    const entry = { uuid: fields.client_uuid, at: Date.now(), fields };
    try {
      localStorage.setItem(this.prefix + entry.uuid, JSON.stringify(entry));
    } catch {
      this.memory.set(entry.uuid, entry);
    }
    return entry;
  }

  drop(entry) {
    this.memory.delete(entry.uuid);
    try {
      localStorage.removeItem(this.prefix + entry.uuid);
    } catch {
      // No storage: the entry was in memory alone.
    }
  }

  entries() {
    const kept = [...this.memory.values()];
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(this.prefix)) kept.push(JSON.parse(localStorage.getItem(key)));
      }
    } catch {
      // No storage: what there is, is in memory.
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  get survivesReload() {
    return this.memory.size === 0;
  }

  // -> {outcome: "saved" | "refused", html} or {outcome: "kept", why, retry}
  async send(entry, tab) {
    let response;
    try {
      response = await fetch(this.address, {
        method: "POST",
        body: new URLSearchParams(this.pairs({ ...entry.fields, tab })),
        headers: { "X-CSRFToken": this.token(), "X-Labeler-Outbox": this.user },
        redirect: "manual",
        signal: AbortSignal.timeout(20000),
      });
      const html = await response.text();
      // Only our own server's word counts: a portal or a proxy may answer 200 to anything.
      if (response.headers.get("X-Labeler-Saved") === entry.uuid) return { outcome: "saved", html };
      if (response.headers.get("X-Labeler-Refused") === entry.uuid) return { outcome: "refused", html };
    } catch {
      return { outcome: "kept", why: "network", retry: true };
    }
    return this.trouble(response.status);
  }

  trouble(status) {
    if (status === 401 || status === 403) return { outcome: "kept", why: "signed-out", retry: false };
    if (status === 404 || status === 400) return { outcome: "kept", why: "gone", retry: false };
    return { outcome: "kept", why: "server", status, retry: true };
  }

  pairs(fields) {
    const pairs = Object.entries(fields).flatMap(([name, said]) => [said].flat().map((value) => [name, value]));
    return pairs.filter(([, value]) => value !== undefined); // a list is a field sent several times
  }

  // The cookie, not the form: signing in again in another tab changes it.
  token() {
    const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
    return cookie ? cookie.slice("csrftoken=".length) : document.querySelector("[name=csrfmiddlewaretoken]").value;
  }
}

window.Outbox = Outbox;
