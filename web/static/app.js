// What every page shares; all works without it.
"use strict";

(() => {
  const dialog = document.getElementById("dlg");
  const inside = document.getElementById("dialog");
  const toasts = document.getElementById("toasts");

  document.documentElement.classList.add("js");
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });

  // randomUUID is missing on plain http inside a shop.
  window.freshKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

  function undoForm({ url, fields = {} }) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    for (const [name, value] of Object.entries({ idempotency_key: window.freshKey(), ...fields })) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    const button = document.createElement("button");
    button.textContent = toasts.dataset.undo;
    form.append(button);
    return form;
  }

  function leaveAfter(toast, seconds) {
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), seconds * 1000); };
    toast.addEventListener("mouseenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("mouseleave", start);
    toast.addEventListener("focusout", start);
    start();
  }

  function showToast(said) {
    const { text, kind = "", undo } = typeof said === "object" ? said : { text: said };
    if (!text) return;
    const toast = document.createElement("div");
    toast.className = `toast ${kind}`;
    toast.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (undo) toast.append(undoForm(undo));
    while (toasts.children.length > 1) toasts.firstElementChild.remove();
    // Behind an open dialog nothing is seen.
    (dialog.open ? dialog : document.body).append(toasts);
    toasts.append(toast);
    leaveAfter(toast, undo ? 10 : 5);
  }

  // A refusal that isn't the form again would take the form's place, and what was typed.
  document.addEventListener("htmx:before:swap", (event) => {
    const { response, target, text } = event.detail.ctx;
    const desk = target?.id === "till";
    // What another script swaps in has no response.
    if (!(response?.status >= 400) || !(desk || document.body.classList.contains("office"))) return;
    const refusal = new DOMParser().parseFromString(text, "text/html").getElementById("refusal");
    if (!refusal) return;
    event.preventDefault();
    showToast({ text: refusal.textContent.trim(), kind: "bad" });
    if (desk) htmx.ajax("GET", "/till", { target, swap: "outerMorph" });
  });

  // [data-follows] passes over what was asked before its form was drawn again.
  let drawn = 0;
  document.addEventListener("htmx:before:request", ({ detail }) => { detail.ctx.askedAt = drawn; });
  document.addEventListener("htmx:before:swap", (event) => {
    const { target, askedAt } = event.detail.ctx;
    if (target?.matches?.("[data-follows]") && askedAt !== drawn) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (!detail?.ctx?.target?.matches?.("[data-follows]")) drawn += 1;
  });

  // htmx wraps a plain string.
  document.addEventListener("toast", (event) => showToast(event.detail?.value ?? event.detail));
  document.addEventListener("htmx:error", () => showToast({ text: toasts.dataset.failed, kind: "bad" }));

  // The dialog opens with what is swapped into it, and is empty when closed.

  dialog.addEventListener("close", () => {
    document.body.append(toasts);
    inside.replaceChildren();
  });
  document.addEventListener("dialogclose", () => dialog.close());

  function focusFirst(root) {
    const field = root.querySelector("[aria-invalid=true], [data-focus]")
      ?? (root === dialog ? root.querySelector("[autofocus]")
        ?? root.querySelector("input:not([type=hidden]), select, textarea, [data-choice]") : null);
    field?.focus();
    if (field?.dataset.focus) field.select?.();
  }

  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail?.ctx?.target;
    const behind = dialog.open && target instanceof Node && !dialog.contains(target);
    if (behind || target?.matches?.("[data-aside]")) return; // somebody types on
    if (inside.firstElementChild && !dialog.open) dialog.showModal();
    focusFirst(dialog.open ? dialog : event.target.closest?.("form, section, main") ?? document.body);
    dialog.querySelector("[data-on] .pri")?.click(); // approved
  });
  focusFirst(document);

  // One submit at a time.

  function setBusy(form, busy) {
    form.toggleAttribute("data-busy", busy);
    for (const button of form.querySelectorAll("button:not([type=button])")) {
      button.ariaDisabled = busy || null;
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("data-busy")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("submit", ({ defaultPrevented, target }) => {
    if (!defaultPrevented && target.method === "post" && !target.target) setBusy(target, true);
  });
  document.addEventListener("htmx:before:request", (event) => {
    const form = event.detail.ctx.request.form;
    if (form) setBusy(form, true);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { request, hx } = event.detail.ctx;
    const leaving = hx?.redirect || hx?.refresh;
    if (request.form && !leaving) setBusy(request.form, false);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-busy]").forEach((form) => setBusy(form, false));
  });

  // A passport's lines, with Enter after each, are read once they are whole.

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-zone]") || !/[<;>.]/.test(event.target.value)) return;
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-zone]") || ![72, 88, 90].includes(event.target.value.replace(/\s/g, "").length)) return;
    event.target.form.querySelector("[data-read]").click();
  });

  // Who agrees to advertising agrees to all of it.

  document.addEventListener("change", ({ target }) => {
    if (target.name !== "consent_advertising" || !target.checked) return;
    for (const box of target.form.querySelectorAll("[type=checkbox][name^=consent_]")) box.checked = true;
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "Escape") {
      const summary = document.querySelector(".menu[open] summary");
      summary?.focus();
      summary?.click();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("dialog [data-close]")) {
      event.preventDefault();
      dialog.close();
    }
    if (event.target.closest("[data-print]")) window.print();
    for (const menu of document.querySelectorAll(".menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  });

  // The lock after a PIN, once all is sent.

  let used = Date.now();
  const use = () => { used = Date.now(); };
  document.addEventListener("keydown", use, true);
  document.addEventListener("click", use, true);
  setInterval(() => {
    const waits = sessionStorage["till-waiting"]?.length > 2;
    if (!waits && Date.now() - used > document.body.dataset.idle * 60000) document.getElementById("leave")?.requestSubmit();
  }, 5000);
})();
