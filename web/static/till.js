// The till: function keys, scanners that type like a keyboard, and a queue that loses nothing.
// What is typed, scanned or pressed is sent one at a time, each with a key of its own, and sent again with the same key
// until the server has answered. The state is the server's; this file keeps only what hasn't been sent yet.
"use strict";

(() => {
  const FAST = 35; // ms between two keys of a scanner, by the time of the keys and not of their handling
  const PAUSE = 1000; // ms after which something new begins: a busy machine may hold a key back for long
  const SHORTEST = 6;
  const TIMES = /^\d+(?:[.,]\d+)?\s*[*x×]\s*$/;
  const TRACK = /^[%;].*\?$/;
  const WAITING = "till-waiting";

  const dialog = document.getElementById("dlg");
  const entry = document.getElementById("entry");
  const scan = document.getElementById("scan");
  const region = () => document.getElementById("till");
  const editable = (node) => node?.matches?.("input:not([type=checkbox], [type=radio], [type=hidden]), textarea, select");

  function freshKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http inside a shop
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // Signing on: names that signed on here before, and digits for fingers.

  const signOn = document.getElementById("sign-on");
  if (signOn) {
    const { staff, pin } = signOn.elements;
    const names = JSON.parse(localStorage.getItem("till-names") ?? "[]");
    for (const name of names) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.dir = "ltr";
      button.textContent = name;
      button.addEventListener("click", () => { staff.value = name; pin.focus(); });
      document.getElementById("names").append(button);
    }
    const likely = staff.defaultValue || names[0];
    if (!staff.value && likely) staff.value = likely;
    if (staff.value === likely) pin.focus(); // unless somebody types another name already
    document.getElementById("pad").addEventListener("click", (event) => {
      const digit = event.target.closest("[data-digit]")?.dataset.digit;
      if (digit !== undefined) pin.value = digit ? pin.value + digit : "";
    });
    signOn.addEventListener("submit", () => {
      const kept = [staff.value.trim(), ...names.filter((name) => name !== staff.value.trim())];
      localStorage.setItem("till-names", JSON.stringify(kept.filter(Boolean).slice(0, 5)));
    });
    return;
  }

  // The queue. Tasks are {url, fields, key} to be sent, or functions that must wait their turn.

  const queue = JSON.parse(sessionStorage.getItem(WAITING) ?? "[]");
  let running = false;

  function keep() {
    sessionStorage.setItem(WAITING, JSON.stringify(queue.filter((task) => typeof task !== "function")));
  }

  function enqueue(task) {
    queue.push(task);
    keep();
    if (!running) run();
  }

  const post = (url, fields) => enqueue({ url, fields, key: freshKey() });

  async function run() {
    running = true;
    while (queue.length) {
      const task = queue[0];
      const answer = typeof task === "function" ? task() : await send(task);
      if (answer?.status === 401) { // kept, and sent once somebody has signed on
        location.assign("/till");
        return;
      }
      queue.shift();
      keep();
      if (answer) await show(answer);
    }
    running = false;
  }

  async function send({ url, fields, key }) {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "HX-Request": "true", Accept: "text/html", "Idempotency-Key": key },
        body: new URLSearchParams(fields),
        signal: AbortSignal.timeout(10000),
      }).catch(() => null);
      // 409 after a first try means that the first one is still running over there.
      if (answer && answer.status !== 503 && !(answer.status === 409 && tries > 0 && tries < 6)) {
        setOnline(true);
        return answer;
      }
      if (!answer || answer.status === 503) setOnline(false);
      await new Promise((go) => { setTimeout(go, Math.min(250 * 2 ** tries, 4000)); });
    }
  }

  async function show(answer) {
    const to = answer.headers.get("HX-Redirect");
    if (to) {
      location.assign(to);
      return;
    }
    const text = await answer.text();
    if (text.includes('id="till"')) {
      await htmx.swap({ sourceElement: region(), target: region(), text, swap: "outerMorph" });
      const { toast } = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}");
      if (toast) say(toast);
    } else {
      const refused = new DOMParser().parseFromString(text, "text/html").querySelector("[role=alert], h1");
      say({ text: refused?.textContent.trim(), kind: "bad" });
      refresh();
    }
  }

  const say = (toast) => document.dispatchEvent(new CustomEvent("toast", { detail: toast }));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const fields = Object.fromEntries(new FormData(form, event.submitter));
    if (form === entry) {
      enter(scan.value);
      scan.value = "";
    } else if (form.matches("[data-queue]")) {
      delete fields.idempotency_key;
      post(form.getAttribute("action"), fields);
    } else if (form.id === "leave" && queue.length) enqueue(() => form.submit()); // not under the next one's name
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  function enter(code) {
    if (code.trim()) post(entry.getAttribute("action"), { code });
    else enqueue(() => region().querySelector("[data-enter]")?.click());
  }

  // The field has the focus whenever nothing else is being typed. On glass it doesn't raise the keyboard by itself.

  function toField() {
    if (dialog.open || editable(document.activeElement)) return;
    const choice = region().querySelector("[data-choice]");
    if (choice) {
      choice.focus();
      return;
    }
    if (matchMedia("(pointer: coarse)").matches) scan.inputMode = "none";
    scan.focus({ preventScroll: true });
  }

  scan.addEventListener("pointerdown", () => { scan.inputMode = "text"; });
  document.addEventListener("htmx:after:swap", () => {
    region().querySelector(".hot")?.scrollIntoView({ block: "nearest" });
    for (const field of region().querySelectorAll("[data-send]")) { // what was refused doesn't stand beside the sum
      if (field !== document.activeElement) field.value = field.defaultValue;
    }
    toField();
  });
  dialog.addEventListener("close", () => setTimeout(() => {
    // Closing gives the field its focus back, but in Chromium not the caret, and then typing goes nowhere.
    if (document.activeElement === scan) scan.setSelectionRange(scan.value.length, scan.value.length);
    toField();
  }));
  document.addEventListener("change", (event) => {
    if (event.target.matches("#basket [data-send]")) event.target.blur();
  });

  // What the points that are typed are worth, as they are typed.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#points form");
    const shown = form?.querySelector("[data-worth]");
    if (!shown) return;
    const rate = form.querySelector("[name=offer]:checked, input[type=hidden][name=offer]").dataset;
    const points = Number(form.querySelector("[data-points]").value);
    const minor = Math.floor((points * rate.worthMinor) / rate.worthPoints);
    const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: shown.dataset.currency });
    shown.textContent = minor > 0 ? money.format(minor / 100) : "\u00a0";
  });

  // Keys. A burst is what a scanner types; both what arrived and what those keys are on an American keyboard are kept,
  // since scanners are set to that one and the till may be set to Hebrew or Finnish.

  const AMERICAN = {
    Semicolon: ";:", Equal: "=+", Slash: "/?", Minus: "-_", Period: ".>", Comma: ",<", Quote: "'\"", Space: "  ",
    Backslash: "\\|", BracketLeft: "[{", BracketRight: "]}", Backquote: "`~",
    Digit1: "1!", Digit2: "2@", Digit3: "3#", Digit4: "4$", Digit5: "5%", Digit6: "6^", Digit7: "7&", Digit8: "8*",
    Digit9: "9(", Digit0: "0)",
  };

  function american(event) {
    if (/^Key[A-Z]$/.test(event.code)) return event.shiftKey ? event.code[3] : event.code[3].toLowerCase();
    return AMERICAN[event.code]?.[event.shiftKey ? 1 : 0] ?? (event.key.length === 1 ? event.key : "");
  }

  let burst;
  const noBurst = () => { burst = { typed: "", keys: "", fast: 0, last: -Infinity }; };
  noBurst();

  function read({ typed, keys }) {
    if (/^\d+$/.test(typed) || TRACK.test(typed)) return typed;
    if ((/^\d+$/.test(keys) && !/\d/.test(typed)) || TRACK.test(keys)) return keys;
    return /^[\x20-\x7e]+$/.test(typed) && typed.length === keys.length ? typed : keys;
  }

  // As long as the code of an item (GTIN-8, -12, -13, -14). Cards have longer numbers; one that hasn't can be typed.
  const isItem = (code) => /^(\d{8}|\d{12,14})$/.test(code);

  function endBurst(event) {
    const done = burst;
    noBurst();
    const size = done.keys.length;
    if (size < SHORTEST || done.fast * 2 < size || event.timeStamp - done.last >= PAUSE) return;
    event.preventDefault(); // so that Enter presses no button and sends no form
    event.stopImmediatePropagation();
    const code = read(done);
    const field = document.activeElement;
    const before = editable(field) && field.value.endsWith(done.typed) ? field.value.slice(0, -done.typed.length) : null;
    if (field.matches("[data-zone]")) {
      field.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    if (field === scan) scan.value = "";
    else if (before !== null) field.value = before;
    if (!dialog.open) {
      enter(field === scan && TIMES.test(before) ? before + code : code);
      return;
    }
    const card = dialog.querySelector("[data-scan]");
    if (card && !(card.dataset.scan === "unless-item" && isItem(code))) {
      card.value = code;
      if (card.dataset.scan) card.focus();
      return;
    }
    dialog.close();
    enter(code);
  }

  function press(key) {
    const found = (dialog.open ? dialog : document).querySelector(`[data-key="${key}"]`);
    if (!found) return false;
    if (dialog.open) found.click();
    else enqueue(() => document.querySelector(`[data-key="${key}"]`)?.click());
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || ["Shift", "CapsLock", "AltGraph"].includes(event.key)) return;
    if (/^F\d+$/.test(event.key)) {
      noBurst();
      if (press(event.key) || (dialog.open && document.querySelector(`[data-key="${event.key}"]`))) event.preventDefault();
      return;
    }
    if (event.key === "Enter" || event.key === "Tab") {
      endBurst(event);
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) {
      noBurst();
      return;
    }
    if (event.key.length === 1 || event.key === "Dead") {
      const gap = event.timeStamp - burst.last;
      if (gap >= PAUSE) noBurst();
      if (gap < FAST) burst.fast += 1;
      burst.typed += event.key === "Dead" ? "" : event.key;
      burst.keys += american(event);
      burst.last = event.timeStamp;
      const pressesButton = event.key === " " && document.activeElement?.matches("button, a, summary");
      if (!dialog.open && !editable(document.activeElement) && !pressesButton) scan.focus();
      return;
    }
    noBurst();
    if (event.key === "Escape" && !dialog.open) clear();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") walk(event);
  }, true);

  function clear() {
    scan.value = "";
    scan.focus();
    if (region().querySelector(".said, #choices")) enqueue(refresh);
  }

  function refresh() {
    htmx.ajax("GET", "/till", { target: region(), swap: "outerMorph" });
  }

  // Choices: arrows walk, Enter presses, a number picks once it is clear that it doesn't begin a code.

  function walk(event) {
    if (editable(document.activeElement) && dialog.open) return;
    const choices = [...(dialog.open ? dialog : region()).querySelectorAll("[data-choice]")];
    if (!choices.length) return;
    const step = event.key === "ArrowDown" ? 1 : choices.length - 1;
    const at = choices.indexOf(document.activeElement);
    choices[at < 0 ? 0 : (at + step) % choices.length].focus();
    event.preventDefault();
  }

  scan.addEventListener("input", () => {
    const number = scan.value;
    const choice = /^[1-9]$/.test(number) && region().querySelector(`[data-choice="${number}"]`);
    if (!choice) return;
    setTimeout(() => {
      if (scan.value !== number || !choice.isConnected) return;
      scan.value = "";
      choice.click();
    }, 250);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-find]")) {
      scan.inputMode = "text";
      scan.focus();
      scan.select();
    }
    if (event.target.closest("[data-clear]")) {
      event.preventDefault();
      clear();
    }
  });

  // The mark of the connection, the clock, and the lock of a till that nobody uses.

  const net = document.getElementById("net");

  function setOnline(online) {
    net.classList.toggle("off", !online);
    net.lastElementChild.textContent = online ? net.dataset.online : net.dataset.offline;
  }

  window.addEventListener("offline", () => setOnline(false));
  window.addEventListener("online", () => setOnline(true));

  const clock = document.querySelector(".clock");

  function tick() {
    const zone = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.zone };
    clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, zone);
  }

  tick();
  setInterval(tick, 10000);

  let used = Date.now();
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => { used = Date.now(); }, true);
  setInterval(() => {
    const minutes = Number(region().dataset.idle);
    if (minutes && !queue.length && Date.now() - used > minutes * 60000) document.getElementById("leave").requestSubmit();
  }, 5000);

  if (queue.length) run();
  toField();
})();
